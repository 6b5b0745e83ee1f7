"""Settings: each page a module of its own, all through the services that REST has."""

from backend.web.settings import (
    audit,
    catalogue,
    data,
    identity,
    importing,
    install,
    keys,
    members,
    origins,
    page_rules,
    project,
    reading,
    releases,
)

__all__ = [
    "audit",
    "catalogue",
    "data",
    "identity",
    "importing",
    "install",
    "keys",
    "members",
    "origins",
    "page_rules",
    "project",
    "reading",
    "releases",
]

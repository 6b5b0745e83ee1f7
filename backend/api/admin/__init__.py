"""The admin plane: flask-smorest blueprints under `/api/v1`, described by OpenAPI."""

from __future__ import annotations

from typing import Final

from flask import Flask

from backend.api.admin.audit import audit
from backend.api.admin.common import AdminBlueprint
from backend.api.admin.decisions import decisions
from backend.api.admin.docs import publish
from backend.api.admin.explain import explain
from backend.api.admin.features import features
from backend.api.admin.identity import identity
from backend.api.admin.insights import insights
from backend.api.admin.insights_history import insight_history
from backend.api.admin.insights_settings import insight_settings
from backend.api.admin.installation import installation
from backend.api.admin.keys import keys
from backend.api.admin.members import members
from backend.api.admin.openapi import document, new_api
from backend.api.admin.privacy import privacy
from backend.api.admin.projects import projects
from backend.api.admin.reach import reach
from backend.api.admin.responses import responses
from backend.api.admin.segments import segments
from backend.api.admin.session import session
from backend.api.admin.surveys import surveys
from backend.api.admin.users import users
from backend.api.admin.widget_errors import widget_errors

BLUEPRINTS: Final[tuple[AdminBlueprint, ...]] = (
    projects,
    keys,
    identity,
    surveys,
    decisions,
    explain,
    reach,
    responses,
    insights,
    insight_history,
    insight_settings,
    segments,
    features,
    users,
    members,
    privacy,
    session,
    audit,
    installation,
    widget_errors,
)


def register(app: Flask) -> None:
    """Add every admin blueprint to `app`, and the documentation made of them."""
    api = new_api(app)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    publish(app, document(app, api))

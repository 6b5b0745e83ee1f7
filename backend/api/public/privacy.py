"""Whether a browser asks not to be followed, and the host has no consent to do otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from backend.services.published import PublishedProject


def asks_for_privacy(
    document: Mapping[str, Any], project: PublishedProject, asked: Request
) -> bool:
    """Say whether this request must leave no trace of a person (security model, section 10).

    Global Privacy Control always counts, Do Not Track where the project heeds it; both give way
    to `consent: granted`, which the page sends when the host has asked.
    """
    if document.get("consent") == "granted":
        return False
    asks_not_to_track = project.respects_dnt and asked.environ.get("HTTP_DNT") == "1"
    return asked.environ.get("HTTP_SEC_GPC") == "1" or asks_not_to_track

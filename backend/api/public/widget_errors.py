"""`POST /v1/widget-errors`: the widget gave in on a page, and says of which kind and where."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from flask import request
from flask.typing import ResponseReturnValue

from backend.api import body, rate_limit
from backend.api.auth import access
from backend.api.public.routes import project_of, public
from backend.api.state import zeroten
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import widget_errors
from backend.services.clock import utc_now
from backend.services.widget_errors import Report

MOST_PLACES: Final = 3

# Names and positions only: nothing that a page or a person wrote fits through.
_PANEL = re.compile(r"panel\.[0-9a-f]{8,64}\.js")
_KIND = re.compile(r"[A-Za-z]{1,40}")
_PLACE = re.compile(r"(loader|panel\.[0-9a-f]{8,64}|zeroten\.[0-9.]{1,20})\.js:\d{1,6}:\d{1,7}")


@public.post("/v1/widget-errors", provide_automatic_options=False)
@access("widget")
def report_error() -> ResponseReturnValue:
    """Count one report of a project's page; 30 a minute of a project are heard."""
    rate_limit.check_address(request)
    document = body.json_object(request, "widget")
    project = project_of(document, request)
    rate_limit.check_person(project.id, "widget-errors")
    report = _read(document)
    zeroten().db.transact(
        lambda session: widget_errors.count(session, project.id, report, utc_now())
    )
    return body.answer({"counted": True}, 201)


def _read(document: Mapping[str, Any]) -> Report:
    """Return the report.

    Raises:
        InvalidRequestError: it holds anything but names of builds, kinds and positions.
    """
    panel, kind, at = (document.get(name) for name in ("panel", "kind", "at"))
    faults = []
    if not _is(_PANEL, panel):
        faults.append(FieldError("#/panel", "Must be the name of a built panel."))
    if not _is(_KIND, kind):
        faults.append(FieldError("#/kind", "Must be the name of an error, 1 to 40 letters."))
    if not isinstance(at, list) or len(at) > MOST_PLACES or not all(_is(_PLACE, one) for one in at):
        faults.append(FieldError("#/at", f"Must be up to {MOST_PLACES} positions in our files."))
    if faults:
        raise InvalidRequestError(errors=faults)
    return Report(str(panel), str(kind), " ".join(at or ()))


def _is(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None

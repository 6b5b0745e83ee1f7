"""Usage events by Segment's HTTP tracking spec: `/v1/batch` and its single-event forms."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend.api import body, rate_limit
from backend.api.auth import access, admit_server, presented_key
from backend.api.ingest import reported_drops
from backend.api.ingest.reading import document
from backend.api.state import zeroten
from backend.domain import errors, limits
from backend.domain.values import is_name
from backend.services.clock import utc_now
from backend.services.ingest import terms_of

ingest = Blueprint("ingest", __name__, url_prefix="/v1")


@ingest.post("/batch")
@access("events")
def batch() -> ResponseReturnValue:
    """Count a batch of events once; 200 means they are on disk."""
    project_id = _admit()
    return _count(project_id, _body())


@ingest.post("/track", endpoint="track")
@ingest.post("/identify", endpoint="identify")
@ingest.post("/group", endpoint="group")
@ingest.post("/page", endpoint="page")
@ingest.post("/screen", endpoint="screen")
@ingest.post("/alias", endpoint="alias")
@access("events")
def single() -> ResponseReturnValue:
    """Count one event; its type is the address."""
    project_id = _admit()
    event = document(_body(), dict[str, Any])
    event["type"] = request.path.rpartition("/")[2]
    return _count(
        project_id, msgspec.json.encode({"batch": [event], "sentAt": event.get("sentAt")})
    )


def _admit() -> str:
    rate_limit.check_events(presented_key())
    return admit_server()


def _body() -> bytes:
    """Return the inflated body."""
    body.check_type(request, ("application/json",))
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding not in ("identity", "gzip"):
        raise errors.UnsupportedEncodingError("Send the body as it is, or gzip.")
    raw = body.read(request, limits.BODY_BYTES["events"])
    return body.inflate(raw, limits.INFLATED_BYTES) if encoding == "gzip" else raw


def _count(project_id: str, raw: bytes) -> ResponseReturnValue:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not is_name(key, 255):
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/headers/Idempotency-Key", "1 to 255 characters.")]
        )
    project, now = zeroten().published.project(project_id), utc_now()
    terms = terms_of(project, now, key, request.headers.get("X-Sent-At"))
    result = zeroten().ingest.record(project, zeroten().reader.read(raw, terms), now)
    reported_drops.note(project_id, request.headers.get("Zeroten-Dropped"))
    return body.answer(result)

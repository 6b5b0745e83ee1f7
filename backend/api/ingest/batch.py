"""Usage events by Segment's HTTP tracking spec: `/v1/batch` and its single-event forms."""

from __future__ import annotations

from typing import Any

import msgspec
from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from backend.api import body, rate_limit
from backend.api.auth import access, admit_server, presented_key
from backend.api.ingest import reported_drops
from backend.api.ingest.wire import WireBatch, read_events
from backend.api.state import zeroten
from backend.domain import errors, limits
from backend.domain.values import is_name
from backend.services.clock import utc_now

ingest = Blueprint("ingest", __name__, url_prefix="/v1")


@ingest.post("/batch")
@access("events")
def batch() -> ResponseReturnValue:
    """Count a batch of events once; 200 means they are on disk."""
    project_id = _admit()
    raw, document = _read(WireBatch)
    return _count(project_id, raw, document.batch, document.sentAt)


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
    _, event = _read(dict[str, Any])
    event["type"] = request.path.rpartition("/")[2]
    raw = msgspec.Raw(msgspec.json.encode(event))
    return _count(project_id, msgspec.json.encode({"batch": [raw]}), [raw], event.get("sentAt"))


def _admit() -> str:
    rate_limit.check_events(presented_key())
    return admit_server()


def _read(kind: Any) -> tuple[bytes, Any]:
    """Return the inflated body, and the same parsed as `kind`."""
    body.check_type(request, ("application/json",))
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding not in ("identity", "gzip"):
        raise errors.UnsupportedEncodingError("Send the body as it is, or gzip.")
    raw = body.read(request, limits.BODY_BYTES["events"])
    if encoding == "gzip":
        raw = body.inflate(raw, limits.INFLATED_BYTES)
    try:
        return raw, body.parse(raw, kind)
    except msgspec.ValidationError as error:
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/batch", "Must be an array of events.")]
        ) from error


def _count(
    project_id: str, raw: bytes, events: list[msgspec.Raw], sent_at: Any
) -> ResponseReturnValue:
    if not events:
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/batch", "Must have at least one event.")]
        )
    if len(events) > limits.BATCH_EVENTS:
        raise errors.PayloadTooLargeError(f"At most {limits.BATCH_EVENTS} events a batch.")
    key = request.headers.get("Idempotency-Key")
    if key is not None and not is_name(key, 255):
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/headers/Idempotency-Key", "1 to 255 characters.")]
        )
    result = zeroten().ingest.record(
        zeroten().published.project(project_id),
        read_events(raw, events),
        key=key,
        sent_at=request.headers.get("X-Sent-At") or sent_at,
        now=utc_now(),
    )
    reported_drops.note(project_id, request.headers.get("Zeroten-Dropped"))
    return body.answer(result)

"""Whether the process lives, may be sent requests, and what it counted."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from backend.api.auth import access
from backend.api.state import zeroten
from backend.storage.migrate import current_revision, head_revision

operations = Blueprint("operations", __name__)


@operations.get("/healthz")
@access("open")
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@operations.get("/readyz")
@access("open")
def readyz() -> ResponseReturnValue:
    """The database answers and has this release's tables.

    `degraded`: requests are served, but Redis is away and each process keeps its own limits.
    """
    with zeroten().db.read() as session:
        revision = current_revision(session.connection())
    ready = revision == head_revision()
    state = "ready" if ready else "migrate"
    if ready and zeroten().buckets.is_degraded:
        state = "degraded"
    return jsonify(status=state, revision=revision), 200 if ready else 503


@operations.get("/metrics")
@access("open")
def metrics() -> ResponseReturnValue:
    """Counters in Prometheus' text format."""
    return Response(generate_latest(), content_type=CONTENT_TYPE_LATEST)

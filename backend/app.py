"""Wires everything together: one Flask application from one configuration."""

from __future__ import annotations

from typing import Final

from flask import Flask, Response, g, request

from backend.api import auth, problems
from backend.api.admin import register as register_admin
from backend.api.buckets import Buckets
from backend.api.headers import ALWAYS, NOT_KEPT, ONLY_TLS, OPEN_TO_PAGES, new_request_id
from backend.api.ingest.batch import ingest
from backend.api.ingest.reader import Reader, processors
from backend.api.operations import operations
from backend.api.public.routes import public
from backend.api.public.straight import Straight
from backend.api.state import Zeroten, zeroten
from backend.config import Config
from backend.services.decide_together import Decider
from backend.services.erased import ErasedList
from backend.services.ingest import Ingest
from backend.services.published import Published
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.usage.opening import open_usage
from backend.web import dashboard

# An answer of the API is no page: shown as one, it loads and runs nothing, in no frame.
API_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"


def create_app(config: Config, db: Database | None = None) -> Flask:
    """Return the application; it opens no thread and touches no table until the first request."""
    app = Flask("backend", static_folder=None)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    db = db or Database(config.url, pool_size=config.threads)
    vault = Vault.open(config.encryption_keys, config.data_dir)
    usage = open_usage(config.usage_url)
    erased = ErasedList(db, vault)
    app.extensions["zeroten"] = Zeroten(
        app=app,
        config=config,
        db=db,
        published=Published(db),
        usage=usage,
        ingest=Ingest(db, usage, erased),
        reader=Reader(processors()),
        vault=vault,
        erased=erased,
        decider=Decider(db, vault, erased),
        buckets=Buckets(config.redis_url),
    )
    problems.register(app)
    app.before_request(_name_request)
    app.before_request(auth.admit_admin)
    app.after_request(_add_headers)
    app.register_blueprint(operations)
    app.register_blueprint(public)
    app.register_blueprint(ingest)
    register_admin(app)
    dashboard.register(app)
    auth.check_declared(app)
    app.wsgi_app = Straight(app, app.wsgi_app)  # type: ignore[method-assign]
    return app


def _name_request() -> None:
    g.request_id = new_request_id()


def _add_headers(response: Response) -> Response:
    headers = response.headers
    for name, value in ALWAYS:
        headers[name] = value
    headers.setdefault("Cache-Control", NOT_KEPT)
    headers["X-Request-Id"] = g.get("request_id", "none")
    if zeroten().config.is_behind_tls:
        headers.setdefault(*ONLY_TLS)
    if request.path.startswith("/api/"):
        headers.setdefault("Content-Security-Policy", API_POLICY)
    if request.path.startswith(("/w/", "/v1/decide", "/v1/responses", "/v1/widget-errors")):
        for name, value in OPEN_TO_PAGES:
            headers[name] = value
    headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
    return response

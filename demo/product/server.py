"""The demo product's server: serves one page, and tells Zeroten what people do."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from zeroten import Client

from demo.product import people

# What a button of the page may say was done; the names are those of the seeded months.
ACTIONS = (
    "search",
    "apply_filter",
    "create_invoice",
    "record_payment",
    "send_reminder",
    "schedule_report",
    "bank_import",
    "share_report",
    "attach_receipt",
    "duplicate_invoice",
    "convert_currency",
    "budget_alert",
    "custom_fields",
    "invite_teammate",
)
PAGES = ("dashboard", "reports", "invoices", "customers", "reconcile", "settings", "team")
SIGN_IN_WAITS_S = 1.0
CSV = "invoice,customer,amount_eur\n1042,Paper Fox Teapots,1840.00\n1043,Tiny Moose Ladders,96.50\n"

_HOST = re.compile(r"[A-Za-z0-9.-]+\Z|\[[0-9A-Fa-f:.]+\]\Z")


def create_app(client: Client, publishable_key: str, zeroten_url: str) -> Flask:
    """Return the product.

    Args:
        client: Zeroten's SDK, with the project's secret key.
        zeroten_url: where Zeroten is, as this machine reaches it.
    """
    app = Flask(__name__, static_url_path="/static")
    app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
    zeroten_port = urlsplit(zeroten_url).port or 80

    def zeroten_origin() -> str:
        # The page may be open under another name of this machine than the server knows.
        host = request.host.rpartition(":")[0] if ":" in request.host else request.host
        return f"http://{host}:{zeroten_port}" if _HOST.match(host) else zeroten_url

    @app.get("/healthz")
    def healthz() -> ResponseReturnValue:
        return jsonify(status="ok")

    @app.post("/api/session")
    def session() -> ResponseReturnValue:
        """Sign somebody in; who they are and where they belong goes to Zeroten."""
        visitor = people.read(_document())
        client.identify(visitor.user_id, visitor.traits)
        client.group(visitor.user_id, people.ACCOUNT, people.ACCOUNT_TRAITS)
        # What servers say of a person counts more than what the page says, so a role just changed
        # should have arrived before the page goes on.
        client.flush(SIGN_IN_WAITS_S)
        return jsonify(
            user=visitor.user_id,
            traits=visitor.traits,
            account={"id": people.ACCOUNT, "traits": {"plan": people.PLAN}},
            app_version=people.VERSION,
        )

    @app.post("/api/pages")
    def pages() -> ResponseReturnValue:
        """Take note of a page that was opened."""
        document = _document()
        path = document.get("path")
        if not isinstance(path, str) or not path.startswith("/"):
            abort(422)
        client.page(people.read(document).user_id, path, account_id=people.ACCOUNT)
        return jsonify(page=path)

    @app.post("/api/actions/<name>")
    def action(name: str) -> ResponseReturnValue:
        """Do something for the user, here only in name; Zeroten counts it."""
        if name not in ACTIONS:
            abort(404)
        client.track(people.read(_document()).user_id, name, account_id=people.ACCOUNT)
        return jsonify(event=name)

    @app.post("/api/export")
    def export() -> ResponseReturnValue:
        """Give the invoices as CSV."""
        client.track(people.read(_document()).user_id, "export_csv", {"rows": 2})
        return Response(CSV, content_type="text/csv; charset=utf-8")

    @app.get("/")
    @app.get("/<any({}):page>".format(", ".join(PAGES)))
    @app.get("/<any(reports, invoices, customers):page>/<int:number>")
    def product(**_: Any) -> ResponseReturnValue:
        """The page; its script finds out from the address what to show."""
        return render_template(
            "index.html", origin=zeroten_origin(), publishable_key=publishable_key
        )

    @app.after_request
    def headers(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = _policy(zeroten_origin())
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers.setdefault("Cache-Control", "no-cache")
        return response

    return app


def _document() -> dict[str, Any]:
    document = request.get_json(silent=True)
    if not isinstance(document, dict):
        abort(422)
    return document


def _policy(zeroten: str) -> str:
    """All that a host with a strict policy adds for Zeroten is its origin, twice."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {zeroten}",
            f"connect-src 'self' {zeroten}",
            "style-src 'self'",
            "img-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )

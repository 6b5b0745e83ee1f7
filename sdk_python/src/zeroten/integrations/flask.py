"""Flask: `zeroten.integrations.flask.init_app(app, client, user=lambda: current_user.id)`."""

from __future__ import annotations

from typing import Any, Callable

from flask import Flask, Response, g, request

from ..client import Client
from ..people import Person, enter, leave
from .common import person, safely, send_page, template


def init_app(app: Flask, client: Client, *, user: Callable[[], Any], pages: bool = True) -> None:
    """Tag each request with its user and its route.

    Args:
        app: the application.
        client: the process's client.
        user: called within the request; returns the user's id, a `zeroten.Person`, or None.
        pages: send a page event for each HTML page shown to a known user.
    """

    def resolve() -> Person:
        rule = request.url_rule
        return person(safely(user), template(rule.rule) if rule else None)

    def before() -> None:
        g.zeroten_token = enter(resolve)

    def after(response: Response) -> Response:
        if pages:
            kind = response.content_type or ""
            safely(lambda: send_page(client, resolve(), request.method, response.status_code, kind))
        return response

    def teardown(_: BaseException | None) -> None:
        token = g.pop("zeroten_token", None)
        if token is not None:
            leave(token)

    app.before_request(before)
    app.after_request(after)
    app.teardown_request(teardown)

"""Starlette and FastAPI: `app.add_middleware(Middleware, client=client, user=…)`.

Plain ASGI, so it serves any framework that puts its route into the scope.
"""

from __future__ import annotations

from collections.abc import Awaitable, MutableMapping
from typing import Any, Callable

from ..client import Client
from ..people import Person, enter, leave
from .common import filled_template, person, safely, send_page, template

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def signed_in(scope: Scope) -> Any:
    """Return the identity that AuthenticationMiddleware found, or None."""
    user = scope.get("user")
    return user.identity if user is not None and user.is_authenticated else None


class Middleware:
    """Tags each request with its user and its route."""

    def __init__(
        self,
        app: App,
        client: Client,
        *,
        user: Callable[[Scope], Any] = signed_in,
        pages: bool = True,
    ) -> None:
        """`user` gets the ASGI scope and returns the user's id, a `zeroten.Person`, or None.

        It runs when an event is tracked, so it sees what authentication put into the scope.
        `pages`: send a page event for each HTML page shown to a known user.
        """
        self._app = app
        self._client = client
        self._user = user
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def watch(message: MutableMapping[str, Any]) -> None:
            if self._pages and message["type"] == "http.response.start":
                safely(self._send, scope, message)
            await send(message)

        token = enter(lambda: self._person(scope))
        try:
            await self._app(scope, receive, watch)
        finally:
            leave(token)

    def _person(self, scope: Scope) -> Person:
        return person(safely(self._user, scope), _page(scope))

    def _send(self, scope: Scope, start: MutableMapping[str, Any]) -> None:
        headers = {name.lower(): value for name, value in start.get("headers", ())}
        kind = headers.get(b"content-type", b"").decode("latin-1")
        send_page(self._client, self._person(scope), scope["method"], start["status"], kind)


def _page(scope: Scope) -> str | None:
    path = getattr(scope.get("route"), "path", None)
    if isinstance(path, str):
        return template(scope.get("root_path", "") + path)
    if "endpoint" not in scope:
        return None  # no route took it
    return filled_template(scope["path"], dict(scope.get("path_params") or {}))

"""Django: add `"zeroten.integrations.django.Middleware"` to MIDDLEWARE, after authentication.

Settings: `ZEROTEN_CLIENT`, the client or the dotted path to it; `ZEROTEN_USER`, a function of the
request that returns the user's id, a `zeroten.Person`, or None (default: `request.user.pk` of
whoever is signed in); `ZEROTEN_PAGES`, whether HTML pages shown are sent as page events
(default True).
"""

from __future__ import annotations

import importlib
import inspect
from typing import Any, Callable

from ..client import Client
from ..people import Person, enter, leave
from .common import person, safely, send_page, template


def signed_in(request: Any) -> Any:
    """Return the primary key of the request's user, or None when nobody is signed in."""
    user = getattr(request, "user", None)
    return user.pk if user is not None and user.is_authenticated else None


class Middleware:
    """Tags each request with its user and its route; works for sync and async handlers."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any], settings: Any = None) -> None:
        """`settings` are Django's, unless a test gives its own."""
        if settings is None:
            settings = importlib.import_module("django.conf").settings
        self._get_response = get_response
        self._client = _client(settings.ZEROTEN_CLIENT)
        self._user = getattr(settings, "ZEROTEN_USER", signed_in)
        self._pages = getattr(settings, "ZEROTEN_PAGES", True)
        self._is_async = inspect.iscoroutinefunction(get_response)
        if self._is_async:
            # Django asks whether the middleware itself is a coroutine function.
            safely(_mark_as_coroutine, self)

    def __call__(self, request: Any) -> Any:
        """Answer the request."""
        return self._answer_async(request) if self._is_async else self._answer(request)

    def _answer(self, request: Any) -> Any:
        token = enter(lambda: self._person(request))
        try:
            response = self._get_response(request)
            safely(self._send, request, response)
        finally:
            leave(token)
        return response

    async def _answer_async(self, request: Any) -> Any:
        token = enter(lambda: self._person(request))
        try:
            response = await self._get_response(request)
            safely(self._send, request, response)
        finally:
            leave(token)
        return response

    def _person(self, request: Any) -> Person:
        match = getattr(request, "resolver_match", None)
        return person(safely(self._user, request), template(match.route) if match else None)

    def _send(self, request: Any, response: Any) -> None:
        if self._pages:
            kind = response.headers.get("Content-Type", "")
            send_page(
                self._client, self._person(request), request.method, response.status_code, kind
            )


def _client(named: Any) -> Client:
    if isinstance(named, str):
        module, _, name = named.rpartition(".")
        named = getattr(importlib.import_module(module), name)
    assert isinstance(named, Client), "ZEROTEN_CLIENT must be a zeroten.Client or a path to one"
    return named


def _mark_as_coroutine(middleware: Any) -> None:
    importlib.import_module("asgiref.sync").markcoroutinefunction(middleware)

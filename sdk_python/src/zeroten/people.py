"""Who the running code works for, so that a call deep inside need not be told.

A context variable: it follows `await`, and each thread and task has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar, Token
from dataclasses import dataclass
from typing import Any, Callable


@dataclass(frozen=True)
class Person:
    """A user, their account, and the page they are on; each may be None."""

    user_id: Any = None
    account_id: Any = None
    anonymous_id: Any = None
    page: str | None = None


NOBODY = Person()

Resolve = Callable[[], Person]

# A function, not a person: in a request the user is often known only after the middleware ran.
_current: ContextVar[Resolve] = ContextVar("zeroten_person", default=lambda: NOBODY)


def current_person() -> Person:
    """Return who the innermost `as_user` or middleware names; nobody when that fails."""
    try:
        return _current.get()()
    except Exception:
        return NOBODY


def enter(resolve: Resolve) -> Token[Resolve]:
    """Name a person until `leave` gets the token back."""
    return _current.set(resolve)


def leave(token: Token[Resolve]) -> None:
    """Go back to whoever was named before."""
    try:
        _current.reset(token)
    except ValueError:
        return  # ended in another task than it began in, where nothing was set


@contextmanager
def as_user(
    user_id: Any, account_id: Any = None, anonymous_id: Any = None, page: str | None = None
) -> Iterator[None]:
    """Work for this person inside the block: `client.feature` and `track(None, …)` read it."""
    person = Person(user_id, account_id, anonymous_id, page)
    token = enter(lambda: person)
    try:
        yield
    finally:
        leave(token)

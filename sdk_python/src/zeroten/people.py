"""Who the running code works for, so that a call deep inside need not be told.

A context variable: it follows `await`, and each thread and task has its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Person:
    """A user and, where known, their account; either may be None."""

    user_id: Any = None
    account_id: Any = None
    anonymous_id: Any = None


NOBODY = Person()

_current: ContextVar[Person] = ContextVar("zeroten_person", default=NOBODY)


def current_person() -> Person:
    """Return who was named by the innermost `as_user`."""
    return _current.get()


@contextmanager
def as_user(user_id: Any, account_id: Any = None, anonymous_id: Any = None) -> Iterator[None]:
    """Work for this person inside the block: `client.feature` and the middlewares read it."""
    token = _current.set(Person(user_id, account_id, anonymous_id))
    try:
        yield
    finally:
        _current.reset(token)

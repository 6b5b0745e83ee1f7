"""Facts about a project's people that change slowly: looked up once, kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.calendar import Calendar
from backend.services import active_use
from backend.services.active_use import ActiveUse
from backend.services.clock import utc_now
from backend.storage.models import Account, User

_ACTIVE_USE_S: Final = 600.0
_SERVER_TRAITS_S: Final = 60.0
# Names of traits are gathered from so many of the latest people and accounts.
_LOOKED_AT: Final = 2_000

T = TypeVar("T")


class ProjectFacts:
    """Looks slow facts up when they are asked for, and keeps them for a minute or ten."""

    def __init__(self) -> None:
        self._traits: dict[str, tuple[float, frozenset[str]]] = {}
        self._use: dict[str, tuple[float, ActiveUse]] = {}

    def server_traits(self, session: Session, project_id: str) -> frozenset[str]:
        """Return the traits that servers sent; those of accounts begin with `account.`."""

        def look_up() -> frozenset[str]:
            people = _latest_traits(session, User, project_id)
            accounts = _latest_traits(session, Account, project_id)
            return frozenset(people | {"account." + name for name in accounts})

        return _kept(self._traits, project_id, _SERVER_TRAITS_S, look_up)

    def active_use(self, session: Session, project_id: str, calendar: Calendar) -> ActiveUse:
        """Return how active the project's users are today."""
        today = calendar.day(utc_now())

        def look_up() -> ActiveUse:
            return active_use.before(session, project_id, [today])[today]

        return _kept(self._use, project_id, _ACTIVE_USE_S, look_up)


def _kept(
    store: dict[str, tuple[float, T]], project_id: str, keep_s: float, look_up: Callable[[], T]
) -> T:
    found = store.get(project_id)
    if found is None or found[0] < time.monotonic():
        found = store[project_id] = (time.monotonic() + keep_s, look_up())
    return found[1]


def _latest_traits(session: Session, model: Any, project_id: str) -> set[str]:
    query = select(model.traits).where(model.project_id == project_id)
    rows = session.scalars(query.order_by(model.key.desc()).limit(_LOOKED_AT))
    return {name for traits in rows for name in traits}

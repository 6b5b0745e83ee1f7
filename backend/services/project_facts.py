"""Facts about a project's people that change slowly: looked up once, kept for a while."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import accumulate
from typing import Any, Final, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain import activity
from backend.domain.calendar import Calendar
from backend.services.clock import utc_now
from backend.storage.models import Account, User

DAYS: Final = 30
_ACTIVE_USE_S: Final = 600.0
_SERVER_TRAITS_S: Final = 60.0
# Names of traits are gathered from so many of the latest people and accounts.
_LOOKED_AT: Final = 2_000

T = TypeVar("T")


class ActiveUse:
    """How the project's active users are spread over active days, at one moment.

    Args:
        users: how many users have 0, 1, … 30 active days among the 30 before today.
    """

    def __init__(self, users: list[int]) -> None:
        # Only users with a day of use are compared with (METHODS section 9).
        self._at_or_below = list(accumulate([0, *users[1:]]))

    def percentile(self, active_days: int) -> float | None:
        """Return the share of active users with as many days or fewer, 0 to 100.

        None when nobody is active: there is nobody to compare with.
        """
        everybody = self._at_or_below[-1]
        return 100 * self._at_or_below[active_days] / everybody if everybody else None


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
        return _kept(
            self._use, project_id, _ACTIVE_USE_S, lambda: _active_use(session, project_id, today)
        )


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


def _active_use(session: Session, project_id: str, today: int) -> ActiveUse:
    query = (
        select(User.activity_day, User.activity_bits, func.count())
        .where(User.project_id == project_id, User.activity_day >= today - DAYS)
        .group_by(User.activity_day, User.activity_bits)
    )
    users = [0] * (DAYS + 1)
    for anchor, bits, count in session.execute(query):
        users[activity.active_days(anchor, bits, today, DAYS)] += count
    return ActiveUse(users)

"""How active a project's users are: the one distribution that people and answers are placed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Final

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.domain.insights.active_use import reference_days
from backend.storage.models import User

DAYS: Final = 30


class ActiveUse:
    """How the project's active users are spread over active days, at one moment.

    Args:
        users: how many users have 0, 1, … 30 active days among the 30 before it.
    """

    def __init__(self, users: Sequence[int]) -> None:
        # Only users with a day of use are compared with (METHODS section 9).
        self._at_or_below = list(accumulate([0, *users[1:]]))

    def percentile(self, active_days: int) -> float | None:
        """Return the share of active users with as many days or fewer, 0 to 100.

        None when nobody is active: there is nobody to compare with.
        """
        everybody = self._at_or_below[-1]
        return 100 * self._at_or_below[active_days] / everybody if everybody else None

    def midrank(self, active_days: int) -> float | None:
        """Return the same with equals counted half: the mean over all active users is 50."""
        everybody = self._at_or_below[-1]
        below = self._at_or_below[active_days - 1] if active_days else 0
        return 50 * (below + self._at_or_below[active_days]) / everybody if everybody else None


def before(session: Session, project_id: str, days: Iterable[int]) -> dict[int, ActiveUse]:
    """Return how active the users were before each of some local days, read once.

    The days lie within the last month: users' rows remember two.
    """
    wanted = sorted(set(days))
    rows = session.execute(
        select(User.activity_day, User.activity_bits, func.count())
        .where(User.project_id == project_id, User.activity_day >= wanted[0] - DAYS)
        .group_by(User.activity_day, User.activity_bits)
    ).all()
    columns = np.array([tuple(row) for row in rows], np.int64).reshape(len(rows), 3)
    anchors, bits = (np.repeat(columns[:, each], columns[:, 2]) for each in (0, 1))
    return {
        day: ActiveUse(np.bincount(reference_days(anchors, bits, day), minlength=DAYS + 1).tolist())
        for day in wanted
    }

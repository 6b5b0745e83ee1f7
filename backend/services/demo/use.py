"""What the people of the demo's world did, day by day: visits, features, pages."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt

from backend.domain.insights.active_use import ranks
from backend.services.demo import truth
from backend.services.demo.people import Floats, Ints, Person

Bools = npt.NDArray[np.bool_]

NAMES: Final = (
    *(("feature", name) for name in truth.FEATURES),
    *(("page", name) for name in truth.PAGES),
)
FIRST_PAGE: Final = len(truth.FEATURES)
WINDOW: Final = 30

# From Monday.
_WEEKDAYS: Final = (1.0, 1.0, 1.0, 0.98, 0.85, 0.10, 0.07)
_HOUR_MS: Final = 3_600_000
_SESSION_MS: Final = 3 * _HOUR_MS


@dataclass(frozen=True, slots=True)
class Usage:
    """One row a visit (a user on a day), ordered by user, then day.

    `day` is the number of the day since 1970; `used[v, n]`, `count[v, n]`, `first_ms[v, n]` say
    of each name of NAMES whether, how often and when first in that day it was used.
    `of[u]:of[u + 1]` are the visits of user u, `adopted[u, n]` what they use at all.
    `active_days` are those of the 30 days before the visit's day, `percentile` the share of
    active users with as many or fewer, `midrank` the same with equals counted half.
    """

    user: Ints
    day: Ints
    used: Bools
    count: Ints
    first_ms: Ints
    engaged_ms: Ints
    of: Ints
    adopted: Bools
    active_days: Ints
    percentile: Floats
    midrank: Floats


def make_usage(rng: np.random.Generator, people: list[Person], first_day: int, days: int) -> Usage:
    """Let everybody use the product from `first_day`, a Monday, to the day `days - 1` later."""
    active = _active(rng, people, days)
    user, index = np.nonzero(active)
    adopted, rate = _adopted(rng, people)
    used: Bools = rng.random((len(user), len(NAMES))) < (adopted * rate)[user]
    used[~used.any(axis=1), FIRST_PAGE] = True
    start_ms = rng.integers(7 * _HOUR_MS, 17 * _HOUR_MS, len(user))
    first_ms = start_ms[:, None] + rng.integers(0, _SESSION_MS, used.shape)
    count = np.where(used, rng.geometric(0.45, used.shape), 0)
    engaged_ms = np.where(used, count * rng.integers(4_000, 90_000, used.shape), 0)
    engaged_ms[:, :FIRST_PAGE] = 0
    recent, percentile, midrank = _active_use(active, user, index)
    return Usage(
        user=user,
        day=first_day + index,
        used=used,
        count=count,
        first_ms=first_ms,
        engaged_ms=engaged_ms,
        of=np.searchsorted(user, np.arange(len(people) + 1)),
        adopted=adopted,
        active_days=recent,
        percentile=percentile,
        midrank=midrank,
    )


def until(usage: Usage, today: int, now_ms: int) -> Usage:
    """Return what has happened by the time `now_ms` of `today`."""
    past = (usage.day < today)[:, None] | (
        (usage.day == today)[:, None] & (usage.first_ms < now_ms)
    )
    used = usage.used & past
    kept = used.any(axis=1)
    user = usage.user[kept]
    return replace(
        usage,
        user=user,
        day=usage.day[kept],
        used=used[kept],
        count=np.where(past, usage.count, 0)[kept],
        first_ms=usage.first_ms[kept],
        engaged_ms=np.where(past, usage.engaged_ms, 0)[kept],
        of=np.searchsorted(user, np.arange(len(usage.of))),
        active_days=usage.active_days[kept],
        percentile=usage.percentile[kept],
        midrank=usage.midrank[kept],
    )


def _active(rng: np.random.Generator, people: list[Person], days: int) -> Bools:
    intensity = np.array([person.intensity for person in people])
    joined = np.array([person.joined for person in people])
    chance = intensity[:, None] * np.array(_WEEKDAYS)[np.arange(days) % 7]
    active: Bools = rng.random((len(people), days)) < chance
    active &= np.arange(days) >= joined[:, None]
    newcomers = np.flatnonzero(joined)
    active[newcomers, joined[newcomers]] = True
    return active


def _adopted(rng: np.random.Generator, people: list[Person]) -> tuple[Bools, Floats]:
    """Return who uses what at all, and on which share of their active days."""
    habits = [*truth.FEATURES.values(), *truth.PAGES.values()]
    intensity = np.array([person.intensity for person in people])[:, None]
    adoption = np.array([habit.adoption for habit in habits])
    slope = np.array([habit.slope for habit in habits])
    share = np.clip(adoption + slope * (intensity - 0.4), 0.0, 1.0)
    admins = np.array([person.role == "admin" for person in people])
    share[admins, list(truth.FEATURES).index(truth.ADMIN_FEATURE)] = truth.ADMIN_ADOPTION
    return rng.random(share.shape) < share, np.array([habit.rate for habit in habits])


def _active_use(present: Bools, user: Ints, index: Ints) -> tuple[Ints, Floats, Floats]:
    """Return active days, percentile and midrank for each visit, over the 30 days before it."""
    counted: Ints = np.concatenate(
        (np.zeros((len(present), 1), np.int64), np.cumsum(present, axis=1, dtype=np.int64)), axis=1
    )
    since = np.maximum(0, index - WINDOW)
    recent: Ints = counted[user, index] - counted[user, since]
    percentile, midrank = np.full((2, len(user)), np.nan)
    for day in np.unique(index):
        everyone = counted[:, day] - counted[:, max(0, day - WINDOW)]
        reference = np.sort(everyone[everyone > 0])
        visits = index == day
        if len(reference):
            less, up_to = ranks(recent[visits], reference)
            percentile[visits] = 100 * up_to / len(reference)
            midrank[visits] = 50 * (less + up_to) / len(reference)
    return recent, percentile, midrank

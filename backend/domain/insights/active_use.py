"""Active use: days, percentiles, and where categories pile up (METHODS section 9)."""

import math
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TypedDict

import numpy as np
from scipy.special import ndtr

from backend.domain.insights.columns import Answers, Bools, Floats, Ints
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.drivers import FALSE_DISCOVERY
from backend.domain.insights.rows import latest
from backend.domain.insights.trend import zone
from backend.domain.insights.wording import HIDE_BELOW
from backend.domain.nps import Category

WINDOW_DAYS = 30
SMALLEST_EXPECTED = 5
GROUPS = 5
COLUMNS: tuple[Category, ...] = ("detractor", "passive", "promoter")


class Percentile(TypedDict):
    """Where x stands among `ref`, in percent; None when nobody is there to compare with."""

    midrank: float | None
    at_or_below: float | None
    decile: int | None
    top_decile: bool | None


class Hotspots(TypedDict):
    """One row a usage group, one column a category."""

    expected: list[list[float]]
    residual: list[list[float | None]]
    q: list[list[float | None]]
    hot: list[list[bool]]


class HotspotCell(TypedDict):
    """One cell: usage group 1 (least) to 5 (most) by category; `n` None when hidden."""

    usage_group: int
    category: Category
    n: int | None
    expected: float | None
    residual: float | None
    q_value: float | None
    hot: bool


class HotspotTable(TypedDict):
    """Usage groups by category, and the named group of the product question."""

    n: int
    unknown_usage: int
    cells: list[HotspotCell]
    passives_in_top_decile: int | None
    top_decile_share: float | None
    sentence: str


class Point(TypedDict):
    """One mark of the scatter: `n` answers with this score after this many active days."""

    active_days: int
    score: int
    n: int


def active_days(event_times: Sequence[str | datetime], asked_at: str | datetime, tz: str) -> int:
    """Count distinct local dates with an event in the 30 days before the invitation's date.

    The invitation's own date does not count. Pass only actions of the user: no heartbeats,
    background calls, or the survey itself.

    Raises:
        ValueError: unknown time zone, or a time without offset.
    """
    local = zone(tz)
    asked = _instant(asked_at).astimezone(local).date()
    first = asked - timedelta(days=WINDOW_DAYS)
    dates = {_instant(time).astimezone(local).date() for time in event_times}
    return sum(first <= date < asked for date in dates)


def percentile(x: float, ref: Sequence[float]) -> Percentile:
    """Place x among the active days of all eligible users with at least one active day.

    Ties stay together, so the top group may exceed a tenth: show its real share.
    """
    n = len(ref)
    if n == 0:
        return {"midrank": None, "at_or_below": None, "decile": None, "top_decile": None}
    less, up_to = (int(rank) for rank in ranks(np.asarray(x), np.sort(ref)))
    return {
        "midrank": 50 * (less + up_to) / n,
        "at_or_below": 100 * up_to / n,
        "decile": min(10, 10 * (less + up_to) // (2 * n) + 1),
        "top_decile": 10 * up_to >= 9 * n,
    }


def percentiles(x: Ints, ref: Ints) -> tuple[Floats, Bools]:
    """Return the midrank of every x among `ref`, and who is in the top decile.

    Without a reference: NaN, the columns' mark for unknown, and nobody.
    """
    if len(ref) == 0:
        return np.full(len(x), np.nan), np.zeros(len(x), np.bool_)
    less, up_to = ranks(x, np.sort(ref))
    return 50 * (less + up_to) / len(ref), 10 * up_to >= 9 * len(ref)


def ranks(x: Ints, ordered: Ints) -> tuple[Ints, Ints]:
    """Return how many of `ordered` (sorted) are less than each x, and how many at most x."""
    return np.searchsorted(ordered, x, side="left"), np.searchsorted(ordered, x, side="right")


def reference_days(anchors: Ints, bits: Ints, until: int) -> Ints:
    """Return the active days of all users who had any in the 30 days before day `until`.

    Args:
        anchors, bits: each user's recent activity as `domain/activity.py` packs it; it must
            reach back 30 days from `until`.
    """
    shift = until - 1 - anchors
    window = np.where(
        shift >= 0,
        bits.astype(np.uint64) << np.clip(shift, 0, WINDOW_DAYS).astype(np.uint64),
        bits.astype(np.uint64) >> np.clip(-shift, 0, 63).astype(np.uint64),
    )
    days = np.bitwise_count(window & np.uint64((1 << WINDOW_DAYS) - 1)).astype(np.int64)
    active: Ints = days[days > 0]
    return active


def hotspots(table: Sequence[Sequence[int]]) -> Hotspots:
    """Find the cells of usage group x category that hold more answers than chance would put.

    Hot: residual above 0, q <= 0.10 over all cells, 5 answers expected and found. A cell in
    an empty row or column (or the only one) has no residual.

    Source: Haberman, The analysis of residuals in cross-classified tables, Biometrics 1973.
    """
    observed = np.asarray(table, np.float64)
    total = observed.sum()
    if total == 0:
        blank = [[None] * len(row) for row in table]
        return {
            "expected": [[0.0] * len(row) for row in table],
            "residual": [list(row) for row in blank],
            "q": [list(row) for row in blank],
            "hot": [[False] * len(row) for row in table],
        }
    rows, columns = observed.sum(1, keepdims=True), observed.sum(0, keepdims=True)
    expected = rows * columns / total
    variance = expected * (1 - rows / total) * (1 - columns / total)
    defined = variance > 0
    residual = np.divide(
        observed - expected, np.sqrt(variance), out=np.full(observed.shape, np.nan), where=defined
    )
    q = np.full(observed.shape, np.nan)
    q[defined] = benjamini_hochberg((2 * ndtr(-np.abs(residual[defined]))).tolist())
    hot = (residual > 0) & (q <= FALSE_DISCOVERY)
    hot &= (expected >= SMALLEST_EXPECTED) & (observed >= SMALLEST_EXPECTED)
    return {
        "expected": expected.tolist(),
        "residual": _nullable(residual),
        "q": _nullable(q),
        "hot": hot.tolist(),
    }


def usage_groups(answers: Answers) -> Ints:
    """Return each answer's usage quintile, 0 to 4, from its percentile; -1 when unknown."""
    known = np.isfinite(answers.percentile)
    # A midrank that should be exactly 20 may be a rounding error below it.
    fifth = np.floor(np.nan_to_num(answers.percentile) / (100 / GROUPS) + 1e-9).astype(np.int64)
    return np.where(known, np.clip(fifth, 0, GROUPS - 1), -1)


def in_cell(answers: Answers, usage_group: int, category: Category) -> Bools:
    """Say whose answers lie in one cell of `hotspot_table`; usage groups count from 1."""
    column = COLUMNS.index(category)
    inside: Bools = (usage_groups(answers) == usage_group - 1) & (answers.y + 1 == column)
    return inside


def top_decile_passives(answers: Answers) -> Bools:
    """Say who is in the top decile of active use and scored 7 or 8."""
    found: Bools = answers.top_decile & (answers.y == 0)
    return found


def hotspot_table(answers: Answers) -> HotspotTable:
    """Return usage quintile x category with its hot cells, by each user's last answer."""
    answers = latest(answers.without_usage())
    groups = usage_groups(answers)
    known = groups >= 0
    key = groups[known] * 3 + answers.y[known] + 1
    table = np.bincount(key, minlength=3 * GROUPS).reshape(GROUPS, 3).tolist()
    found = hotspots(table)
    n = int(known.sum())
    shown = n >= HIDE_BELOW
    cells: list[HotspotCell] = [
        {
            "usage_group": i + 1,
            "category": category,
            "n": table[i][j] if shown else None,
            "expected": found["expected"][i][j] if shown else None,
            "residual": found["residual"][i][j] if shown else None,
            "q_value": found["q"][i][j] if shown else None,
            "hot": found["hot"][i][j],
        }
        for i in range(GROUPS)
        for j, category in enumerate(COLUMNS)
    ]
    return {
        "n": n,
        "unknown_usage": len(answers) - n,
        "cells": cells,
        "passives_in_top_decile": int(top_decile_passives(answers).sum()) if shown else None,
        "top_decile_share": 100 * float(answers.top_decile[known].mean()) if shown else None,
        "sentence": _sentence(cells, n),
    }


def scatter_table(answers: Answers) -> list[Point]:
    """Return each pair of active days and score with its number of answers."""
    answers = latest(answers.without_usage())
    key = answers.active_days.astype(np.int64) * 11 + answers.score
    pairs, counts = np.unique(key, return_counts=True)
    return [
        {"active_days": int(pair // 11), "score": int(pair % 11), "n": int(n)}
        for pair, n in zip(pairs, counts, strict=True)
    ]


def _sentence(cells: Sequence[HotspotCell], n: int) -> str:
    if n < HIDE_BELOW:
        return "Too few answers to say." if n else "No answers yet."
    hot = [f"{c['category']}s in {_fifth(c['usage_group'])}" for c in cells if c["hot"]]
    if not hot:
        return "No group of active use stands out."
    return f"More than chance would put there: {', '.join(hot)}."


def _fifth(group: int) -> str:
    ends = {1: "the least active fifth", GROUPS: "the most active fifth"}
    return ends.get(group, f"fifth {group} of active use")


def _nullable(
    values: Floats,
) -> list[list[float | None]]:
    return [[None if math.isnan(v) else v for v in row] for row in values.tolist()]


def _instant(value: str | datetime) -> datetime:
    instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    if instant.tzinfo is None:
        raise ValueError("a time needs its offset from UTC")
    return instant

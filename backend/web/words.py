"""Numbers and times as people read them: whole points, intervals, days; a dash for no value."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from flask import Blueprint

from backend.domain.insights.wording import limits, told
from backend.domain.timestamps import parse_time
from backend.services.clock import utc_now

DASH: Final = "–"
_CATEGORY: Final = (("detractor", 6), ("passive", 8), ("promoter", 10))


def points(value: float | None, *, signed: bool = False) -> str:
    """Return points as a whole number with a true minus sign: −29, 0, 34 or +34."""
    return DASH if value is None else told(value, signed=signed)


def interval(level: Mapping[str, Any], low: str = "lower", high: str = "upper") -> str:
    """Return "18 to 33" for the limits of a level, rounded outward."""
    lower, upper = level[low], level[high]
    if lower is None or upper is None:
        return DASH
    return limits(lower, upper, "to")


def count(n: int | None) -> str:
    """Return a number of things with commas; a dash when it is hidden."""
    return DASH if n is None else f"{n:,}"


def counted(n: int | None, one: str, more: str = "") -> str:
    """Return a number with what it counts: "1 person", "1,204 people"."""
    return f"{count(n)} {one if n == 1 else more or one + 's'}"


def percent(share: float | None) -> str:
    """Return a share of 0 to 100 as whole percent."""
    return DASH if share is None else f"{share:.0f} %"


def small(value: float | None) -> str:
    """Return a probability with two digits that say something."""
    if value is None:
        return DASH
    return "< 0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def day(moment: datetime | str | None) -> str:
    """Return "22 Nov 2026"."""
    when = _moment(moment)
    return DASH if when is None else f"{when.day} {when:%b %Y}"


def minute(moment: datetime | str | None) -> str:
    """Return "22 Nov 2026, 07:38 UTC"."""
    when = _moment(moment)
    return DASH if when is None else f"{when.day} {when:%b %Y, %H:%M} UTC"


def machine(moment: datetime | str | None) -> str:
    """Return a time as `<time datetime>` wants it."""
    when = _moment(moment)
    return "" if when is None else when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def ago(moment: datetime | str | None) -> str:
    """Return how long ago something was, in the largest unit that fits."""
    when = _moment(moment)
    if when is None:
        return DASH
    passed = utc_now() - when
    for name, unit in (
        ("day", timedelta(days=1)),
        ("hour", timedelta(hours=1)),
        ("minute", timedelta(minutes=1)),
    ):
        if passed >= unit:
            whole = passed // unit
            return f"{whole} {name}{'s' if whole > 1 else ''} ago"
    return "just now"


def category(score: int | None) -> str:
    """Return the category of a score of 0 to 10, empty for none."""
    return "" if score is None else next(name for name, most in _CATEGORY if score <= most)


def spaced(name: str | None) -> str:
    """Return an identifier as words: `top_decile_passives` is "top decile passives"."""
    return DASH if name is None else name.replace("_", " ")


def register(blueprint: Blueprint) -> None:
    """Make the words above filters of the templates."""
    for filter_ in (
        points,
        interval,
        count,
        counted,
        percent,
        small,
        day,
        minute,
        machine,
        ago,
        category,
        spaced,
    ):
        blueprint.add_app_template_filter(filter_, filter_.__name__)


def _moment(moment: datetime | str | None) -> datetime | None:
    if isinstance(moment, str):
        return parse_time(moment if "T" in moment else f"{moment}T00:00:00Z")
    return moment

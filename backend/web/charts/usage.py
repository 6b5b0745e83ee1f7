"""A person's use by day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Final

from markupsafe import Markup

from backend.web.charts.svg import el, figure, text

HEIGHT: Final = 96
BOTTOM: Final = 18
# Room for a label such as "25 Aug", with a gap.
_LABEL: Final = 48
_SIZES: Final = ((520, 90, "wide"), (340, 45, "narrow"))


def usage(by_day: Mapping[date, int], last: date) -> Markup:
    """Return one bar a day up to `last`: 90 days for wide pages, 45 for phones."""
    return Markup("").join(_draw(by_day, last, *size) for size in _SIZES)


def _draw(by_day: Mapping[date, int], last: date, width: int, days: int, css: str) -> Markup:
    shown = [last - timedelta(days=back) for back in range(days - 1, -1, -1)]
    most = max([1, *(by_day.get(one, 0) for one in shown)])
    step = width / days
    marks = []
    for i, one in enumerate(shown):
        n = by_day.get(one, 0)
        height = (HEIGHT - BOTTOM - 4) * n / most
        if n:
            bar = el(
                "rect",
                el("title", f"{one:%d %b}: {n}"),
                x=i * step + 0.5,
                y=HEIGHT - BOTTOM - max(2.0, height),
                width=step - 1,
                height=max(2.0, height),
                rx=1,
                class_="use",
            )
            marks.append(bar)
        if one.day == 1 or (i == 0 and not _has_month_near(shown, step)):
            marks.append(text(i * step, HEIGHT - 4, f"{one.day} {one:%b}", "tick", "start"))
    active = sum(1 for one in shown if by_day.get(one))
    return figure(width, HEIGHT, f"{active} active days of the last {days}.", marks, f"use {css}")


def _has_month_near(shown: list[date], step: float) -> bool:
    """Say whether a month begins so early that its label would touch the first day's."""
    return any(one.day == 1 for one in shown[1 : int(_LABEL // step) + 1])

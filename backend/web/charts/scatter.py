"""Score against active use: equal points as one mark whose area says how many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Any, Final

from markupsafe import Markup

from backend.web.charts.svg import Scale, el, figure, line, text
from backend.web.words import category

TOP: Final = 14
BOTTOM: Final = 40
LEFT: Final = 30
RIGHT: Final = 16
DAYS: Final = 30
_SIZES: Final = ((1100, 420, "wide"), (340, 320, "narrow"))


def scatter(points: Sequence[Mapping[str, Any]], label: str) -> Markup:
    """Return the marks for wide pages and for phones; at most 31 by 11 of them each."""
    return Markup("").join(_draw(points, label, *size) for size in _SIZES)


def _draw(
    points: Sequence[Mapping[str, Any]], label: str, width: int, height: int, css: str
) -> Markup:
    # Neighbours in a row may touch, not hide each other; nor does one hide the row's score.
    largest = min((width - LEFT - RIGHT) / DAYS, (height - TOP - BOTTOM) / 10) * 0.62
    x = Scale(0, DAYS, LEFT + largest, width - RIGHT)
    y = Scale(0, 10, height - BOTTOM - 10, TOP + 6)
    most = max([1, *(point["n"] for point in points)])
    marks = [line(LEFT, y(score), width - RIGHT, y(score), "grid") for score in range(11)]
    marks += [text(LEFT - 6, y(score) + 4, str(score), "tick", "end") for score in range(11)]
    marks += [text(x(days), height - 22, str(days), "tick") for days in range(0, DAYS + 1, 5)]
    marks.append(text(width / 2, height - 5, "active days in the 30 before being asked", "tick"))
    marks += [
        el(
            "circle",
            el("title", f"score {p['score']}, {p['active_days']} active days: {p['n']}"),
            cx=x(p["active_days"]),
            cy=y(p["score"]),
            r=max(2.0, largest * sqrt(p["n"] / most)),
            class_=category(p["score"]),
            data_days=p["active_days"],
            data_n=p["n"],
        )
        for p in points
    ]
    return figure(width, height, label, marks, f"scatter {css}")

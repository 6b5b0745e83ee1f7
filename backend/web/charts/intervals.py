"""A dot with its interval on a line of its own: one cell of a table that is also the plot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import Markup

from backend.web.charts.svg import Scale, el

WIDTH: Final = 200
HEIGHT: Final = 20
_STEP: Final = 20


def domain(rows: Iterable[Mapping[str, Any]], *, of: str = "nps") -> tuple[int, int]:
    """Return limits for all rows in steps of 20 points that hold 0 and every interval."""
    ends = [row[name] for row in rows if row[of] is not None for name in ("lower", "upper")]
    low = min([0.0, *(end for end in ends if end is not None)])
    high = max([0.0, *(end for end in ends if end is not None)])
    return int(low // _STEP * _STEP) or -_STEP, int(-(-high // _STEP) * _STEP) or _STEP


def interval(
    row: Mapping[str, Any], limits: tuple[int, int], *, of: str = "nps", mean: float | None = None
) -> Markup:
    """Return the cell's picture, stretched by the style sheet to the cell's width.

    Strokes keep their width when stretched, so that the dot, a line of no length, stays round.
    Screen readers skip it: the numbers stand beside it.
    """
    x = Scale(*limits, 4, WIDTH - 4)
    marks = [_stroke(x(0), 0, 0, HEIGHT, "zero")]
    if mean is not None:
        marks.append(_stroke(x(mean), 0, 0, HEIGHT, "mean"))
    if row[of] is not None and row["lower"] is not None and row["upper"] is not None:
        low, high = (x(min(max(row[name], limits[0]), limits[1])) for name in ("lower", "upper"))
        few = " few" if row.get("note") else ""
        marked = " marked" if row.get("clear") or row.get("marked") else ""
        marks.append(_stroke(low, HEIGHT / 2, high - low, 0, f"span{few}{marked}"))
        marks.append(_stroke(x(row[of]), HEIGHT / 2, 0, 0, f"dot{few}{marked}"))
    return el(
        "svg",
        *marks,
        viewBox=f"0 0 {WIDTH} {HEIGHT}",
        preserveAspectRatio="none",
        aria_hidden="true",
        class_="interval",
    )


def _stroke(x: float, y: float, dx: float, dy: float, css: str) -> Markup:
    return el("path", d=f"M{x:.2f} {y:g}l{dx:.2f} {dy:g}", class_=css)

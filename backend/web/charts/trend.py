"""The score over time: a band of intervals, a line through the scores, releases, the days' n."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Final

from markupsafe import Markup

from backend.domain.insights.wording import number
from backend.web.charts.svg import Scale, el, figure, line, path, shortened, text
from backend.web.words import DASH, points

TOP: Final = 34
BOTTOM: Final = 36
LEFT: Final = 34
RIGHT: Final = 14
HEIGHT: Final = 290
WIDE: Final = 1100
NARROW: Final = 340
_STEP: Final = 20


def trend(table: Mapping[str, Any], alarms: Sequence[Mapping[str, Any]] = ()) -> Markup:
    """Return the trend for wide pages and for phones; the style sheet shows one of them."""
    return Markup("").join(
        _draw(table, alarms, width, css) for width, css in ((WIDE, "wide"), (NARROW, "narrow"))
    )


def is_drawn(row: Mapping[str, Any]) -> bool:
    """Whether a bucket has a score with an interval: answers of one account alone have none."""
    return row["level"]["nps"] is not None and row["level"]["lower"] is not None


def _draw(
    table: Mapping[str, Any], alarms: Sequence[Mapping[str, Any]], width: int, css: str
) -> Markup:
    rows = table["rows"]
    low, high = _limits(rows)
    y = Scale(low, high, HEIGHT - BOTTOM, TOP)
    step = (width - LEFT - RIGHT) / max(1, len(rows))
    x = [LEFT + step * (i + 0.5) for i in range(len(rows))]
    places = {row["bucket"]: at for row, at in zip(rows, x, strict=True)}
    marks = [
        *_grid(low, high, y, width),
        *_markers(table["releases"], places, "release", names=width == WIDE),
        *_markers(alarms, places, "alarm", at="onset"),
        *_runs(rows, x, y),
        *_dots(rows, x, y),
        *_months(rows, x, step, table["unit"]),
    ]
    return figure(width, HEIGHT, table["sentence"], marks, f"trend {css}")


def _limits(rows: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    ends = [
        row["level"][name]
        for row in rows
        for name in ("lower", "upper")
        if row["level"][name] is not None
    ]
    low, high = min([0.0, *ends]), max([_STEP * 1.0, *ends])
    return int(low // _STEP * _STEP), int(-(-high // _STEP) * _STEP)


def _grid(low: int, high: int, y: Scale, width: int) -> list[Markup]:
    every = _STEP if high - low <= 6 * _STEP else 2 * _STEP
    marks = []
    for value in range(low - low % every, high + 1, every):
        if value < low:
            continue
        marks.append(line(LEFT, y(value), width - RIGHT, y(value), "zero" if not value else "grid"))
        label = number(value)
        marks.append(text(LEFT - 8, y(value) + 4, label, "tick", "end"))
    return marks


def _markers(
    found: Sequence[Mapping[str, Any]],
    places: Mapping[str, float],
    css: str,
    at: str = "bucket",
    names: bool = False,
) -> list[Markup]:
    marks: list[Markup] = []
    named: set[float] = set()
    for marker in found:
        x = places.get(marker[at]) or _near(places, marker[at])
        if x is None:
            continue
        name = marker.get("name") or marker.get("sentence", "")
        # Two in one bucket would cover each other: the first is named, all are in the table.
        if names and x not in named:
            marks.append(text(x, TOP - 18, shortened(name), "tick"))
            named.add(x)
        flag = path([(x - 4, TOP - 12), (x + 4, TOP - 12), (x, TOP - 4)], f"flag {css}", True)
        marks.append(el("g", el("title", name), line(x, TOP - 6, x, HEIGHT - BOTTOM, css), flag))
    return marks


def _near(places: Mapping[str, float], day: str) -> float | None:
    """Return the place of the last bucket that begins on or before a day."""
    before = [bucket for bucket in places if bucket <= day]
    return places[max(before)] if before else None


def _runs(rows: Sequence[Mapping[str, Any]], x: Sequence[float], y: Scale) -> list[Markup]:
    """Return band and line of each run of neighbours that have a score."""
    marks: list[Markup] = []
    run: list[tuple[float, Mapping[str, Any]]] = []
    for row, at in [*zip(rows, x, strict=True), (None, 0.0)]:
        if row is not None and is_drawn(row) and not row["running"]:
            run.append((at, row["level"]))
            continue
        if len(run) > 1:
            lower = [(place, y(level["lower"])) for place, level in run]
            upper = [(place, y(level["upper"])) for place, level in run]
            marks.append(path([*upper, *reversed(lower)], "band", True))
            marks.append(path([(place, y(level["nps"])) for place, level in run], "curve"))
        run = []
    return marks


def _dots(rows: Sequence[Mapping[str, Any]], x: Sequence[float], y: Scale) -> list[Markup]:
    marks = []
    for row, at in zip(rows, x, strict=True):
        level = row["level"]
        if not is_drawn(row):
            continue
        css = "running" if row["running"] else "few" if level["note"] else ""
        told = f"{row['bucket']}: {points(level['nps'])}, n = {level['n']}"
        marks.append(
            el(
                "g",
                el("title", told + (" (still running)" if row["running"] else "")),
                line(at, y(level["lower"]), at, y(level["upper"]), "whisker"),
                el("circle", cx=at, cy=y(level["nps"]), r=4.5, class_=f"dot {css}"),
            )
        )
    return marks


def _months(
    rows: Sequence[Mapping[str, Any]], x: Sequence[float], step: float, unit: str
) -> list[Markup]:
    skip = max(1, int(48 // step) + 1) if step < 48 else 1
    marks = []
    for i, (row, at) in enumerate(zip(rows, x, strict=True)):
        if i % skip:
            continue
        first = date.fromisoformat(row["bucket"])
        name = f"{first:%b}" if unit in ("month", "quarter") else f"{first.day} {first:%b}"
        marks.append(text(at, HEIGHT - BOTTOM + 17, name, "tick"))
        n = row["level"]["n"]
        marks.append(text(at, HEIGHT - BOTTOM + 31, DASH if n is None else f"n {n}", "tick n"))
    return marks

"""The report as one HTML document: its own style and drawing, nothing fetched, one printed page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from backend.domain.insights.wording import limits, number, told
from backend.services.report import DASH, TREND, Report, Section

WIDTH, HEIGHT, SIDE, FOOT = 640, 190, 36, 30


def html(report: Report) -> str:
    """Return the report as one HTML document, ready for a printer or a mail."""
    first, *others = report.sections
    body = [
        f"<header><h1>{escape(report.title)}</h1>"
        f"<p class=about>{escape(report.about)}</p></header>",
        f"<section class=lead>{_lead(report.level)}<div><h2>{escape(first.title)}</h2>"
        f"<p>{escape(first.sentence)}</p>"
        f"{_table(first)}</div></section>",
        *(_section(section, report) for section in others),
    ]
    return _PAGE.format(title=escape(report.title), style=_STYLE, body="\n".join(body))


_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body>
{body}
</body></html>
"""
# Mail programs and printers know neither variables nor grids well: plain columns it is.
_STYLE: Final = (
    "body{font:15px/1.45 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1d2125;background:#fff;columns:2 22rem;column-gap:2.5rem}"
    "header,.lead,.wide{column-span:all}"
    "h1{font-size:1.5em;margin:0}h2{font-size:1.05em;margin:0 0 .2em}"
    "p{margin:.2em 0}.about,th,.range{color:#5c636b}"
    "section{break-inside:avoid;padding:.7em 0}"
    ".lead{display:flex;flex-wrap:wrap;gap:.5em 2.5em;align-items:center;margin-top:.7em;"
    "border-top:3px solid #0f6b62;border-bottom:1px solid #e3e0da}"
    ".lead>div{flex:1 1 20rem}.big{flex:0 0 auto;margin:0}"
    ".big b{font-size:3.4em;line-height:1;font-weight:650;display:block}"
    "table{border-collapse:collapse;margin:.3em 0;width:100%}"
    "th,td{text-align:right;vertical-align:top;padding:.12em 0 .12em .6em;"
    "border-bottom:1px solid #e3e0da;font-variant-numeric:tabular-nums}"
    "th:first-child,td:first-child{text-align:left;padding-left:0;overflow-wrap:anywhere;"
    "min-width:5em}"
    ".why td:last-child,.why th:last-child{text-align:left}"
    "th{font-weight:500}svg{display:block;width:100%;height:auto}"
    "@page{size:A4;margin:12mm}"
    "@media print{body{font-size:8.5pt;line-height:1.35;max-width:none;margin:0;padding:0;"
    "columns:2;column-gap:8mm}section{padding:.45em 0}.lead>div{flex-basis:0}svg{max-height:40mm}}"
)


def _lead(level: Mapping[str, Any]) -> str:
    if level["nps"] is None:
        return f"<p class=big><b>{DASH}</b></p>"
    score = told(level["nps"])
    if level["lower"] is None or level["upper"] is None:
        return f"<p class=big><b>{score}</b></p>"
    between = limits(level["lower"], level["upper"], "to")
    return f"<p class=big><b>{score}</b><span class=range>{between}</span></p>"


def _section(section: Section, report: Report) -> str:
    head = f"<h2>{escape(section.title)}</h2><p>{escape(section.sentence)}</p>"
    if section.title == TREND and len(report.trend) > 1:
        return f"<section class=wide>{head}{_drawing(report.trend)}</section>"
    kind = "" if section.rows else " class=wide"
    return f"<section{kind}>{head}{_table(section)}</section>"


def _table(section: Section) -> str:
    if not section.rows:
        return ""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in section.columns)
    rows = "".join(
        f"<tr><td>{escape(name)}</td>"
        + "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        + "</tr>"
        for name, *cells in section.rows
    )
    kind = " class=why" if section.columns[-1] == "why" else ""
    return f"<table{kind}><tr>{head}</tr>{rows}</table>"


def _drawing(trend: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Draw months as points with their intervals; a month without a number leaves a gap."""
    step = (WIDTH - 2 * SIDE) / max(1, len(trend) - 1)
    marks = [_rule(value) for value in (-100, -50, 0, 50, 100)]
    for i, (bucket, level) in enumerate(trend):
        x = round(SIDE + i * step, 1)
        marks.append(_label(x, HEIGHT - 5, bucket[:7], "#5c636b"))
        if level["nps"] is not None and level["lower"] is not None and level["upper"] is not None:
            marks.append(_point(x, level))
    aloud = "; ".join(f"{bucket[:7]} {_told(level)}" for bucket, level in trend)
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="NPS by month: {escape(aloud)}"'
        f' font-size="10" font-family="system-ui,sans-serif">{"".join(marks)}</svg>'
    )


def _y(value: float) -> float:
    return round(8 + (100 - value) / 200 * (HEIGHT - FOOT), 1)


def _rule(value: int) -> str:
    colour = "#a3a9b0" if value == 0 else "#e3e0da"
    line = f'<line x1="0" x2="{WIDTH}" y1="{_y(value)}" y2="{_y(value)}" stroke="{colour}"/>'
    if value not in (-100, 0, 100):
        return line
    at = _y(value) - 3 if value == -100 else _y(value) + 10
    return f'{line}<text x="0" y="{at}" fill="#5c636b">{number(value)}</text>'


def _point(x: float, level: Mapping[str, Any]) -> str:
    return (
        f'<line x1="{x}" x2="{x}" y1="{_y(level["upper"])}" y2="{_y(level["lower"])}"'
        ' stroke="#9fc9c2" stroke-width="5" stroke-linecap="round"/>'
        f'<circle cx="{x}" cy="{_y(level["nps"])}" r="4" fill="#0f6b62"/>'
        + _label(x + 16, _y(level["nps"]) + 3.5, told(level["nps"]), "#1d2125")
    )


def _label(x: float, y: float, text: str, colour: str) -> str:
    return f'<text x="{x}" y="{y}" text-anchor="middle" fill="{colour}">{escape(text)}</text>'


def _told(level: Mapping[str, Any]) -> str:
    return DASH if level["nps"] is None else told(level["nps"])

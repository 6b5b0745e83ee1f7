"""One page for people who live in e-mail: what the answers say, as text or as HTML.

The HTML holds its own style and drawing and asks for nothing, so it can be mailed or printed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from typing import Any, Final

from backend.domain.insights.wording import whole_lower, whole_points, whole_upper
from backend.services.clock import utc_now
from backend.services.insights import accounts, answered, comments, levels, over_time
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.windows import Windows
from backend.services.projects import find
from backend.storage.db import Database

ROWS: Final = 6
DASH: Final = "–"


@dataclass(frozen=True, slots=True)
class Section:
    """A heading, a sentence, and a small table: `columns` first, no rows for none."""

    title: str
    sentence: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """What both forms say. `trend` is a label and a level for each finished month."""

    title: str
    about: str
    sections: tuple[Section, ...]
    trend: tuple[tuple[str, Mapping[str, Any]], ...]


def gather(
    db: Database, project_id: str, question: Question, now: datetime | None = None
) -> Report:
    """Ask everything that stands on the page; accounts only for those who may see answers.

    Raises:
        NotFoundError: there is no such project.
        InvalidRequestError: the window ends before it starts.
    """
    windows, populations = Windows(), Populations()
    with db.read() as session:

        def ask(service: Callable[..., Any], **given: Any) -> Any:
            return service(session, windows, project_id, question, **given)

        name = find(session, project_id).name
        # The longest window first, so that the others are cut from it.
        trend = ask(over_time.trend, unit="month")
        score = ask(levels.score, populations=populations)
        roles, plans = (ask(levels.breakdown, by=by) for by in ("role", "plan"))
        features = ask(levels.features, kind="features")
        who = ask(answered.answered, populations=populations)
        themes = ask(comments.comments)
        sections = [
            _score(score),
            Section("Who answered", who["sentence"]),
            _trend(trend),
            _breakdown("By role", roles),
            _breakdown("By plan", plans),
            _features(features),
            _themes(themes),
        ]
        if question.sees_answers:
            calls, _ = ask(accounts.accounts, only_attention=True, start=0, limit=ROWS)
            sections.append(_accounts(calls))
    window = score["window"]
    return Report(
        title=f"{name}: what users say",
        about=f"{_day(window['from'])} to {_day(window['to'])}, made"
        f" {(now or utc_now()).date().isoformat()}. Intervals at {question.confidence:.0%}.",
        sections=tuple(sections),
        trend=tuple((row["bucket"], row["level"]) for row in trend["rows"] if not row["running"]),
    )


def text(report: Report) -> str:
    """Return the report as plain text, at most 78 characters wide where names allow."""
    parts = [report.title, "=" * len(report.title), report.about, ""]
    for section in report.sections:
        parts += [section.title, "-" * len(section.title), section.sentence]
        parts += _lines(section)
        parts.append("")
    return "\n".join(parts)


def html(report: Report) -> str:
    """Return the report as one HTML document, ready for a printer or a mail."""
    body = [f"<h1>{escape(report.title)}</h1>", f"<p class=about>{escape(report.about)}</p>"]
    for section in report.sections:
        body.append(f"<section><h2>{escape(section.title)}</h2>")
        body.append(f"<p>{escape(section.sentence)}</p>")
        if section.title == TREND and len(report.trend) > 1:
            body.append(_drawing(report.trend))
        if section.rows:
            body.append(_table(section))
        body.append("</section>")
    return _PAGE.format(title=escape(report.title), style=_STYLE, body="\n".join(body))


TREND: Final = "Month by month"
_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width"><style>{style}</style></head>
<body>
{body}
</body></html>
"""
_STYLE: Final = (
    "body{font:15px/1.5 system-ui,sans-serif;max-width:46rem;margin:2rem auto;padding:0 1rem;"
    "color:#1b1f24;background:#fff}h1{font-size:1.5rem;margin:0}h2{font-size:1.05rem;"
    "margin:1.4rem 0 .2rem}.about{color:#57606a;margin:.2rem 0}p{margin:.2rem 0}"
    "table{border-collapse:collapse;margin:.4rem 0;width:100%}th,td{text-align:right;"
    "padding:.15rem .5rem;border-bottom:1px solid #d0d7de;font-variant-numeric:tabular-nums}"
    "th:first-child,td:first-child{text-align:left}th{font-weight:600;color:#57606a}"
    "svg{width:100%;height:auto}section{break-inside:avoid}@page{margin:15mm}"
)


def _score(score: Mapping[str, Any]) -> Section:
    rows = [
        (name, *_level(one["level"]))
        for name, one in (score["estimands"] or {}).items()
        if one is not None
    ]
    rows.append(("as answered", *_level(score["unweighted"])))
    return Section("The score", score["sentence"], ("speaks for", *_LEVEL), tuple(rows))


def _trend(trend: Mapping[str, Any]) -> Section:
    rows = [(row["bucket"][:7], *_level(row["level"])) for row in trend["rows"][-ROWS - 1 :]]
    return Section(TREND, trend["sentence"], ("month", *_LEVEL), tuple(rows))


def _breakdown(title: str, table: Mapping[str, Any]) -> Section:
    rows = [(row["value"] or "unknown", *_level(row)) for row in table["rows"][:ROWS]]
    return Section(title, table["sentence"], ("", *_LEVEL), tuple(rows))


def _features(table: Mapping[str, Any]) -> Section:
    marked = [row for row in table["rows"] if row["marked"]][:ROWS]
    rows = [
        (
            row["name"],
            f"{whole_points(row['adjusted']):+d}",
            f"{whole_lower(row['lower'])} to {whole_upper(row['upper'])}",
            f"{row['n_users']:,}",
        )
        for row in marked
    ]
    sentence = "An association at equal use, never an effect." if rows else table["sentence"]
    columns = ("used before", "points", "likely between", "users")
    return Section("Features that go with the score", sentence, columns, tuple(rows))


def _themes(table: Mapping[str, Any]) -> Section:
    rows = [
        (row["theme"], f"{row['comments']:,}", *_level(row["level"])[:2])
        for row in table["rows"][:ROWS]
        if row["comments"]
    ]
    columns = ("theme", "comments", "NPS", "likely between")
    return Section("Comments", table["sentence"], columns, tuple(rows))


def _accounts(table: Mapping[str, Any]) -> Section:
    rows = [
        (
            row["account_id"] or DASH,
            DASH if row["value"] is None else f"{row['value']:,.0f}",
            f"{row['n']} of {row['users']}",
            "; ".join(row["reasons"]),
        )
        for row in table["rows"]
    ]
    columns = ("account", "value", "answered", "why")
    return Section("Worth a call", table["sentence"], columns, tuple(rows))


_LEVEL: Final = ("NPS", "likely between", "answers")


def _level(level: Mapping[str, Any]) -> tuple[str, str, str]:
    n = DASH if level["n"] is None else f"{level['n']:,}"
    if level["nps"] is None:
        return DASH, level["note"] or DASH, n
    if level["lower"] is None or level["upper"] is None:
        return str(whole_points(level["nps"])), DASH, n
    span = f"{whole_lower(level['lower'])} to {whole_upper(level['upper'])}"
    return str(whole_points(level["nps"])), span, n


def _day(time: str | None) -> str:
    return DASH if time is None else time[:10]


def _lines(section: Section) -> list[str]:
    if not section.rows:
        return []
    table = [section.columns, *section.rows]
    widths = [max(len(row[i]) for row in table) for i in range(len(section.columns))]
    return [
        "  "
        + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]


def _table(section: Section) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in section.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in section.rows
    )
    return f"<table><tr>{head}</tr>{rows}</table>"


def _drawing(trend: Sequence[tuple[str, Mapping[str, Any]]]) -> str:
    """Draw months as points with their intervals; a month without a number leaves a gap."""
    width, height, pad = 640, 160, 24
    step = (width - 2 * pad) / max(1, len(trend) - 1)

    def y(value: float) -> float:
        return round(pad + (100 - value) / 200 * (height - 2 * pad), 1)

    marks = [f'<line x1="0" x2="{width}" y1="{y(0)}" y2="{y(0)}" stroke="#d0d7de"/>']
    for i, (bucket, level) in enumerate(trend):
        x = round(pad + i * step, 1)
        label = escape(bucket[:7])
        marks.append(
            f'<text x="{x}" y="{height - 4}" font-size="10" text-anchor="middle">{label}</text>'
        )
        if level["nps"] is None or level["lower"] is None or level["upper"] is None:
            continue
        marks.append(
            f'<line x1="{x}" x2="{x}" y1="{y(level["upper"])}" y2="{y(level["lower"])}"'
            ' stroke="#8c959f" stroke-width="3"/>'
            f'<circle cx="{x}" cy="{y(level["nps"])}" r="4" fill="#0550ae"/>'
        )
    inside = "".join(marks)
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="NPS by month">{inside}</svg>'
    )

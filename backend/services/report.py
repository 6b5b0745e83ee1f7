"""One page for people who live in e-mail: what the answers say, as text.

`report_html` sets the same page as HTML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from backend.domain.insights.wording import limits, told
from backend.services.clock import utc_now
from backend.services.insights import accounts, answered, comments, levels, over_time
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.windows import Windows
from backend.services.projects import find
from backend.storage.db import Database

ROWS: Final = 6
DASH: Final = "–"
TREND: Final = "Month by month"
_LEVEL: Final = ("NPS", "likely between", "answers")


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
    level: Mapping[str, Any]
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
        level=score["level"],
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
    return "\n".join(parts).rstrip() + "\n"


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
            told(row["adjusted"], signed=True),
            limits(row["lower"], row["upper"], "to"),
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


def _level(level: Mapping[str, Any]) -> tuple[str, str, str]:
    n = DASH if level["n"] is None else f"{level['n']:,}"
    if level["nps"] is None:
        return DASH, level["note"] or DASH, n
    if level["lower"] is None or level["upper"] is None:
        return told(level["nps"]), DASH, n
    return told(level["nps"]), limits(level["lower"], level["upper"], "to"), n


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

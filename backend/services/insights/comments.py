"""Comments: the project's themes, the words that go with scores, and quotes behind each count."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, TypedDict

import numpy as np
from sqlalchemy.orm import Session

from backend.domain.insights.levels import ScoreLevel, hidden_level
from backend.domain.insights.rows import latest
from backend.domain.insights.telling import TermRow, term_table
from backend.domain.insights.themes import Theme, ThemeTable, compile_theme, theme_table
from backend.domain.timestamps import format_time
from backend.services.insights import few, settings
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.question import Question
from backend.services.insights.remembered import remembered
from backend.services.insights.view import View, look
from backend.services.insights.windows import Windows
from backend.storage.fast import from_ms

QUOTES: Final = 5
# Ten thousand comments say what more would, and are counted in a tenth of a second.
MOST_COMMENTS: Final = 10_000


class Quote(TypedDict):
    """One comment and where to read on."""

    response_id: str
    score: int
    answered_at: str | None
    comment: str


class QuotedTheme(TypedDict):
    """A theme with its latest comments."""

    theme: str
    comments: int
    share: float | None
    level: ScoreLevel
    matched: dict[str, int]
    p_value: float | None
    sentence: str
    quotes: list[Quote]


class QuotedTerm(TypedDict):
    """A word or phrase with its latest comments."""

    term: str
    comments: int
    accounts: int
    nps_with: float
    nps_without: float
    p_value: float
    q_value: float
    goes_with: str
    quotes: list[Quote]


class Comments(Envelope):
    """Themes and terms of the comments; `read` of them were looked at, the latest."""

    comments: int | None
    read: int | None
    no_theme: int | None
    no_theme_share: float | None
    rows: list[QuotedTheme]
    terms: list[QuotedTerm]


def comments(
    session: Session, windows: Windows, project_id: str, question: Question
) -> dict[str, Any]:
    """Return the themes and terms of the comments, each with the latest that mention it.

    Those who may not see single answers get no quotes, and neither themes nor terms that tell
    of fewer than five comments.
    """
    view = look(session, windows, project_id, question, is_fixed=True)
    n = int(view.loaded.commented.sum())
    quoted, texts = latest_written(session, windows, view)
    themes = settings.themes(settings.read(session, project_id))
    work = partial(theme_table, quoted.answers, texts, themes, view.confidence)
    table = remembered(quoted, "themes", work, themes, view.confidence)
    terms = remembered(quoted, "terms", partial(term_table, quoted.answers, texts))
    sees = question.sees_answers
    if not sees:
        # A phrase lies within each of its words: beside them it would tell of the few without it.
        terms = [row for row in terms if " " not in row["term"]]
        table = _few_hidden(table)
        terms = _without_nested(terms, table, themes)
    users = len(latest(view.answers.without_usage()))
    told = n if sees else few.told_of(n, users)
    sentence = _sentence(told, table["no_theme_share"])
    return {
        **envelope(view, "comments", sentence),
        "comments": told,
        "read": len(texts) if told is not None else None,
        "no_theme": table["no_theme"],
        "no_theme_share": table["no_theme_share"],
        "rows": [_quoted(quoted, texts, row, sees) for row in table["themes"]],
        "terms": [_quoted(quoted, texts, row, sees) for row in terms],
    }


def latest_written(session: Session, windows: Windows, view: View) -> tuple[View, list[str]]:
    """Return the latest answers with a comment, without usage, and their comments."""
    rows = np.flatnonzero(view.loaded.commented)[-MOST_COMMENTS:]
    loaded = replace(view.loaded, answers=view.answers.without_usage()).select(rows)
    texts: list[str] = windows.comments(session, view.project_id, loaded).tolist()
    return replace(view, loaded=loaded), texts


def _few_hidden(table: ThemeTable) -> ThemeTable:
    """Leave away themes of fewer than five comments, or of all but so few, and what overlaps.

    The words that matched lie within their theme, and the themes together are the comments that
    have one: both would tell of the few in which two of them meet.
    """
    total = table["comments"]
    themes = [row.copy() for row in table["themes"] if few.told_of(row["comments"], total)]
    for row in themes:
        row["matched"] = {}
        row["level"] = few.without_bands(row["level"])
        if few.told_of(row["level"]["n"] or 0, row["comments"]) is None:
            row["level"] = hidden_level()
    hidden = table.copy()
    hidden["themes"] = themes
    hidden["no_theme"] = None
    hidden["no_theme_share"] = few.told_share(table["no_theme_share"])
    return hidden


def _without_nested(
    terms: Sequence[TermRow], table: ThemeTable, themes: Sequence[Theme]
) -> list[TermRow]:
    """Leave away words that nearly all comments have, or nearly all of a theme they match."""
    sizes = {row["theme"]: row["comments"] for row in table["themes"]}
    around = [(compile_theme(one), sizes[one.name]) for one in themes if one.name in sizes]
    return [
        row
        for row in terms
        if few.told_of(row["comments"], table["comments"]) is not None
        and all(
            few.told(abs(size - row["comments"])) is not None
            for matches, size in around
            if matches(row["term"])
        )
    ]


def _sentence(n: int | None, no_theme_share: float | None) -> str:
    if n is None:
        return "Too few wrote a comment, or none, to tell how many."
    if n == 0:
        return "No comments yet."
    if no_theme_share is None:
        return f"{n:,} comments."
    return f"{n:,} comments; {no_theme_share:.0f} % of them have no theme."


def _quoted(view: View, texts: Sequence[str | None], row: Any, sees: bool) -> dict[str, Any]:
    """Put the latest comments in the place of all keys; keys rise with time."""
    keys = row["keys"][-QUOTES:][::-1] if sees else []
    places = np.searchsorted(view.answers.key, keys).tolist()
    found = {name: value for name, value in row.items() if name != "keys"}
    return {**found, "quotes": [_quote(view, texts, place) for place in places]}


def _quote(view: View, texts: Sequence[str | None], i: int) -> Quote:
    return {
        "response_id": view.loaded.ids[i].decode(),
        "score": int(view.answers.score[i]),
        "answered_at": format_time(from_ms(int(view.answers.at[i]))),
        "comment": texts[i] or "",
    }

"""Themes before they are saved: how many of the comments each would match, and by which words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy.orm import Session

from backend.domain.insights.themes import Theme, comment_reader
from backend.services.insights.comments import latest_written
from backend.services.insights.question import Question
from backend.services.insights.view import look
from backend.services.insights.windows import Windows

QUOTES: Final = 3
DAYS: Final = 360


def trial(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    themes: Sequence[Theme],
) -> dict[str, Any]:
    """Return what each of `themes` matches in the window's comments, in the order given.

    For those alone who may see single answers: one's own words are a filter as fine as one likes.
    """
    view = look(session, windows, project_id, question, is_fixed=True)
    texts = [text for text in latest_written(session, windows, view)[1] if text and text.strip()]
    read = comment_reader(tuple(themes))
    matched = [read(text) for text in texts]
    without = sum(not any(of_text) for of_text in matched)
    rows = [
        _row(theme, texts, [of_text[i] for of_text in matched]) for i, theme in enumerate(themes)
    ]
    return {"comments": len(texts), "no_theme": without, "rows": rows}


def _row(theme: Theme, texts: Sequence[str], found: Sequence[list[str]]) -> dict[str, Any]:
    having = [text for text, patterns in zip(texts, found, strict=True) if patterns]
    n = len(having)
    counts = Counter(pattern for patterns in found for pattern in patterns)
    return {
        "theme": theme.name,
        "comments": n,
        "share": 100 * n / len(texts) if texts else None,
        "matched": dict(counts.most_common()),
        "unmatched": [one for one in theme.patterns if not counts[one]],
        "quotes": having[: -QUOTES - 1 : -1],
    }

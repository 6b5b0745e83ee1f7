"""Comments: the workspace's themes, and the NPS of those who mention them (section 11).

The user's own score is the sentiment; nothing here guesses one from the text.
"""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Answers, Bools
from backend.domain.insights.levels import ScoreLevel, level_of
from backend.domain.insights.rows import latest
from backend.domain.insights.telling import (
    LEAST_COMMENTS,
    READINGS_KEPT,
    term_association,
    written_of,
)
from backend.domain.insights.text import fold, has_no_spaces
from backend.domain.insights.wording import level_sentence

START = r"(?<!\w)"
COMMENTS_KEPT = 32_768
READERS_KEPT = 4
"""Themes of so many projects, with so many comments each, stay read: some 20 MB at most."""


class ThemeRow(TypedDict):
    """One theme: its comments (`keys`), what matched, and the NPS of those who mention it."""

    theme: str
    comments: int
    share: float | None
    level: ScoreLevel
    matched: dict[str, int]
    p_value: float | None
    keys: list[int]
    sentence: str


class ThemeTable(TypedDict):
    """All themes; `no_theme_share` in percent of the comments, always shown."""

    comments: int
    no_theme: int | None
    no_theme_share: float | None
    themes: list[ThemeRow]


@dataclass(frozen=True, slots=True)
class Theme:
    """A rule the workspace owns: words, phrases and prefixes ("slow*"), in any language."""

    name: str
    patterns: tuple[str, ...]


STARTER_THEMES = (
    Theme("Speed", ("slow*", "lag*", "fast", "faster", "performance", "loading", "langsam*")),
    Theme("Price", ("price*", "pricing", "expensive", "cost*", "cheap*", "teuer*", "caro")),
    Theme("Support", ("support", "help desk", "customer service", "response time")),
    Theme("Reliability", ("bug*", "crash*", "error*", "broken", "outage*", "downtime", "freez*")),
    Theme("Ease of use", ("easy", "simple", "intuitive", "confusing", "complicated", "difficult")),
    Theme("Design", ("design", "interface", "layout", "ui", "ux", "dark mode")),
    Theme("Integrations", ("integrat*", "api", "webhook*", "sync*", "import*", "export*")),
    Theme("Missing features", ("missing", "lacks", "wish", "would be nice", "feature request")),
    Theme("Documentation", ("docs", "documentation", "tutorial*", "onboarding", "guide*")),
)
"""A short generic list to start from; most comments of another product match none of it."""


def compile_theme(theme: Theme) -> Callable[[str], list[str]]:
    """Return a function that lists the patterns of a theme which a comment matches.

    Matching folds width, case and apostrophes, and heeds word boundaries; where a script has
    no spaces, any place in the text will do. Empty patterns match nothing.
    """
    matches = _of_folded(theme)
    return lambda comment: matches(fold(comment))


@lru_cache(maxsize=READERS_KEPT)
def comment_reader(themes: tuple[Theme, ...]) -> Callable[[str], tuple[list[str], ...]]:
    """Return a function that lists, for each theme, the patterns a comment matches.

    It remembers the comments it has read: each look at a window reads mostly the same ones.
    """
    readers = [_of_folded(theme) for theme in themes]

    @lru_cache(maxsize=COMMENTS_KEPT)
    def read(comment: str) -> tuple[list[str], ...]:
        folded = fold(comment)
        return tuple(reader(folded) for reader in readers)

    return read


def _of_folded(theme: Theme) -> Callable[[str], list[str]]:
    compiled = [
        (pattern, re.compile(_expression(fold(pattern.strip()))))
        for pattern in theme.patterns
        if pattern.strip(" *")
    ]
    any_of = _any_of([expression.pattern for _, expression in compiled])

    def matches(text: str) -> list[str]:
        if not any_of.search(text):
            return []
        return [pattern for pattern, expression in compiled if expression.search(text)]

    return matches


def theme_table(
    answers: Answers,
    comments: Sequence[str | None],
    themes: Sequence[Theme] = STARTER_THEMES,
    confidence: float = 0.95,
) -> ThemeTable:
    """Return each theme's comments and the NPS of those who mention it, most comments first.

    `comments` is as long as `answers`; every comment is counted and linked, while an NPS
    counts each user's last answer. A comment may have several themes.

    Raises:
        ValueError: `comments` differs from `answers` in length.
    """
    written, texts = written_of(answers, comments)
    rows, any_theme = [], np.zeros(len(texts), np.bool_)
    for theme, (has, matched) in zip(themes, _read(tuple(themes), tuple(texts)), strict=True):
        any_theme |= has
        rows.append(_theme_row(theme, written, matched, has, confidence))
    n, without = len(texts), int((~any_theme).sum())
    return {
        "comments": n,
        "no_theme": without,
        "no_theme_share": 100 * without / n if n else None,
        "themes": sorted(rows, key=lambda row: (-row["comments"], row["theme"])),
    }


@lru_cache(maxsize=READINGS_KEPT)
def _read(
    themes: tuple[Theme, ...], texts: tuple[str, ...]
) -> tuple[tuple[Bools, dict[str, int]], ...]:
    """Return for each theme which comments have it, and how often which pattern matched."""
    read = comment_reader(themes)
    matched = [read(text) for text in texts]
    by_theme = ([of_text[i] for of_text in matched] for i in range(len(themes)))
    return tuple(
        (
            np.array([bool(patterns) for patterns in found], np.bool_),
            dict(Counter(chain.from_iterable(found)).most_common()),
        )
        for found in by_theme
    )


def _expression(pattern: str) -> str:
    is_prefix = pattern.endswith("*")
    words = pattern.rstrip("*").split()
    body = r"\s+".join(re.escape(word) for word in words)
    if has_no_spaces(pattern):
        return body
    # Not \b, which would not hold beside a sign, as in "c++".
    return START + body + ("" if is_prefix else r"(?!\w)")


def _any_of(expressions: Sequence[str]) -> re.Pattern[str]:
    """One search for all: looking behind once instead of once a pattern is ten times faster."""
    if not expressions:
        return re.compile(r"(?!)")
    words = [e.removeprefix(START) for e in expressions if e.startswith(START)]
    anywhere = [e for e in expressions if not e.startswith(START)]
    return re.compile("|".join([f"{START}(?:{'|'.join(words)})"] * bool(words) + anywhere))


def _theme_row(
    theme: Theme, written: Answers, matched: dict[str, int], has: Bools, confidence: float
) -> ThemeRow:
    mentioned = written.select(has)
    shown = level_of(latest(mentioned), confidence)
    n = len(mentioned)
    return {
        "theme": theme.name,
        "comments": n,
        "share": 100 * n / len(written) if len(written) else None,
        "level": shown,
        "matched": matched.copy(),
        "p_value": term_association(written.y.tolist(), has.tolist())["p_value"]
        if n >= LEAST_COMMENTS
        else None,
        "keys": mentioned.key.tolist(),
        "sentence": f"Those who mention {theme.name}: {level_sentence(shown)}",
    }

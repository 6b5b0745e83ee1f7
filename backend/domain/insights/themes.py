"""Comments: the workspace's themes, and words that go with low or high scores (section 11).

The user's own score is the sentiment; nothing here guesses one from the text.
"""

import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Answers, Bools, Floats, Ints
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.levels import ScoreLevel, level_of
from backend.domain.insights.rows import clusters, latest
from backend.domain.insights.text import fold, has_no_spaces, terms
from backend.domain.insights.wording import level_sentence, points
from backend.domain.nps import two_sided_p

FALSE_DISCOVERY = 0.05
LEAST_COMMENTS = 5
LEAST_ACCOUNTS = 3
START = r"(?<!\w)"
COMMENTS_KEPT = 32_768
READERS_KEPT = 4
"""Themes of so many projects, with so many comments each, stay read: some 20 MB at most."""


class TermAssociation(TypedDict):
    """One word or theme on the unit scale: those whose comment has it, and the others."""

    n_with: int
    nps_with: float | None
    nps_without: float | None
    z: float | None
    p_value: float | None


class TermRow(TypedDict):
    """A word or phrase that goes with low or high scores, in points; `keys` are responses."""

    term: str
    comments: int
    accounts: int
    nps_with: float
    nps_without: float
    p_value: float
    q_value: float
    goes_with: str
    keys: list[int]


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
    no_theme: int
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


def term_association(y: Sequence[int], has: Sequence[int]) -> TermAssociation:
    """Compare the scores of comments that have a term with those of the others.

    None when no comment or every comment has it, or when all gave the same category.

    Raises:
        ValueError: lengths differ.

    Source: a randomisation test of the mean, Mantel 1963.
    """
    values, flags = np.asarray(y, np.float64), np.asarray(has, np.bool_)
    if len(values) != len(flags):
        raise ValueError("y and has differ in length")
    n, a = len(values), int(flags.sum())
    result: TermAssociation = {
        "n_with": a,
        "nps_with": None,
        "nps_without": None,
        "z": None,
        "p_value": None,
    }
    if a in (0, n):
        return result
    result["nps_with"] = float(values[flags].mean())
    result["nps_without"] = float(values[~flags].mean())
    z = float(_z(np.array([a]), np.array([values[flags].sum()]), values)[0])
    if not math.isnan(z):
        result["z"], result["p_value"] = z, two_sided_p(z)
    return result


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
    written, texts = _written(answers, comments)
    rows, any_theme = [], np.zeros(len(texts), np.bool_)
    read = comment_reader(tuple(themes))
    matched = [read(text) for text in texts]
    for i, theme in enumerate(themes):
        found = [of_theme[i] for of_theme in matched]
        has = np.array([bool(patterns) for patterns in found], np.bool_)
        any_theme |= has
        rows.append(_theme_row(theme, written, found, has, confidence))
    n, without = len(texts), int((~any_theme).sum())
    return {
        "comments": n,
        "no_theme": without,
        "no_theme_share": 100 * without / n if n else None,
        "themes": sorted(rows, key=lambda row: (-row["comments"], row["theme"])),
    }


def term_table(answers: Answers, comments: Sequence[str | None]) -> list[TermRow]:
    """Return the words and phrases that go with low or high scores, strongest first.

    A term needs 5 comments from 3 accounts; kept at a false discovery rate of 0.05 over all
    terms that had as many. Counted once a comment.

    Raises:
        ValueError: `comments` differs from `answers` in length.
    """
    written, texts = _written(answers, comments)
    y, (cluster, _) = written.y.astype(np.float64), clusters(written)
    found = [terms(text) for text in texts]
    counts = Counter(term for of_text in found for term in of_text)
    # Most terms stand in a comment or two: only the others are worth their places.
    often = {term for term, n in counts.items() if LEAST_COMMENTS <= n < len(texts)}
    places: dict[str, list[int]] = {term: [] for term in sorted(often)}
    for i, of_text in enumerate(found):
        for term in of_text & often:
            places[term].append(i)
    known = {
        term: np.array(rows)
        for term, rows in places.items()
        if _accounts(cluster, np.array(rows)) >= LEAST_ACCOUNTS
    }
    a = np.array([len(rows) for rows in known.values()], np.int64)
    sums = np.array([y[rows].sum() for rows in known.values()], np.float64)
    z = _z(a, sums, y)
    tested = [(t, rows, float(v)) for (t, rows), v in zip(known.items(), z, strict=True) if v == v]
    q = benjamini_hochberg([two_sided_p(v) for _, _, v in tested])
    kept = sorted(
        (
            (abs(v), term, rows, v, qv)
            for (term, rows, v), qv in zip(tested, q, strict=True)
            if qv <= FALSE_DISCOVERY
        ),
        key=lambda row: (-row[0], row[1]),
    )
    return [_term_row(written, y, cluster, term, rows, v, qv) for _, term, rows, v, qv in kept]


def _z(a: Ints, sums: Floats, y: Floats) -> Floats:
    """z of each term from its comments and their sum of y; NaN without variance."""
    n = len(y)
    if n < 2:
        return np.full(len(a), np.nan)
    mean = float(y.mean())
    variance = a * (n - a) / (n * (n - 1)) * float(((y - mean) ** 2).sum())
    defined = variance > 1e-12
    z = np.full(len(a), np.nan)
    z[defined] = (sums - a * mean)[defined] / np.sqrt(variance[defined])
    return z


def _written(answers: Answers, comments: Sequence[str | None]) -> tuple[Answers, list[str]]:
    if len(comments) != len(answers):
        raise ValueError("one comment, or None, for each answer")
    rows = np.array([bool(c and c.strip()) for c in comments], np.bool_)
    return answers.without_usage().select(rows), [c for c in comments if c and c.strip()]


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
    theme: Theme, written: Answers, found: list[list[str]], has: Bools, confidence: float
) -> ThemeRow:
    mentioned = written.select(has)
    shown = level_of(latest(mentioned), confidence)
    n = len(mentioned)
    return {
        "theme": theme.name,
        "comments": n,
        "share": 100 * n / len(written) if len(written) else None,
        "level": shown,
        "matched": dict(Counter(p for patterns in found for p in patterns).most_common()),
        "p_value": term_association(written.y.tolist(), has.tolist())["p_value"]
        if n >= LEAST_COMMENTS
        else None,
        "keys": mentioned.key.tolist(),
        "sentence": f"Those who mention {theme.name}: {level_sentence(shown)}",
    }


def _term_row(
    written: Answers, y: Floats, cluster: Ints, term: str, rows: Ints, z: float, q: float
) -> TermRow:
    a, total = len(rows), float(y[rows].sum())
    return {
        "term": term,
        "comments": a,
        "accounts": _accounts(cluster, rows),
        "nps_with": points(total / a) or 0.0,
        "nps_without": points((float(y.sum()) - total) / (len(y) - a)) or 0.0,
        "p_value": two_sided_p(z),
        "q_value": q,
        "goes_with": "low scores" if z < 0 else "high scores",
        "keys": written.key[rows].tolist(),
    }


def _accounts(cluster: Ints, rows: Ints) -> int:
    return len(set(cluster[rows].tolist()))

"""Words and phrases that go with low or high scores (METHODS section 11)."""

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Answers, Floats, Ints
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.rows import clusters
from backend.domain.insights.text import terms
from backend.domain.insights.wording import points
from backend.domain.nps import two_sided_p

FALSE_DISCOVERY = 0.05
LEAST_COMMENTS = 5
LEAST_ACCOUNTS = 3
READINGS_KEPT = 8
"""So many sets of comments stay read: the same look again touches no text, 3 MB each at most."""


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


def term_table(answers: Answers, comments: Sequence[str | None]) -> list[TermRow]:
    """Return the words and phrases that go with low or high scores, strongest first.

    A term needs 5 comments from 3 accounts; kept at a false discovery rate of 0.05 over all
    terms that had as many. Counted once a comment.

    Raises:
        ValueError: `comments` differs from `answers` in length.
    """
    written, texts = written_of(answers, comments)
    y, (cluster, _) = written.y.astype(np.float64), clusters(written)
    rows, term, names = _mentions(tuple(texts))
    a = np.bincount(term, minlength=len(names))
    sums = np.bincount(term, y[rows], len(names)).astype(np.float64)
    width = int(cluster.max(initial=0)) + 1
    pairs = np.unique(term * width + cluster[rows])
    accounts = np.bincount(pairs // width, minlength=len(names))
    z = np.where(accounts >= LEAST_ACCOUNTS, _z(a, sums, y), np.nan)
    tested = np.flatnonzero(~np.isnan(z))
    q = benjamini_hochberg([two_sided_p(float(z[i])) for i in tested])
    kept = sorted(
        ((i, qv) for i, qv in zip(tested.tolist(), q, strict=True) if qv <= FALSE_DISCOVERY),
        key=lambda one: (-abs(z[one[0]]), names[one[0]]),
    )
    return [
        _term_row(written, y, names[i], rows[term == i], int(accounts[i]), float(z[i]), qv)
        for i, qv in kept
    ]


@lru_cache(maxsize=READINGS_KEPT)
def _mentions(texts: tuple[str, ...]) -> tuple[Ints, Ints, list[str]]:
    """Return comment and term of each mention, and the terms of 5 comments or more by name."""
    found = [terms(text) for text in texts]
    counts = Counter(chain.from_iterable(found))
    # Most terms stand in a comment or two: only the others are worth their places.
    names = sorted(t for t, n in counts.items() if LEAST_COMMENTS <= n < len(texts))
    place = dict.fromkeys(counts, -1) | {name: i for i, name in enumerate(names)}
    lengths = np.fromiter(map(len, found), np.int64, len(found))
    term = np.fromiter(map(place.__getitem__, chain.from_iterable(found)), np.int64)
    rows = np.repeat(np.arange(len(found)), lengths)
    return rows[term >= 0], term[term >= 0], names


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


def written_of(answers: Answers, comments: Sequence[str | None]) -> tuple[Answers, list[str]]:
    """Return the answers that have a comment, without usage, and the comments.

    Raises:
        ValueError: `comments` differs from `answers` in length.
    """
    if len(comments) != len(answers):
        raise ValueError("one comment, or None, for each answer")
    rows = np.array([bool(c and c.strip()) for c in comments], np.bool_)
    return answers.without_usage().select(rows), [c for c in comments if c and c.strip()]


def _term_row(
    written: Answers, y: Floats, term: str, rows: Ints, accounts: int, z: float, q: float
) -> TermRow:
    a, total = len(rows), float(y[rows].sum())
    return {
        "term": term,
        "comments": a,
        "accounts": accounts,
        "nps_with": points(total / a) or 0.0,
        "nps_without": points((float(y.sum()) - total) / (len(y) - a)) or 0.0,
        "p_value": two_sided_p(z),
        "q_value": q,
        "goes_with": "low scores" if z < 0 else "high scores",
        "keys": written.key[rows].tolist(),
    }

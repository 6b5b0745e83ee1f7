"""From the tables of answers to the columns that insights work on, once a window.

A window is read in pieces on the driver, each turned into arrays at once, so that a million
answers never exist as Python objects together. Usage profiles stay what they are in the
database, packed 32-bit name ids: joining the bytes of all rows is the whole conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from backend.domain.insights.columns import (
    NO_ACCOUNT,
    Codes,
    Labelled,
    make_answers,
)
from backend.storage.answers_loaded import Loaded, whole
from backend.storage.answers_used import KINDS, NAMES, used_before
from backend.storage.fast import Sql
from backend.storage.pieces import pieces

# The dimensions of an answer, and the column each is read from.
_NAMED: Final = {
    "role": "role",
    "plan": "plan",
    "page": "page",
    "language": "language",
    "version": "app_version",
    "device": "device",
}
# Every value that crosses from the driver costs as much as the row's own reading. So small
# numbers come as one, and names as one text: equal texts are told apart from new ones by one look.
# SQLite joins them with `printf`, PostgreSQL with `format`; both take NULL for an empty text.
_BETWEEN: Final = "\x1f"
_JOINED: Final = (*_NAMED.values(), "survey_id", "version")
_NAMES_AS_ONE: Final = f"JOINED('{_BETWEEN.join(['%s'] * len(_JOINED))}', {', '.join(_JOINED)})"
_FLAGS: Final = (
    "score + 16 * CAST(is_verified AS INTEGER)"
    " + 32 * CAST(coalesce(active_percentile, 0) >= 90 AS INTEGER)"
    " + 64 * CAST(comment IS NOT NULL AND comment <> '' AS INTEGER)"
    " + 128 * (coalesce(active_days, -1) + 1)"
)
_COLUMNS: Final = (
    f"id, {_FLAGS}, user_key, coalesce(account_key, {NO_ACCOUNT}), answered_at,"
    " CASE WHEN is_manual THEN 0.0 ELSE coalesce(admission_probability, 0.0) END,"
    " coalesce(active_midrank, active_percentile, -1.0),"
    f" features, pages, {_NAMES_AS_ONE}"
)
COUNTED: Final = (
    "project_id = ? AND score IS NOT NULL AND answered_at >= ? AND answered_at < ?"
    " AND NOT is_test AND state IN ('scored', 'completed')"
)
_ANSWERS: Final = f"SELECT {_COLUMNS} FROM responses WHERE {COUNTED} ORDER BY answered_at"  # noqa: S608
_CHANGED: Final = (
    f"SELECT {_COLUMNS} FROM responses WHERE {COUNTED} AND updated_at >= ?"  # noqa: S608
    " ORDER BY answered_at"
)
_LATELY = Sql("SELECT id, created_at FROM responses WHERE project_id = ? AND updated_at >= ?")
_STAMP = Sql("SELECT count(*), max(updated_at) FROM responses WHERE project_id = ?")
_CATALOGUE_STAMP = Sql("SELECT max(changed_at) FROM catalogue WHERE project_id = ?")


@dataclass(frozen=True, slots=True)
class Survey:
    """One published version as the columns name it; `is_nps` when its score runs 0 to 10."""

    id: str
    name: str
    number: int
    is_nps: bool


def stamp(connection: Connection, project_id: str) -> tuple[int, int | None, int | None]:
    """Return what differs as soon as what answers are read from has changed.

    That is any response of the project added, changed or erased, and the names of features.
    """
    number, updated_at = _STAMP(connection, (project_id,)).fetchone()
    return number, updated_at, _CATALOGUE_STAMP(connection, (project_id,)).fetchone()[0]


def changed_since(
    connection: Connection, project_id: str, since_ms: int
) -> tuple[frozenset[bytes], frozenset[bytes]]:
    """Return the ids of the responses changed since then, and of those added since then.

    Answered or not, tests too: an answer that counts no more has changed as well.
    """
    rows = _LATELY(connection, (project_id, since_ms)).fetchall()
    changed = frozenset(response_id.encode() for response_id, _ in rows)
    added = frozenset(id_.encode() for id_, created_at in rows if created_at >= since_ms)
    return changed, added


def load(
    connection: Connection,
    project_id: str,
    start_ms: int,
    end_ms: int,
    surveys: Sequence[Survey],
    changed_since_ms: int | None = None,
) -> Loaded:
    """Return the answers given in [start, end) to NPS surveys; tests are left out.

    Cost: one scan of the window's rows, whatever usage is stored.

    Args:
        changed_since_ms: only those changed since then.
    """
    parts = _Parts()
    text, more = (_ANSWERS, ()) if changed_since_ms is None else (_CHANGED, (changed_since_ms,))
    for rows in pieces(connection, text, project_id, start_ms, end_ms, *more):
        parts.add(list(zip(*rows, strict=True)))
    return parts.joined(surveys, NAMES(connection, (project_id,)).fetchall())


class _Coder(dict[Any, int]):
    """Numbers values in the order they are met; None is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})
        self._next = count()

    def __missing__(self, value: Any) -> int:
        self[value] = code = next(self._next)
        return code

    def codes(self, values: Iterable[Any]) -> Codes:
        """Return the code of each value."""
        return np.fromiter(map(self.__getitem__, values), np.int32)

    @property
    def labels(self) -> tuple[Any, ...]:
        """The values, each at the place of its code."""
        return tuple(value for value in self if value is not None)


class _Parts:
    """The pieces of a window as arrays, one list a column."""

    def __init__(self) -> None:
        self._names = _Coder()
        self._columns: dict[str, list[Any]] = {}

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take the columns of a piece, in the order of `_COLUMNS`."""
        ids, flags, user, account, at, pi, midrank, features, pages, names = columns
        bits, rank = np.array(flags, np.int64), np.array(midrank, np.float64)
        self._keep(
            ids=_ascii(ids),
            score=(bits & 15).astype(np.int8),
            verified=(bits & 16) > 0,
            top_decile=(bits & 32) > 0,
            active_days=np.maximum((bits >> 7) - 1, 0).astype(np.int16),
            profiled=bits >= 128,
            commented=(bits & 64) > 0,
            user=np.array(user, np.int64),
            account=np.array(account, np.int64),
            at=np.array(at, np.int64),
            weight=_inverse(np.array(pi, np.float64)),
            percentile=np.where(rank < 0, np.nan, rank),
            names=self._names.codes(names),
        )
        for kind, blobs in (("features", features), ("pages", pages)):
            packed = [blob or b"" for blob in blobs]
            lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // 4
            ids_ = np.frombuffer(b"".join(packed), "<u4").astype(np.int32)
            self._keep(**{kind: ids_, kind + "_lengths": lengths})

    def joined(self, surveys: Sequence[Survey], names: Sequence[Any]) -> Loaded:
        """Return the whole window, without answers on another scale than 0 to 10."""
        # One column at a time, so that the pieces of one alone are held twice.
        names_of = list(self._columns)
        one: dict[str, Any] = {name: np.concatenate(self._columns.pop(name)) for name in names_of}
        dimensions = self._dimensions(one.pop("names", np.zeros(0, np.int32)), surveys)
        if not one:
            empty = make_answers(np.zeros(0, np.int64), dimensions=dimensions)
            none = np.zeros(0, np.bool_)
            return whole(empty, np.zeros(0, "S1"), none, none, 0)
        size = sum(column.nbytes for column in one.values())
        used: dict[str, Any] = {kind: used_before(one, kind, names) for kind in KINDS}
        beside = [one.pop(name) for name in ("ids", "profiled", "commented")]
        answers = make_answers(one.pop("score"), **one, **used, dimensions=dimensions)
        is_nps = np.array([*(survey.is_nps for survey in surveys), False])
        kept = is_nps[answers.dimension("survey_version").codes]
        if not kept.all():
            answers, beside = answers.select(kept), [column[kept] for column in beside]
        ids, profiled, commented = beside
        return whole(answers, ids, profiled, commented, size)

    def _keep(self, **columns: Any) -> None:
        for name, column in columns.items():
            self._columns.setdefault(name, []).append(column)

    def _dimensions(self, codes: Codes, surveys: Sequence[Survey]) -> dict[str, Labelled]:
        """Take the joined names apart: once for each combination that occurs."""
        combinations = [_parted(text) for text in self._names.labels]
        found = {}
        for place, name in enumerate(_NAMED):
            coder = _Coder()
            of_combination = coder.codes(parts[place] or None for parts in combinations)
            found[name] = Labelled(of_combination[codes], coder.labels)
        versions = {(s.id, str(s.number)): i for i, s in enumerate(surveys)}
        pairs = ((parts[-2], parts[-1]) for parts in combinations)
        version = np.fromiter((versions.get(pair, -1) for pair in pairs), np.int32)[codes]
        ids = _Coder()
        survey = np.append(ids.codes(survey.id for survey in surveys), np.int32(-1))[version]
        labels = tuple(_version_label(survey, surveys) for survey in surveys)
        found["survey"] = Labelled(survey, ids.labels)
        found["survey_version"] = Labelled(version, labels)
        return found


def _parted(text: str) -> list[str]:
    """Take joined names apart; one that holds the separator itself must not shift the survey."""
    parts = text.split(_BETWEEN)
    extra = len(parts) - len(_JOINED)
    return parts if extra == 0 else [*parts[: len(_JOINED) - 2], *parts[-2:]]


def _ascii(ids: Sequence[str]) -> np.typing.NDArray[np.bytes_]:
    """Return ids as ASCII bytes; those we make are all of one length, which is fast."""
    length = len(ids[0])
    if set(map(len, ids)) == {length}:
        return np.frombuffer("".join(ids).encode(), f"S{length}")
    return np.array(ids, "S")


def _inverse(probability: Any) -> Any:
    """1/pi; 0, which keeps an answer out of weighted numbers, where there is no pi."""
    known = probability > 0
    return np.divide(1.0, probability, out=np.zeros(len(probability)), where=known)


def _version_label(survey: Survey, surveys: Sequence[Survey]) -> str:
    """Return "Name v2"; with the survey's id where two surveys share a name."""
    twins = {other.id for other in surveys if other.name == survey.name}
    name = survey.name if len(twins) == 1 else f"{survey.name} ({survey.id})"
    return f"{name} v{survey.number}"

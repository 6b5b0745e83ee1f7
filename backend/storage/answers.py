"""From the tables of answers to the columns that insights work on, once a window.

A window is read in pieces on the driver, each turned into arrays at once, so that a million
answers never exist as Python objects together. Usage profiles stay what they are in the
database, packed 32-bit name ids: joining the bytes of all rows is the whole conversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, cast

import numpy as np
from sqlalchemy import Connection

from backend.domain.insights.columns import (
    NO_ACCOUNT,
    Answers,
    Bools,
    Codes,
    Ints,
    Labelled,
    Used,
    make_answers,
)
from backend.storage.fast import Sql, from_json, to_json

PIECE: Final = 20_000
KINDS: Final = {"features": "feature", "pages": "page"}
# The dimensions of an answer, and the column each is read from.
_NAMED: Final = {
    "role": "role",
    "plan": "plan",
    "page": "page",
    "language": "language",
    "version": "app_version",
    "device": "device",
}
_COLUMNS: Final = (
    "id, score, user_key, account_key, answered_at, admission_probability, is_manual,"
    " is_verified, active_days, active_percentile, active_midrank, features, pages, survey_id,"
    " version, " + ", ".join(_NAMED.values())
)
_COUNTED: Final = (
    "project_id = ? AND score IS NOT NULL AND answered_at >= ? AND answered_at < ?"
    " AND NOT is_test AND state IN ('scored', 'completed')"
)
_TRAITS: Final = f"SELECT id, traits FROM responses WHERE {_COUNTED}"  # noqa: S608
_ANSWERS: Final = f"SELECT {_COLUMNS} FROM responses WHERE {_COUNTED} ORDER BY answered_at, id"  # noqa: S608
_STAMP = Sql("SELECT count(*), max(updated_at) FROM responses WHERE project_id = ?")
_NAMES = Sql("SELECT id, kind, name FROM names WHERE project_id = ?")


@dataclass(frozen=True, slots=True)
class Survey:
    """One published version as the columns name it; `is_nps` when its score runs 0 to 10."""

    id: str
    name: str
    number: int
    is_nps: bool


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answers of a window by (time, id), and what lies beside the columns of `Answers`.

    `ids` are the responses' ids as ASCII bytes; `profiled` says whose usage before the
    invitation has been computed. `bytes` is about what the arrays hold in memory.
    """

    answers: Answers
    ids: np.typing.NDArray[np.bytes_]
    profiled: Bools
    bytes: int

    def select(self, rows: Bools | Ints) -> Loaded:
        """Return the chosen rows."""
        answers = self.answers.select(rows)
        return Loaded(answers, self.ids[rows], self.profiled[rows], self.bytes)

    def between(self, start_ms: int, end_ms: int) -> Loaded:
        """Return the rows of [start, end), as views of the same memory."""
        first, last = np.searchsorted(self.answers.at, [start_ms, end_ms]).tolist()
        if first == 0 and last == len(self.answers):
            return self
        answers = self.answers.between(first, last)
        return Loaded(answers, self.ids[first:last], self.profiled[first:last], self.bytes)


def stamp(connection: Connection, project_id: str) -> tuple[int, int | None]:
    """Return what differs as soon as any response of the project was added, changed or erased."""
    number, updated_at = _STAMP(connection, (project_id,)).fetchone()
    return number, updated_at


def load(
    connection: Connection,
    project_id: str,
    start_ms: int,
    end_ms: int,
    surveys: Sequence[Survey],
) -> Loaded:
    """Return the answers given in [start, end) to NPS surveys; tests are left out.

    Cost: one scan of the window's rows, whatever usage is stored.
    """
    parts = _Parts({(s.id, s.number): i for i, s in enumerate(surveys)})
    for rows in _pieces(connection, _ANSWERS, project_id, start_ms, end_ms):
        parts.add(list(zip(*rows, strict=True)))
    return parts.joined(surveys, _NAMES(connection, (project_id,)).fetchall())


def trait(
    connection: Connection, project_id: str, start_ms: int, end_ms: int, name: str
) -> dict[bytes, str]:
    """Return one trait by response id (as in `Loaded.ids`), of the answers that have it.

    Numbers and truth values are their JSON text; lists and objects are no value to group by.
    """
    found: dict[bytes, str] = {}
    for rows in _pieces(connection, _TRAITS, project_id, start_ms, end_ms):
        for response_id, packed in rows:
            value = from_json(packed).get(name)
            if isinstance(value, str):
                found[response_id.encode()] = value
            elif isinstance(value, bool | int | float):
                found[response_id.encode()] = to_json(value)
    return found


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

    def __init__(self, places: dict[tuple[str, int], int]) -> None:
        self._places = places
        self._coders = {name: _Coder() for name in _NAMED}
        self._columns: dict[str, list[Any]] = {}

    def add(self, columns: Sequence[Sequence[Any]]) -> None:
        """Take the columns of a piece, in the order of `_COLUMNS`."""
        ids, score, user, account, at, pi, manual, verified, days, share, midrank = columns[:11]
        features, pages, survey, version = columns[11:15]
        weight = np.array(pi, np.float64)
        weight[np.array(manual, np.bool_)] = np.nan
        share_ = np.array(share, np.float64)
        midrank_ = np.array(midrank, np.float64)
        place = self._places
        self._keep(
            ids=np.array(ids, "S"),
            score=np.array(score, np.int8),
            user=np.array(user, np.int64),
            account=np.array([NO_ACCOUNT if a is None else a for a in account], np.int64),
            at=np.array(at, np.int64),
            weight=_inverse(weight),
            verified=np.array(verified, np.bool_),
            active_days=np.nan_to_num(np.array(days, np.float64)).astype(np.int16),
            percentile=np.where(np.isnan(midrank_), share_, midrank_),
            top_decile=share_ >= 90,
            profiled=np.array([d is not None for d in days], np.bool_),
            survey=np.fromiter(
                (place.get(pair, -1) for pair in zip(survey, version, strict=True)), np.int32
            ),
            **{
                name: self._coders[name].codes(values)
                for name, values in zip(_NAMED, columns[15:], strict=True)
            },
        )
        for kind, blobs in (("features", features), ("pages", pages)):
            packed = [b"" if blob is None else blob for blob in blobs]
            lengths = np.fromiter(map(len, packed), np.int64, len(packed)) // 4
            ids_ = np.frombuffer(b"".join(packed), "<u4").astype(np.int32)
            self._keep(**{kind: ids_, kind + "_lengths": lengths})

    def joined(self, surveys: Sequence[Survey], names: Sequence[Any]) -> Loaded:
        """Return the whole window, without answers on another scale than 0 to 10."""
        one = {name: np.concatenate(parts) for name, parts in self._columns.items()}
        self._columns.clear()
        if not one:
            nothing = np.zeros(0, np.int64)
            empty = make_answers(nothing, dimensions=self._dimensions({}, surveys))
            return Loaded(empty, np.zeros(0, "S1"), np.zeros(0, np.bool_), 0)
        profiles = {kind: _used(one, kind, names) for kind in KINDS}
        answers = make_answers(
            one["score"],
            user=one["user"],
            account=one["account"],
            at=one["at"],
            weight=one["weight"],
            verified=one["verified"],
            active_days=one["active_days"],
            percentile=one["percentile"],
            top_decile=one["top_decile"],
            features=profiles["features"],
            pages=profiles["pages"],
            dimensions=self._dimensions(one, surveys),
        )
        size = sum(column.nbytes for column in one.values())
        loaded = Loaded(answers, one["ids"], one["profiled"], size)
        is_nps = np.array([*(survey.is_nps for survey in surveys), False])
        kept = is_nps[one["survey"]]
        return loaded if kept.all() else loaded.select(kept)

    def _keep(self, **columns: Any) -> None:
        for name, column in columns.items():
            self._columns.setdefault(name, []).append(column)

    def _dimensions(self, one: dict[str, Any], surveys: Sequence[Survey]) -> dict[str, Labelled]:
        none = np.zeros(0, np.int32)
        named = {
            name: Labelled(one.get(name, none), coder.labels)
            for name, coder in self._coders.items()
        }
        codes = one.get("survey", none)
        ids = _Coder()
        of_version = ids.codes(survey.id for survey in surveys)
        labels = tuple(_version_label(survey, surveys) for survey in surveys)
        return named | {
            "survey": Labelled(np.append(of_version, np.int32(-1))[codes], ids.labels),
            "survey_version": Labelled(codes, labels),
        }


def _pieces(
    connection: Connection, text: str, project_id: str, start_ms: int, end_ms: int
) -> Iterator[list[Any]]:
    driver = cast(Any, connection.connection.dbapi_connection)
    if connection.dialect.name == "sqlite":
        cursor = driver.execute(text, (project_id, start_ms, end_ms))
        while rows := cursor.fetchmany(PIECE):
            yield rows
        return
    # A cursor on the server: the driver would otherwise hold the whole window as text first.
    with driver.cursor(name="answers") as cursor:
        cursor.execute(text.replace("?", "%s"), (project_id, start_ms, end_ms), binary=True)
        while rows := cursor.fetchmany(PIECE):
            yield rows


def _inverse(probability: Any) -> Any:
    """1/pi; 0, which keeps an answer out of weighted numbers, where there is no pi."""
    known = probability > 0
    return np.divide(1.0, probability, out=np.zeros(len(probability)), where=known)


def _used(one: dict[str, Any], kind: str, names: Sequence[Any]) -> Used:
    """Number the names that occur from 0; ids that are no name of the project are dropped."""
    ids, lengths = one.pop(kind), one.pop(kind + "_lengths")
    label = {int(name_id): name for name_id, of_kind, name in names if of_kind == KINDS[kind]}
    size = max([0, *label, int(ids.max()) if len(ids) else 0]) + 1
    present = np.zeros(size, np.bool_)
    present[ids] = True
    kept = [name_id for name_id in np.flatnonzero(present).tolist() if name_id in label]
    place = np.full(size, -1, np.int32)
    place[kept] = np.arange(len(kept))
    numbered = place[ids]
    if len(kept) < int(present.sum()):
        known = numbered >= 0
        row = np.repeat(np.arange(len(lengths)), lengths)[known]
        lengths, numbered = np.bincount(row, minlength=len(lengths)), numbered[known]
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Used(indptr, numbered, tuple(label[name_id] for name_id in kept))


def _version_label(survey: Survey, surveys: Sequence[Survey]) -> str:
    """Return "Name v2"; with the survey's id where two surveys share a name."""
    twins = {other.id for other in surveys if other.name == survey.name}
    name = survey.name if len(twins) == 1 else f"{survey.name} ({survey.id})"
    return f"{name} v{survey.number}"

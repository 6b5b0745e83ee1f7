"""The columns every insight works on: one row an answer, one array a fact about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from backend.domain.nps import categories

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Codes = npt.NDArray[np.int32]
Bools = npt.NDArray[np.bool_]

DIMENSIONS = ("role", "plan", "page", "language", "version")
NO_ACCOUNT = -1


@dataclass(frozen=True, slots=True)
class Labelled:
    """A column of names: `codes[i]` is the place of row i's name in `labels`, -1 for none."""

    codes: Codes
    labels: tuple[str, ...] = ()

    def select(self, rows: Bools | Ints) -> "Labelled":
        """Return the chosen rows; the labels stay as they are."""
        return Labelled(self.codes[rows], self.labels)


@dataclass(frozen=True, slots=True)
class Used:
    """What each answerer had used before: row i's ids are `ids[indptr[i]:indptr[i + 1]]`.

    An id is a place in `labels` and occurs at most once a row.
    """

    indptr: Ints
    ids: Codes
    labels: tuple[str, ...] = ()

    @property
    def lengths(self) -> Ints:
        """How many ids each row has."""
        return np.diff(self.indptr)

    def select(self, rows: Bools | Ints) -> "Used":
        """Return the chosen rows with their ids."""
        if rows.dtype == np.bool_:
            ids = self.ids[np.repeat(rows, self.lengths)]
            return Used(_indptr(self.lengths[rows]), ids, self.labels)
        lengths = self.lengths[rows]
        indptr = _indptr(lengths)
        places = np.arange(indptr[-1]) + np.repeat(self.indptr[:-1][rows] - indptr[:-1], lengths)
        return Used(indptr, self.ids[places], self.labels)

    def between(self, first: int, last: int) -> "Used":
        """Return the rows `first` to `last - 1`, their ids as a view of the same memory."""
        indptr = self.indptr[first : last + 1]
        return Used(indptr - indptr[0], self.ids[indptr[0] : indptr[-1]], self.labels)

    def rows_with(self, id_: int) -> Bools:
        """Say which rows have `id_`."""
        found = np.zeros(len(self.indptr) - 1, np.bool_)
        row = np.searchsorted(self.indptr, np.flatnonzero(self.ids == id_), side="right") - 1
        found[row] = True
        return found


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers of a window as columns of one length; build with `make_answers`.

    `key` is the response's own number, `at` milliseconds since 1970 UTC, `y` the category
    as +1, 0, -1. `weight` is 1/pi, 0 for answers outside the sampling rule. `percentile` is
    the midrank of active use, 0 to 100, NaN when unknown; `top_decile` is the named group.
    """

    key: Ints
    score: npt.NDArray[np.int8]
    y: npt.NDArray[np.int8]
    user: Ints
    account: Ints
    at: Ints
    weight: Floats
    verified: Bools
    active_days: npt.NDArray[np.int16]
    percentile: Floats
    top_decile: Bools
    features: Used
    pages: Used
    dimensions: Mapping[str, Labelled] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.score)

    def select(self, rows: Bools | Ints) -> "Answers":
        """Return the chosen rows: a mask as long as the answers, or row numbers."""
        if rows.dtype == np.bool_ and rows.all():
            return self
        columns = {
            column.name: getattr(self, column.name)[rows]
            for column in fields(self)
            if column.name not in ("features", "pages", "dimensions")
        }
        named = {name: labelled.select(rows) for name, labelled in self.dimensions.items()}
        return Answers(
            **columns,
            features=self.features.select(rows),
            pages=self.pages.select(rows),
            dimensions=named,
        )

    def between(self, first: int, last: int) -> "Answers":
        """Return the rows `first` to `last - 1` as views of the same memory."""
        columns = {
            column.name: getattr(self, column.name)[first:last]
            for column in fields(self)
            if column.name not in ("features", "pages", "dimensions")
        }
        named = {
            name: Labelled(labelled.codes[first:last], labelled.labels)
            for name, labelled in self.dimensions.items()
        }
        return Answers(
            **columns,
            features=self.features.between(first, last),
            pages=self.pages.between(first, last),
            dimensions=named,
        )

    def without_usage(self) -> "Answers":
        """Return the answers without features and pages, which makes `select` cheap."""
        nothing = Used(np.zeros(len(self) + 1, np.int64), np.zeros(0, np.int32))
        columns = {column.name: getattr(self, column.name) for column in fields(self)}
        return Answers(**(columns | {"features": nothing, "pages": nothing}))

    def dimension(self, name: str) -> Labelled:
        """Return a column of names.

        Raises:
            ValueError: there is no such dimension; the message lists those there are.
        """
        if name not in self.dimensions:
            known = ", ".join(sorted(self.dimensions)) or "none"
            raise ValueError(f"unknown dimension; known: {known}")
        return self.dimensions[name]

    def where(self, name: str, label: str) -> Bools:
        """Say which rows carry `label` in the dimension `name`; none for an unknown label."""
        column = self.dimension(name)
        if label not in column.labels:
            return np.zeros(len(self), np.bool_)
        found: Bools = column.codes == column.labels.index(label)
        return found


def make_answers(
    score: npt.ArrayLike,
    *,
    key: npt.ArrayLike | None = None,
    user: npt.ArrayLike | None = None,
    account: npt.ArrayLike | None = None,
    at: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    verified: npt.ArrayLike | None = None,
    active_days: npt.ArrayLike | None = None,
    percentile: npt.ArrayLike | None = None,
    top_decile: npt.ArrayLike | None = None,
    features: Used | None = None,
    pages: Used | None = None,
    dimensions: Mapping[str, Labelled] | None = None,
) -> Answers:
    """Build `Answers`; what is left out is the same for all rows or simply unknown.

    Without `user` each row is its own user, without `account` nobody has one.

    Raises:
        ValueError: a score is not a whole number from 0 to 10, or columns differ in length.
    """
    y = categories(score)
    n = len(y)
    percentiles = np.asarray(np.full(n, np.nan) if percentile is None else percentile, np.float64)
    named = dict(dimensions or {})
    for name in DIMENSIONS:
        named.setdefault(name, Labelled(np.full(n, -1, np.int32)))
    answers = Answers(
        key=np.asarray(np.arange(n) if key is None else key).astype(np.int64),
        score=np.asarray(score).astype(np.int8),
        y=y,
        user=np.asarray(np.arange(n) if user is None else user).astype(np.int64),
        account=np.asarray(np.full(n, NO_ACCOUNT) if account is None else account).astype(np.int64),
        at=np.asarray(np.zeros(n) if at is None else at).astype(np.int64),
        weight=np.asarray(np.ones(n) if weight is None else weight).astype(np.float64),
        verified=np.asarray(np.zeros(n) if verified is None else verified).astype(np.bool_),
        active_days=np.asarray(np.zeros(n) if active_days is None else active_days).astype(
            np.int16
        ),
        percentile=percentiles,
        top_decile=np.asarray(percentiles >= 90 if top_decile is None else top_decile).astype(
            np.bool_
        ),
        features=features or used([[]] * n),
        pages=pages or used([[]] * n),
        dimensions=named,
    )
    _check_lengths(answers)
    return answers


def labelled(names: Sequence[str | None]) -> Labelled:
    """Encode names; None becomes -1. Labels are sorted."""
    labels = tuple(sorted({name for name in names if name is not None}))
    place = {label: i for i, label in enumerate(labels)}
    codes = [-1 if name is None else place[name] for name in names]
    return Labelled(np.array(codes, np.int32), labels)


def used(rows: Sequence[Sequence[str]]) -> Used:
    """Encode what each row used; a name twice in a row counts once. Labels are sorted."""
    labels = tuple(sorted({name for row in rows for name in row}))
    place = {label: i for i, label in enumerate(labels)}
    ids = [sorted({place[name] for name in row}) for row in rows]
    flat = np.array([i for row in ids for i in row], np.int32)
    return Used(_indptr(np.array([len(row) for row in ids], np.int64)), flat, labels)


def _indptr(lengths: Ints) -> Ints:
    return np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)


def _check_lengths(answers: Answers) -> None:
    n = len(answers)
    plain = [
        getattr(answers, column.name)
        for column in fields(answers)
        if column.name not in ("features", "pages", "dimensions")
    ]
    lengths = {len(column) for column in plain}
    lengths |= {len(column.codes) for column in answers.dimensions.values()}
    lengths |= {len(column.indptr) - 1 for column in (answers.features, answers.pages)}
    if lengths != {n}:
        raise ValueError("columns differ in length")

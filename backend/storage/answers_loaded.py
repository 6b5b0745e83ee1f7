"""A window of answers in memory: its columns, and what is read beside them when asked for."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from backend.domain.insights.columns import Answers, Bools, Ints, Labelled

Texts = np.typing.NDArray[np.object_]


@dataclass(slots=True)
class Beside:
    """What is read only when asked for, by place in the whole window.

    `ids` and `at` are those of all its answers, to find a row's place by. Of `comments` the
    places from `read[0]` to before `read[1]` have been read. `results` are what was worked out
    of the answers (`services/insights/remembered.py`): they go when the window does.
    """

    ids: np.typing.NDArray[np.bytes_]
    at: Ints
    traits: dict[str, Labelled] = field(default_factory=dict)
    comments: Texts | None = None
    read: tuple[int, int] = (0, 0)
    results: dict[Any, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answers of a window by (time, id), and what lies beside the columns of `Answers`.

    `ids` are the responses' ids as ASCII bytes; `profiled` says whose usage before the
    invitation has been computed, `commented` who wrote something. `bytes` is about what the
    arrays hold in memory. The answers' `key` is their place in the whole window, which `beside`
    goes by.
    """

    answers: Answers
    ids: np.typing.NDArray[np.bytes_]
    profiled: Bools
    commented: Bools
    bytes: int
    beside: Beside

    def select(self, rows: Bools | Ints) -> Loaded:
        """Return the chosen rows."""
        return replace(
            self,
            answers=self.answers.select(rows),
            ids=self.ids[rows],
            profiled=self.profiled[rows],
            commented=self.commented[rows],
        )

    def between(self, start_ms: int, end_ms: int) -> Loaded:
        """Return the rows of [start, end), as views of the same memory."""
        first, last = np.searchsorted(self.answers.at, [start_ms, end_ms]).tolist()
        if first == 0 and last == len(self.answers):
            return self
        return replace(
            self,
            answers=self.answers.between(first, last),
            ids=self.ids[first:last],
            profiled=self.profiled[first:last],
            commented=self.commented[first:last],
        )


def whole(
    answers: Answers,
    ids: np.typing.NDArray[np.bytes_],
    profiled: Bools,
    commented: Bools,
    size: int,
) -> Loaded:
    """Return a window of its own: by (time, id), keys being places in it."""
    loaded = Loaded(answers, ids, profiled, commented, size, Beside(ids, answers.at))
    order = _by_time_and_id(answers.at, ids)
    if order is not None:
        loaded = loaded.select(order)
    answers = replace(loaded.answers, key=np.arange(len(ids)))
    return replace(loaded, answers=answers, beside=Beside(loaded.ids, answers.at))


def _by_time_and_id(at: Ints, ids: np.typing.NDArray[np.bytes_]) -> Ints | None:
    """Return the order by (time, id), None when they are in it.

    Storage gives the order of times: ids are compared only where those are equal.
    """
    step = np.diff(at)
    if (step < 0).any():
        return np.lexsort((ids, at))
    equal = np.flatnonzero(step == 0)
    if (ids[equal] < ids[equal + 1]).all():
        return None
    order = np.arange(len(at))
    tied = np.union1d(equal, equal + 1)
    order[tied] = tied[np.lexsort((ids[tied], at[tied]))]
    return order

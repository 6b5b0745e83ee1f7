"""Traits and comments of a window's answers, read when first asked for, by place in the window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from backend.domain.insights.columns import Ints, Labelled
from backend.storage.answers import COUNTED
from backend.storage.answers_loaded import Beside, Texts
from backend.storage.fast import from_json, to_json
from backend.storage.pieces import pieces

# As text: most answers share theirs with others, so that few need to be decoded.
_TRAITS: Final = f"SELECT id, answered_at, CAST(traits AS TEXT) FROM responses WHERE {COUNTED}"  # noqa: S608
_COMMENTS: Final = (
    f"SELECT id, answered_at, comment FROM responses WHERE {COUNTED}"  # noqa: S608
    " AND comment IS NOT NULL AND comment <> ''"
)


class _Codes(dict[str, int]):
    """The code of one trait's value by the traits' JSON text; -1 for none."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self.values_met: dict[str | None, int] = {None: -1}

    def __missing__(self, text: str) -> int:
        value = _plain(from_json(text).get(self._name))
        self[text] = code = self.values_met.setdefault(value, len(self.values_met) - 1)
        return code


def trait(connection: Connection, project_id: str, beside: Beside, name: str) -> Labelled:
    """Return one trait of all answers of the window.

    Numbers and truth values are their JSON text; lists and objects are no value to group by.
    """
    codes = _Codes(name)
    column = np.full(len(beside.at), -1, np.int32)
    span = (0, len(beside.at))
    for ids, at, packed in _columns(connection, _TRAITS, project_id, beside, span):
        found = np.fromiter(map(codes.__getitem__, packed), np.int32, len(packed))
        place = places(beside, ids, at)
        column[place[place >= 0]] = found[place >= 0]
    labels = sorted(value for value in codes.values_met if value is not None)
    order = np.full(len(codes.values_met), -1, np.int32)
    order[[codes.values_met[label] for label in labels]] = np.arange(len(labels))
    return Labelled(order[column], tuple(labels))


def read_comments(
    connection: Connection, project_id: str, beside: Beside, span: tuple[int, int]
) -> Texts:
    """Read the comments from one place to before another, unless they have been.

    Returns:
        The comment of each answer of the window, None where there is none or it was not read.
    """
    texts, (start, end) = beside.comments, beside.read
    if texts is None:
        texts, (start, end) = np.full(len(beside.at), None, np.object_), span
    elif start <= span[0] and span[1] <= end:
        return texts
    start, end = min(start, span[0]), max(end, span[1])
    for ids, at, found in _columns(connection, _COMMENTS, project_id, beside, (start, end)):
        for i, text in zip(places(beside, ids, at).tolist(), found, strict=True):
            if i >= 0:
                texts[i] = text
    beside.comments, beside.read = texts, (start, end)
    return texts


def places(beside: Beside, ids: Sequence[str], at: Sequence[int]) -> Ints:
    """Return where answers are in the window, -1 for those that are not."""
    times, names = np.array(at, np.int64), np.array(ids, "S")
    place = np.minimum(np.searchsorted(beside.at, times), len(beside.at) - 1)
    # Of several answers in one millisecond this is the first: those behind it are looked through.
    for i in np.flatnonzero(beside.ids[place] != names):
        while place[i] < len(beside.at) - 1 and beside.at[place[i]] == times[i]:
            place[i] += 1
            if beside.ids[place[i]] == names[i]:
                break
        if beside.ids[place[i]] != names[i]:
            place[i] = -1
    return place


def _columns(
    connection: Connection, text: str, project_id: str, beside: Beside, span: tuple[int, int]
) -> Any:
    first, end = span
    if first < end:
        times = int(beside.at[first]), int(beside.at[end - 1]) + 1
        for rows in pieces(connection, text, project_id, *times):
            yield zip(*rows, strict=True)


def _plain(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return to_json(value) if isinstance(value, bool | int | float) else None

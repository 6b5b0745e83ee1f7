"""Traits and comments of a window's answers, read when first asked for, by place in the window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from sqlalchemy import Connection

from backend.domain.insights.columns import Ints, Labelled
from backend.storage.answers import COUNTED, Beside, Comments, pieces
from backend.storage.fast import from_json, to_json

# As text: most answers share theirs with others, so that few need to be decoded.
_TRAITS: Final = f"SELECT id, answered_at, CAST(traits AS TEXT) FROM responses WHERE {COUNTED}"  # noqa: S608
_COMMENTS: Final = (
    f"SELECT id, answered_at, comment FROM responses WHERE {COUNTED}"  # noqa: S608
    " AND comment IS NOT NULL AND comment <> ''"
)


def trait(connection: Connection, project_id: str, beside: Beside, name: str) -> Labelled:
    """Return one trait of all answers of the window.

    Numbers and truth values are their JSON text; lists and objects are no value to group by.
    """
    values: dict[str, str | None] = {}
    codes: dict[str | None, int] = {None: -1}
    column = np.full(len(beside.at), -1, np.int32)
    for ids, at, packed in _columns(connection, _TRAITS, project_id, beside):
        for text in set(packed) - values.keys():
            values[text] = value = _plain(from_json(text).get(name))
            codes.setdefault(value, len(codes) - 1)
        found = np.fromiter((codes[values[text]] for text in packed), np.int32, len(packed))
        place = places(beside, ids, at)
        column[place[place >= 0]] = found[place >= 0]
    labels = sorted(value for value in codes if value is not None)
    order = np.zeros(len(codes), np.int32)
    order[[codes[label] for label in labels]] = np.arange(len(labels))
    order[-1] = -1
    return Labelled(order[column], tuple(labels))


def comments(connection: Connection, project_id: str, beside: Beside) -> Comments:
    """Return the comment of each answer of the window, and which have one."""
    column = np.full(len(beside.at), None, np.object_)
    for ids, at, texts in _columns(connection, _COMMENTS, project_id, beside):
        place = places(beside, ids, at)
        for i, text in zip(place.tolist(), texts, strict=True):
            if i >= 0:
                column[i] = text
    return column, column != None  # noqa: E711 - by element


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


def _columns(connection: Connection, text: str, project_id: str, beside: Beside) -> Any:
    if len(beside.at):
        span = int(beside.at[0]), int(beside.at[-1]) + 1
        for rows in pieces(connection, text, project_id, *span):
            yield zip(*rows, strict=True)


def _plain(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    return to_json(value) if isinstance(value, bool | int | float) else None

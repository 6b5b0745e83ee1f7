"""Numbers users, accounts or days from 0 without sorting them, which most insights begin with."""

from typing import Final

import numpy as np

from backend.domain.insights.columns import Bools, Ints

# A table may be this many times as long as the keys: then it still costs less than sorting.
_WIDTH: Final = 8


def numbered(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys in ascending order, and the place of each key among them.

    As `np.unique(keys, return_inverse=True)`; keys that lie close together, as those of a
    database do, are looked up in a table instead of sorted.
    """
    if not _is_dense(keys):
        values, place = np.unique(keys, return_inverse=True)
        return values, place
    least = int(keys.min())
    at = keys - least
    present = np.zeros(int(at.max()) + 1, np.bool_)
    present[at] = True
    return np.flatnonzero(present) + least, (np.cumsum(present) - 1)[at]


def last_of_each(keys: Ints) -> Bools:
    """Say which places are the last of their key."""
    kept = np.zeros(len(keys), np.bool_)
    if _is_dense(keys):
        at = keys - int(keys.min())
        last = np.full(int(at.max()) + 1, -1)
        # Of several assignments to one place numpy keeps the last.
        last[at] = np.arange(len(keys))
        kept[last[last >= 0]] = True
    else:
        _, place = np.unique(keys[::-1], return_index=True)
        kept[len(keys) - 1 - place] = True
    return kept


def _is_dense(keys: Ints) -> bool:
    return len(keys) > 0 and int(keys.max()) - int(keys.min()) < _WIDTH * len(keys)

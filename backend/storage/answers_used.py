"""What answerers had used before, under the names that the catalogue gives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from backend.domain.insights.columns import Used
from backend.storage.fast import Sql

KINDS: Final = {"features": "feature", "pages": "page"}

# A name reads as its label in the catalogue; hidden ones are left out.
NAMES = Sql(
    "SELECT n.id, n.kind, coalesce(c.label, n.name) FROM names n LEFT JOIN catalogue c"
    " ON c.name_id = n.id WHERE n.project_id = ? AND (c.name_id IS NULL OR NOT c.is_hidden)"
)


def used_before(one: dict[str, Any], kind: str, names: Sequence[Any]) -> Used:
    """Number the names that occur from 0; ids that are no name of the project are dropped."""
    ids, lengths = one.pop(kind), one.pop(kind + "_lengths")
    label = {int(name_id): name for name_id, of_kind, name in names if of_kind == KINDS[kind]}
    size = max([0, *label, int(ids.max()) if len(ids) else 0]) + 1
    present = np.zeros(size, np.bool_)
    present[ids] = True
    kept = [name_id for name_id in np.flatnonzero(present).tolist() if name_id in label]
    place = np.full(size, -1, np.int32)
    numbers = {text: at for at, text in enumerate(dict.fromkeys(label[i] for i in kept))}
    place[kept] = [numbers[label[i]] for i in kept]
    numbered = place[ids]
    if len(kept) < int(present.sum()):
        known = numbered >= 0
        row = np.repeat(np.arange(len(lengths)), lengths)[known]
        lengths, numbered = np.bincount(row, minlength=len(lengths)), numbered[known]
    if len(numbers) < len(kept):
        # Names that are one feature count once in an answer.
        row = np.repeat(np.arange(len(lengths)), lengths)
        pairs = np.unique(row * len(numbers) + numbered)
        lengths = np.bincount(pairs // len(numbers), minlength=len(lengths))
        numbered = (pairs % len(numbers)).astype(np.int32)
    indptr = np.concatenate(([0], np.cumsum(lengths))).astype(np.int64)
    return Used(indptr, numbered, tuple(numbers))

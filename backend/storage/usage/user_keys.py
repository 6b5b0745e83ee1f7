"""Remembers which key each id's use is kept under, so that a busy server need not look it up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection

from backend.storage.usage import person_rows
from backend.storage.usage.noting import Parts, span

# Of all projects together, some 15 MB; with more people than that they are looked up again.
MOST_KEPT: Final = 100_000


class UserKeys:
    """Keys by project, whether anonymous, and id.

    A key stays right until its person is removed (`removing.py`). A browser that was linked
    meanwhile may still be given its own key, which its user's use is read from as well.
    """

    def __init__(self) -> None:
        self._keys: defaultdict[tuple[str, bool], dict[str, int]] = defaultdict(dict)
        self._removals: dict[str, int] = {}
        self._count = 0

    def forget(self) -> None:
        """Look all of them up again: a transaction that added some may be undone."""
        self._keys.clear()
        self._removals.clear()
        self._count = 0

    def trust(self, project_id: str, removals: int) -> None:
        """Forget a project's keys unless people were removed `removals` times by then already."""
        if self._removals.get(project_id) == removals:
            return
        for kind in (False, True):
            self._count -= len(self._keys.pop((project_id, kind), ()))
        self._removals[project_id] = removals

    def of(
        self, connection: Connection, project_id: str, is_anonymous: bool, uses: Mapping[str, Parts]
    ) -> Mapping[str, int]:
        """Return the keys of at least the ids of `uses`; people who are new are added."""
        kept = self._keys[project_id, is_anonymous]
        # Not the difference of two views, which goes through all that is kept.
        missing = sorted(each for each in uses if each not in kept)
        if not missing:
            return kept
        found = person_rows.keys_by_id(connection, project_id, is_anonymous, missing)
        new = {each: span(uses[each]) for each in missing if each not in found}
        if new:
            person_rows.add(connection, project_id, is_anonymous, new)
            found |= person_rows.keys_by_id(connection, project_id, is_anonymous, list(new))
        kept.update(found)
        self._count += len(found)
        if self._count > MOST_KEPT:
            # What the caller gets stays whole; the next one begins anew.
            self.forget()
        return kept

"""The dictionary of feature and page names: text to number, capped."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.limits import NAMES, OTHER
from backend.storage.models import Name

_KEPT = 200_000


class NameIds:
    """Looks names up, adding new ones until the project's cap; beyond it they are `(other)`.

    An id is remembered when it is met again after the transaction that added it; `forget` must be
    called on every rollback, since within a group commit a name may be met before it is on disk.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[str, str, str], int] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Drop everything remembered: some of it may have been rolled back."""
        with self._lock:
            self._known.clear()

    def numbers(
        self, connection: Connection, project_id: str, names: Iterable[tuple[str, str]]
    ) -> list[int]:
        """Return an id for each (kind, name), in their order."""
        wanted = list(names)
        known = self._known
        ids = [known.get((project_id, kind, name), 0) for kind, name in wanted]
        if all(ids):
            return ids
        missing: dict[str, list[str]] = {}
        for (kind, name), name_id in zip(wanted, ids, strict=True):
            if not name_id:
                missing.setdefault(kind, []).append(name)
        found: dict[tuple[str, str], int] = {}
        for kind, absent in missing.items():
            found |= self._look_up(connection, project_id, kind, sorted(absent))
        return [name_id or found[name] for name, name_id in zip(wanted, ids, strict=True)]

    def resolve(
        self, connection: Connection, project_id: str, names: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], int]:
        """Return an id for each (kind, name)."""
        wanted = list(names)
        return dict(zip(wanted, self.numbers(connection, project_id, wanted), strict=True))

    def past_cap(
        self, connection: Connection, project_id: str, names: Iterable[tuple[str, str]]
    ) -> set[tuple[str, str]]:
        """Return those of the (kind, name) that do not fit; who does is added."""
        ids = self.resolve(connection, project_id, names)
        # What did not fit is never remembered.
        strange = {each for each in ids if (project_id, *each) not in self._known}
        past = set()
        for kind in {kind for kind, _ in strange}:
            other = _stored(connection, project_id, kind, [OTHER]).get(OTHER)
            past |= {each for each in strange if each[0] == kind and ids[each] == other}
        return past

    def _look_up(
        self, connection: Connection, project_id: str, kind: str, wanted: list[str]
    ) -> dict[tuple[str, str], int]:
        found = _stored(connection, project_id, kind, wanted)
        self._remember(project_id, kind, found)
        absent = [name for name in wanted if name not in found]
        if absent:
            room = NAMES[kind] - _count(connection, project_id, kind)
            _add(connection, project_id, kind, absent[: max(room, 0)])
            if len(absent) > room:
                _add(connection, project_id, kind, [OTHER])
            found |= _stored(connection, project_id, kind, [*absent, OTHER])
        return {(kind, name): found.get(name) or found[OTHER] for name in wanted}

    def _remember(self, project_id: str, kind: str, found: dict[str, int]) -> None:
        with self._lock:
            if len(self._known) > _KEPT:
                self._known.clear()
            for name, name_id in found.items():
                self._known[project_id, kind, name] = name_id


def kinds(connection: Connection, project_id: str, ids: Iterable[int]) -> dict[int, str]:
    """Return the kind of each name id of the project."""
    rows = connection.execute(
        select(Name.id, Name.kind).where(Name.project_id == project_id, Name.id.in_(list(ids)))
    )
    return {row.id: row.kind for row in rows}


def _stored(connection: Connection, project_id: str, kind: str, names: list[str]) -> dict[str, int]:
    rows = connection.execute(
        select(Name.name, Name.id).where(
            Name.project_id == project_id, Name.kind == kind, Name.name.in_(names)
        )
    )
    return {row.name: row.id for row in rows}


def _count(connection: Connection, project_id: str, kind: str) -> int:
    query = select(func.count()).where(
        Name.project_id == project_id, Name.kind == kind, Name.name != OTHER
    )
    return connection.execute(query).scalar_one()


def _add(connection: Connection, project_id: str, kind: str, names: list[str]) -> None:
    if not names:
        return
    insert = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
    rows = [{"project_id": project_id, "kind": kind, "name": name} for name in names]
    connection.execute(insert(Name).on_conflict_do_nothing(), rows)

"""The dictionary of names: one id a name, and a cap past which they are `(other)`."""

import pytest
from sqlalchemy import select

from backend.domain.errors import NotFoundError
from backend.storage.models import Name
from backend.storage.usage import names as usage_names
from backend.storage.usage.names import NameIds


@pytest.fixture
def ids():
    return NameIds()


def features(*names):
    return [("feature", name) for name in names]


def numbers(db, ids, project, *names):
    return db.write(lambda connection: ids.numbers(connection, project.id, features(*names)))


def stored(db):
    with db.read() as session:
        return sorted(session.scalars(select(Name.name)))


def test_a_name_has_one_id_for_good(db, ids, project):
    first = numbers(db, ids, project, "a", "b")
    assert numbers(db, ids, project, "b", "a") == first[::-1]
    assert numbers(db, NameIds(), project, "a", "b") == first
    assert len(set(first)) == 2


def test_the_same_name_of_another_kind_or_project_is_another(db, ids, project, make_project):
    other = make_project(name="Other")
    page = db.write(lambda connection: ids.numbers(connection, project.id, [("page", "a")]))
    assert len({*numbers(db, ids, project, "a"), *numbers(db, ids, other, "a"), *page}) == 3


def test_names_past_the_cap_become_other(db, ids, project, monkeypatch):
    monkeypatch.setitem(usage_names.NAMES, "feature", 3)
    a, b = numbers(db, ids, project, "a", "b")
    c, d, e = numbers(db, ids, project, "c", "d", "e")
    assert d == e
    assert len({a, b, c, d}) == 4
    assert numbers(db, ids, project, "f", "a") == [d, a]
    assert stored(db) == ["(other)", "a", "b", "c"]


def test_what_a_rollback_took_away_is_not_remembered(db, ids, project):
    db.on_rollback.append(ids.forget)

    def fail(connection):
        ids.numbers(connection, project.id, features("a"))
        ids.numbers(connection, project.id, features("a"))
        raise NotFoundError

    with pytest.raises(NotFoundError):
        db.write(fail)
    assert stored(db) == []

    [number] = numbers(db, ids, project, "a")
    with db.read() as session:
        assert session.execute(select(Name.id)).scalars().all() == [number]

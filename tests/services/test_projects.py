from concurrent.futures import ThreadPoolExecutor

from backend.domain.errors import ConflictError, PreconditionFailedError
from backend.services import audit, projects


def outcomes(work, times=8):
    """Run `work` at once in several threads; return what each gave or raised."""

    def one(_):
        try:
            return work()
        except (ConflictError, PreconditionFailedError) as error:
            return type(error)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(one, range(times)))


def test_of_many_keys_made_at_once_two_of_a_kind_live(db, project):
    def make():
        db.transact(lambda session: projects.add_key(session, project.id, "secret", actor="test"))
        return "made"

    assert sorted(map(str, outcomes(make))).count("made") == 1
    with db.read() as session:
        live = [
            key
            for key in projects.keys_of(session, project.id)
            if key.kind == "secret" and key.revoked_at is None
        ]
        assert len(live) == 2


def test_of_changes_with_one_tag_only_the_first_is_made(db, project):
    def rename():
        changed = db.transact(
            lambda session: projects.change(
                session,
                project.id,
                {"name": "Renamed"},
                actor="test",
                if_match=frozenset({"1"}),
            )
        )
        return changed.revision

    found = outcomes(rename)

    assert found.count(2) == 1
    assert found.count(PreconditionFailedError) == len(found) - 1


def test_revoking_twice_leaves_one_entry_in_the_log(db, project):
    with db.read() as session:
        key_id = projects.keys_of(session, project.id)[0].id
    for _ in range(2):
        db.transact(lambda session: projects.revoke_key(session, project.id, key_id, actor="test"))
    with db.read() as session:
        found = audit.entries(
            session, project.id, audit.Filters(subject=key_id), before=None, limit=10
        )
        assert [entry.action for entry in found] == ["key.revoke"]

"""A key that is none costs the same to refuse, whatever is wrong with it (abuse case 19)."""

import secrets
import sys

from sqlalchemy import event

from backend.services import projects
from backend.services.clock import utc_now

ROUNDS = 8


def revoked_keys(db, project):
    """Return secret keys of `project` that were revoked, one for each round: answers are kept."""

    def work(session):
        made = [projects.create_key(session, project.id, "secret") for _ in range(ROUNDS)]
        for key, _ in made:
            key.revoked_at = utc_now()
        return [text for _, text in made]

    return db.transact(work)


def test_unknown_malformed_and_revoked_keys_cost_the_same(db, client, project):
    keys = {
        "unknown": ["sk_" + secrets.token_hex(22)[:43] for _ in range(ROUNDS)],
        "malformed": ["sk_" + secrets.token_hex(9) for _ in range(ROUNDS)],
        "revoked": revoked_keys(db, project),
    }
    asked, calls, queries = [], {kind: [] for kind in keys}, {kind: [] for kind in keys}
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for round_ in range(ROUNDS):
        for kind, of_kind in keys.items():
            headers = {"Authorization": f"Bearer {of_kind[round_]}"}
            asked.clear()
            answer, cost = counted(lambda headers=headers: refused(client, headers))
            calls[kind].append(cost)
            queries[kind].append(tuple(asked))
            assert (answer.status_code, answer.json["code"]) == (401, "key-invalid")

    assert queries["unknown"] == queries["malformed"] == queries["revoked"]
    # The least: a driver that waits for its database may look for the answer more than once.
    least = [min(of_kind) for of_kind in calls.values()]
    assert max(least) <= 1.05 * min(least)


def refused(client, headers):
    return client.post("/v1/batch", json={"batch": []}, headers=headers)


def counted(work):
    """Return what `work` gave, and how many calls it made: a cost that no load can change."""
    calls = []
    sys.setprofile(
        lambda _frame, kind, _arg: calls.append(None) if kind in ("call", "c_call") else None
    )
    try:
        result = work()
    finally:
        sys.setprofile(None)
    return result, len(calls)

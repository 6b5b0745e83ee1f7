"""A key that is none costs the same to refuse, whatever is wrong with it (abuse case 19)."""

import secrets
import time

from sqlalchemy import event

from backend.services import projects
from backend.services.clock import utc_now

ROUNDS = 40


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
    asked, cost_s, queries = [], {kind: [] for kind in keys}, {kind: [] for kind in keys}
    event.listen(db.engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for round_ in range(ROUNDS):
        for kind, of_kind in keys.items():
            headers = {"Authorization": f"Bearer {of_kind[round_]}"}
            asked.clear()
            # Processor time, and the least of it: another load on the machine makes no difference.
            started_s = time.thread_time()
            answer = client.post("/v1/batch", json={"batch": []}, headers=headers)
            cost_s[kind].append(time.thread_time() - started_s)
            queries[kind].append(tuple(asked))
            assert (answer.status_code, answer.json["code"]) == (401, "key-invalid")

    assert queries["unknown"] == queries["malformed"] == queries["revoked"]
    least_s = [min(times) for times in cost_s.values()]
    assert max(least_s) <= 1.2 * min(least_s)

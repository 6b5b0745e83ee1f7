import threading
from datetime import timedelta

import pytest

from backend.domain.errors import IdempotencyInProgressError
from backend.services import idempotency
from backend.services.clock import utc_now
from backend.services.vault import Vault, new_key
from backend.storage.models import KeptAnswer
from tests.api.admin.conftest import pointers


def post(call, path, key, token=None, **given):
    return call("POST", path, token, headers={"Idempotency-Key": key}, **given)


def test_a_request_sent_twice_is_done_once_and_answered_alike(call):
    first = post(call, "/keys", "k1", json={"kind": "secret"})
    second = post(call, "/keys", "k1", json={"kind": "secret"})

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert len(call("GET", "/keys").json["items"]) == 3


def test_members_in_another_order_are_the_same_request(call):
    first = post(call, "/surveys", "k1", json={"name": "A", "priority": 2})
    second = post(call, "/surveys", "k1", json={"priority": 2, "name": "A"})

    assert first.json == second.json
    assert first.headers["ETag"] == second.headers["ETag"]


def test_the_key_of_another_body_is_refused(call):
    post(call, "/surveys", "k1", json={"name": "A"})

    refused = post(call, "/surveys", "k1", json={"name": "B"})

    assert (refused.status_code, refused.json["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(call("GET", "/surveys").json["items"]) == 1


def test_a_key_is_its_tokens_and_its_routes_own(call, project):
    survey = post(call, "/surveys", "k1", json={"name": "A"}).json
    other = post(call, "/surveys", "k1", project.admin_token, json={"name": "A"}).json

    assert other["id"] != survey["id"]
    assert post(call, f"/surveys/{survey['id']}/publish", "k1").json["status"] == "published"


def test_a_refused_request_may_be_sent_again_with_its_key(call):
    bad = post(call, "/surveys", "k1", json={"name": "A", "priority": "x"})
    good = post(call, "/surveys", "k1", json={"name": "A"})

    assert (bad.status_code, good.status_code) == (422, 201)


def test_a_key_is_forgotten_after_a_day(call, db):
    first = post(call, "/surveys", "k1", json={"name": "A"})

    def age(session):
        for kept in session.query(KeptAnswer):
            kept.created_at = utc_now() - timedelta(hours=24, seconds=1)

    db.transact(age)

    assert post(call, "/surveys", "k1", json={"name": "B"}).json["id"] != first.json["id"]


@pytest.mark.parametrize("key", ["", "x" * 256])
def test_a_key_that_is_none_is_pointed_at(call, key):
    refused = post(call, "/surveys", key, json={"name": "A"})

    assert pointers(refused) == ["#/header/Idempotency-Key"]


def test_a_secret_is_not_readable_in_what_is_kept(call, db):
    secret = post(call, "/keys", "k1", json={"kind": "secret"}).json["key"]

    with db.read() as session:
        assert secret.encode() not in session.query(KeptAnswer).one().answer_encrypted


def test_the_second_is_told_to_wait_while_the_first_runs(db):
    vault, sent = Vault((new_key(),)), idempotency.Sent("tok /surveys", "k1", {"name": "A"})
    begun, goes_on = threading.Event(), threading.Event()

    def slow(_session):
        begun.set()
        goes_on.wait(5)
        return {"id": 1}

    first = threading.Thread(target=idempotency.once, args=(db, vault, sent, slow))
    first.start()
    begun.wait(5)
    try:
        with pytest.raises(IdempotencyInProgressError) as caught:
            idempotency.once(db, vault, sent, slow)
    finally:
        goes_on.set()
        first.join()

    assert caught.value.retry_after_s == 1
    assert idempotency.once(db, vault, sent, slow) == ({"id": 1}, True)

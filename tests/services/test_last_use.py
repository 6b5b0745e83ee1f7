"""Keys, tokens and identity secrets say on which day they were used last."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from backend.domain.calendar import day_number
from backend.domain.errors import StorageUnavailableError
from backend.services import identity_secrets, last_use
from backend.services.clock import utc_now
from backend.storage.models import AdminToken, ApiKey, IdentitySecret
from tests.conftest import ORIGIN
from tests.contracts.tokens import make_token


def today():
    return utc_now().date().isoformat()


def shown(client, project, path):
    headers = {"Authorization": f"Bearer {project.owner_token}"}
    return client.get(f"/api/v1{path}", headers=headers).json["items"]


def test_a_key_in_use_says_so_and_the_others_do_not(client, project):
    headers = {"Authorization": f"Bearer {project.secret_key}"}
    events = {"batch": [{"type": "track", "event": "e", "userId": "u", "messageId": "m"}]}
    assert client.post("/v1/batch", json=events, headers=headers).status_code == 200

    by_kind = {key["kind"]: key["last_used_on"] for key in shown(client, project, "/keys")}

    assert by_kind == {"secret": today(), "publishable": None}


def test_a_token_in_use_says_so_and_a_refused_one_does_not(client, db, project):
    by_role = {}
    db.transact(
        lambda session: session.execute(
            update(AdminToken).where(AdminToken.role == "viewer").values(expires_at=utc_now())
        )
    )
    refused = {"Authorization": f"Bearer {project.viewer_token}"}
    assert client.get("/api/v1/tokens", headers=refused).status_code == 401
    for token in shown(client, project, "/tokens"):
        by_role[token["role"]] = token["last_used_on"]
    assert (by_role["owner"], by_role["viewer"]) == (today(), None)


def test_an_identity_secret_that_signed_somebody_says_so(app, client, db, project, make_survey):
    make_survey()
    vault = app.extensions["zeroten"].vault
    row, secret = db.transact(
        lambda session: identity_secrets.add(session, vault, project.id, actor="cli")
    )
    issued_s = int(utc_now().timestamp())
    tokens = [
        make_token("ids_" + "x" * 40, row.id, project.id, issued_s),
        make_token(secret, row.id, project.id, issued_s),
    ]
    for token, status, used in zip(tokens, (401, 200), (None, today()), strict=True):
        document = {"publishable_key": project.publishable_key, "identity_token": token}
        answer = client.post("/v1/decide", json=document, headers={"Origin": ORIGIN})
        assert answer.status_code == status
        assert shown(client, project, "/identity-secrets")[0]["last_used_on"] == used


@pytest.mark.parametrize("model", [ApiKey, AdminToken, IdentitySecret])
def test_a_day_of_use_is_one_write(db, project, model):
    written = []
    event.listen(db.engine, "before_cursor_execute", lambda *given: written.append(given[2]))
    now = utc_now()
    for _ in range(5):
        last_use.note(db, model, "some_1", None, now)
        last_use.note(db, model, "some_2", day_number(now.date()), now)
    last_use.note(db, model, "some_1", None, now + timedelta(days=1))
    assert len([sql for sql in written if sql.startswith("UPDATE")]) == 2


def test_whoever_only_reads_is_served_when_nothing_can_be_written(db, project, monkeypatch):
    def refuse(_work):
        raise StorageUnavailableError

    with db.read() as session:
        key = session.scalars(select(ApiKey.id)).first()
    monkeypatch.setattr(type(db), "write", lambda _db, work: refuse(work))
    last_use.note(db, ApiKey, key, None, utc_now())

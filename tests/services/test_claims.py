"""Where servers sign who users are, whoever only names a user takes nothing from them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from backend.domain import claims
from backend.domain.errors import IdentityRequiredError, UserErasedError
from backend.services import erasure, identity_secrets, privacy_export
from backend.services.clock import utc_now
from backend.services.decide_together import Decider
from backend.services.erased import ErasedList
from backend.services.ledger import Ledger
from backend.services.published import Published
from backend.services.respond import Answer, respond
from backend.services.vault import Vault
from backend.services.visitors import Question
from backend.storage import links
from backend.storage.models import Project, Response, User, UserSurvey
from tests.contracts.tokens import make_token

PERSON = "user-42"


@pytest.fixture
def vault(config):
    return Vault.open(config.encryption_keys, config.data_dir)


@pytest.fixture
def secret(db, vault, project):
    """Have the project's servers sign; returns (kid, secret)."""
    row, text = db.transact(
        lambda session: identity_secrets.add(session, vault, project.id, actor="cli")
    )
    return row.id, text


@pytest.fixture
def ask(db, vault, project, make_survey):
    """Decide for `user_id`, by a token of `secret` where there is one."""
    make_survey()
    published = Published(db)
    decider = Decider(db, vault, ErasedList(db, vault))

    def decide(secret=None, at=None, **question):
        now = at or utc_now()
        if secret is not None:
            issued_s = int(now.timestamp())
            token = make_token(secret[1], secret[0], project.id, issued_s)
            question |= {"identity_token": token}
        else:
            question = {"user_id": PERSON} | question
        asked = published.project(project.id)
        return decider.decide(asked, Question(**question), now)

    return decide


@pytest.fixture
def answer(db, project):
    def give(asked, at=None):
        said = Answer(revision=1, state="completed", score=0)
        return respond(db, project.id, asked["ticket"], said, at or utc_now())

    return give


def people(db):
    """Return by id what would be different had somebody done something in its name."""
    with db.read() as session:
        clocks = {row.user_key: row.answers for row in session.scalars(select(UserSurvey))}
        return {
            user.user_id: (
                user.linked_to,
                user.last_shown_at,
                user.last_invited_at,
                user.open_ticket_until,
                clocks.get(user.key),
            )
            for user in session.scalars(select(User))
        }


def test_a_claim_uses_up_neither_ticket_nor_rest_nor_wave_of_the_user(db, secret, ask, answer):
    before = people(db).get(PERSON)
    claim = ask()
    assert claim["show"]
    answer(claim)

    assert people(db).get(PERSON) == before
    verified = ask(secret, at=utc_now() + timedelta(days=1))
    assert verified["show"]
    answer(verified, utc_now() + timedelta(days=1))
    with db.read() as session:
        rows = session.execute(
            select(User.user_id, Response.is_verified, Response.wave).join(
                Response, Response.user_key == User.key
            )
        ).all()
    assert sorted(map(tuple, rows)) == [(claims.row_id(PERSON), False, 0), (PERSON, True, 0)]


def test_a_claim_is_not_asked_while_the_user_rests_or_holds_a_ticket(secret, ask, answer):
    verified = ask(secret)
    assert ask()["reason"] == "no_open_ticket"
    answer(verified)
    assert ask(at=utc_now() + timedelta(days=1))["reason"] == "rested_after_answer"


def test_a_claim_is_met_by_what_servers_said_of_the_user_and_changes_none_of_it(
    db, client, project, secret, ask
):
    headers = {"Authorization": f"Bearer {project.secret_key}"}
    said = [
        {"type": "identify", "userId": PERSON, "traits": {"plan": "pro"}, "messageId": "m1"},
        {"type": "track", "event": "export", "userId": PERSON, "messageId": "m2"},
    ]
    assert client.post("/v1/batch", json={"batch": said}, headers=headers).status_code == 200
    before = people(db)[PERSON]

    asked = ask(traits={"plan": "free"}, anonymous_id="browser-1", account_id="acme")

    assert asked["show"]
    assert people(db)[PERSON] == before
    with db.read() as session:
        user = session.scalars(select(User).where(User.user_id == PERSON)).one()
        claim = session.scalars(select(User).where(User.user_id == claims.row_id(PERSON))).one()
        assert user.traits == {"plan": "pro"}
        assert (user.account_key, user.linked_to) == (None, None)
        # Their use before the invitation is read, so that the answer has its profile.
        assert links.keys_of(session.connection(), claim.key) == [claim.key, user.key]


def test_until_servers_sign_a_named_user_is_that_user(db, ask, answer):
    answer(ask())
    assert set(people(db)) == {PERSON}


def test_revoking_the_last_secret_takes_names_at_their_word_again(db, project, secret, ask, answer):
    db.transact(
        lambda session: identity_secrets.revoke(session, project.id, secret[0], actor="cli")
    )
    ask()
    assert set(people(db)) == {PERSON}


def test_the_mode_required_gives_a_claim_no_ticket(db, project, secret, ask):
    db.transact(lambda session: set_mode(session, project.id, "required"))
    before = people(db)
    with pytest.raises(IdentityRequiredError):
        ask()
    assert people(db) == before


def test_the_mode_anonymous_takes_no_name_at_all(db, project, secret, ask):
    db.transact(lambda session: set_mode(session, project.id, "anonymous"))
    assert ask(anonymous_id="b1")["show"]
    assert set(people(db)) == {"b1"}


def set_mode(session, project_id, mode):
    session.get(Project, project_id).identity_mode = mode


def test_erasing_a_user_takes_the_claims_to_be_them_along_and_refuses_new_ones(
    db, app, config, project, secret, ask, answer
):
    answer(ask())
    state = app.extensions["zeroten"]
    means = erasure.Means(db, state.vault, state.usage, Ledger(config.data_dir))
    with db.read() as session:
        told = privacy_export.export(session, state.usage, project.id, PERSON, is_anonymous=False)
    assert len(told["responses"]) == 1

    removed = erasure.erase(means, project.id, PERSON, actor="cli")

    assert (removed["ids"], removed["responses"]) == (1, 1)
    assert people(db) == {}
    with pytest.raises(UserErasedError):
        ask()
    with pytest.raises(UserErasedError):
        ask(secret)


@pytest.mark.parametrize("length", [1, 192, 193, 200])
def test_a_claim_to_be_a_user_of_any_length_has_an_id_that_fits(length):
    assert len(claims.row_id("é" * length)) <= 200


def test_a_browser_cannot_call_itself_a_claim(client, project):
    document = {"publishable_key": project.publishable_key, "anonymous_id": "claimed:user-42"}
    answer = client.post("/v1/decide", json=document, headers={"Origin": "https://app.example.com"})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "#/anonymous_id")

"""Identity tokens at `POST /v1/decide` (abuse cases 2 to 5), with the vectors file."""

import time

import pytest
from sqlalchemy import select

from backend.services.clock import utc_now
from backend.services.ids import new_id, new_token
from backend.storage.models import IdentitySecret, Response
from tests.contracts.serving import make_project
from tests.contracts.tokens import VECTORS, make_token

SECRET = VECTORS["good"]["secret"]


@pytest.fixture
def signer(server, project):
    """Give the project two identity secrets; returns a maker of tokens by the first."""
    kid = add_secret(server, project, SECRET)
    add_secret(server, project, SECRET.replace("AAEC", "ZZZZ"))
    project.survey()

    def sign(case=None):
        return make_token(SECRET, kid, project.id, int(time.time()), case)

    return sign


def add_secret(server, project, secret, revoked_at=None):
    kid = new_id("is_")
    row = IdentitySecret(
        id=kid,
        project_id=project.id,
        secret_encrypted=server.vault.encrypt(secret),
        created_at=utc_now(),
        revoked_at=revoked_at,
    )
    server.db.transact(lambda session: session.add(row))
    return kid


@pytest.mark.parametrize("case", VECTORS["bad"], ids=lambda case: case["name"])
def test_a_bad_token_is_refused_with_the_same_words_and_nothing_is_stored(
    server, project, signer, case
):
    before = server.rows()

    answer = project.decide(identity_token=signer(case))

    assert (answer.status, answer.slug) == (401, case["problem"])
    assert set(answer.json) == {"type", "title", "status", "instance"}
    assert server.rows() == before


@pytest.mark.parametrize("case", VECTORS["accepted"], ids=lambda case: case["name"])
def test_a_token_at_the_edge_is_taken(project, signer, case):
    assert project.decide(identity_token=signer(case)).status == 200


def test_after_an_expired_token_the_same_request_with_a_fresh_one_is_served(project, signer):
    expired = {"claims": {"iat": {"in_s": -3600}, "exp": {"in_s": -120}}}
    assert project.decide(identity_token=signer(expired)).slug == "identity-expired"
    assert project.decide(identity_token=signer()).json["show"] is True


def test_a_body_that_names_somebody_else_than_the_token_is_refused(server, project, signer):
    before = server.rows()
    assert project.decide(identity_token=signer(), user_id="bob").slug == "identity-invalid"
    assert server.rows() == before


def test_another_projects_or_a_revoked_secret_signs_nothing(server, project, signer):
    other = make_project(server)
    foreign = add_secret(server, other, SECRET)
    revoked = add_secret(server, project, SECRET, revoked_at=utc_now())
    for kid in (foreign, revoked):
        token = make_token(SECRET, kid, project.id, int(time.time()))
        assert project.decide(identity_token=token).slug == "identity-invalid"


def test_both_secrets_sign_while_one_replaces_the_other(server, project, signer):
    newer = new_token("sk_")
    kid = add_secret(server, project, newer)
    token = make_token(newer, kid, project.id, int(time.time()))
    assert project.decide(identity_token=signer(), user_id="user-42").status == 200
    assert project.decide(identity_token=token).status == 200


def test_a_verified_answer_is_marked_so_and_its_signed_traits_win(server, project, signer):
    token = signer({"claims": {"role": "admin", "traits": {"plan": "pro", "seats": 3}}})
    asked = project.decide(identity_token=token, traits={"role": "viewer", "theme": "dark"})
    answer = {"ticket": asked.json["ticket"], "revision": 1, "state": "scored", "score": 9}
    assert project.respond(**answer).status == 201

    with server.db.read() as session:
        row = session.scalars(select(Response).where(Response.project_id == project.id)).one()
        assert (row.is_verified, row.role, row.plan) == (True, "admin", "pro")
        assert row.traits == {"role": "admin", "theme": "dark", "plan": "pro", "seats": 3}


def test_a_required_project_serves_a_token_and_an_anonymous_one_names_nobody(server):
    required = make_project(server, identity_mode="required")
    kid = add_secret(server, required, SECRET)
    token = make_token(SECRET, kid, required.id, int(time.time()))
    required.survey()
    assert required.decide(user_id="u1").slug == "identity-required"
    assert required.decide(identity_token=token).json["show"] is True

    anonymous = make_project(server, identity_mode="anonymous")
    anonymous.survey()
    assert anonymous.decide(user_id="u1").status == 422
    assert anonymous.decide(user_id="u1", anonymous_id="a1").json["show"] is True
    assert anonymous.decide(anonymous_id="a1").json["reason"] == "no_open_ticket"

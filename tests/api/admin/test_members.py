"""Members: invited by a one-time link, given roles, removed; the last owner stays."""

import pytest
from sqlalchemy import func, select, update

from backend.services import invitations
from backend.services.clock import utc_now
from backend.storage.models import Member, OneTimeLink
from tests.dashboard import PASSWORD, Browser, join, slug


@pytest.fixture
def ann(app, db, project):
    """An owner, logged in."""
    join(db, project.id)
    browser = Browser(app.test_client())
    browser.log_in()
    return browser


@pytest.fixture
def guest(app):
    return Browser(app.test_client())


def invite(ann, email="bob@example.com", role="analyst"):
    answer = ann.call("POST", "/invitations", json={"email": email, "role": role})
    assert answer.status_code == 201, answer.text
    return answer.json


def redeem(browser, link, password=PASSWORD, name="Bob"):
    token = link.partition("#")[2]
    document = {"token": token, "password": password, "name": name}
    return browser.call("POST", "/session/links", json=document)


def id_of(ann, email):
    members = ann.call("GET", "/members").json["items"]
    return next(member["id"] for member in members if member["email"] == email)


def test_who_is_invited_joins_with_a_password_of_their_own(ann, guest):
    invited = invite(ann)
    assert [one["email"] for one in ann.call("GET", "/invitations").json["items"]] == [
        "bob@example.com"
    ]

    assert redeem(guest, invited["link"]).status_code == 204

    assert guest.log_in("bob@example.com").json["projects"][0]["role"] == "analyst"
    assert ann.call("GET", "/invitations").json["items"] == []
    assert slug(redeem(guest, invited["link"])) == (404, "not-found"), "works once"


def test_a_link_is_shown_once_and_kept_as_a_hash(ann, db):
    token = invite(ann)["link"].partition("#")[2]

    assert token not in ann.call("GET", "/invitations").text
    with db.read() as session:
        assert len(session.execute(select(OneTimeLink.token_hash)).scalar_one()) == 32


@pytest.mark.parametrize("ended", ["withdrawn", "expired", "invented"])
def test_an_ended_link_opens_nothing(ann, guest, db, ended):
    invited = invite(ann)
    if ended == "withdrawn":
        assert ann.call("DELETE", f"/invitations/{invited['id']}").status_code == 204
    elif ended == "expired":
        db.write(lambda c: c.execute(update(OneTimeLink).values(expires_at=utc_now())))
    else:
        invited["link"] = "x#" + "a" * 43

    assert slug(redeem(guest, invited["link"])) == (404, "not-found")


def test_an_invitation_takes_over_nobodys_account(ann, guest, db, make_project):
    other = make_project(name="Other")
    join(db, other.id, "owner", "bob@example.com", "the password of bob")
    invited = invite(ann)

    assert slug(redeem(guest, invited["link"], "a password of ann")) == (401, "login-failed")
    assert redeem(guest, invited["link"], "the password of bob").status_code == 204

    projects = guest.log_in("bob@example.com", "the password of bob").json["projects"]
    assert {one["name"]: one["role"] for one in projects} == {"Acme": "analyst", "Other": "owner"}


def test_members_of_other_projects_are_not_seen(ann, db, make_project):
    other = make_project(name="Other")
    join(db, other.id, "owner", "bob@example.com")
    with db.read() as session:
        bob = session.execute(select(Member.id).where(Member.email == "bob@example.com")).scalar()

    assert "bob@example.com" not in ann.call("GET", "/members").text
    assert slug(ann.call("GET", f"/members/{bob}")) == (404, "not-found")
    change = ann.call("PATCH", f"/members/{bob}", json={"role": "viewer"}, if_match="*")
    assert slug(change) == (404, "not-found")
    assert slug(ann.call("DELETE", f"/members/{bob}")) == (404, "not-found")


def test_another_role_ends_the_sessions_of_the_old_one(ann, guest):
    redeem(guest, invite(ann)["link"])
    guest.log_in("bob@example.com")
    bob = id_of(ann, "bob@example.com")

    changed = ann.call("PATCH", f"/members/{bob}", json={"role": "viewer"}, if_match='"1"')

    assert changed.json["role"] == "viewer"
    assert slug(guest.call("GET", "/session")) == (401, "token-invalid")
    assert guest.log_in("bob@example.com").json["projects"][0]["role"] == "viewer"


@pytest.mark.parametrize(
    ("tag", "expected"),
    [(None, (428, "precondition-required")), ('"7"', (412, "precondition-failed"))],
)
def test_a_role_is_changed_by_who_knows_the_present_one(ann, guest, tag, expected):
    redeem(guest, invite(ann)["link"])
    bob = id_of(ann, "bob@example.com")

    assert slug(ann.call("PATCH", f"/members/{bob}", json={"role": "viewer"}, if_match=tag)) == (
        expected
    )


def test_the_last_owner_is_neither_demoted_nor_removed(ann, guest):
    own = id_of(ann, "ann@example.com")

    demoted = ann.call("PATCH", f"/members/{own}", json={"role": "viewer"}, if_match="*")
    assert slug(demoted) == (409, "last-owner")
    assert slug(ann.call("DELETE", f"/members/{own}")) == (409, "last-owner")
    assert ann.call("GET", f"/members/{own}").json["role"] == "owner"

    redeem(guest, invite(ann, role="owner")["link"])
    assert ann.call("DELETE", f"/members/{own}").status_code == 204
    assert slug(ann.call("GET", "/session")) == (401, "token-invalid")


def test_a_removed_member_is_gone_with_sessions_and_tokens(ann, guest, client, db):
    redeem(guest, invite(ann, role="admin")["link"])
    guest.log_in("bob@example.com")
    made = guest.call("POST", "/tokens", json={"name": "x", "role": "admin"}).json["token"]
    with_token = {"Authorization": f"Bearer {made}"}
    assert client.get("/api/v1/keys", headers=with_token).status_code == 200

    assert ann.call("DELETE", f"/members/{id_of(ann, 'bob@example.com')}").status_code == 204

    assert slug(guest.call("GET", "/surveys")) == (401, "token-invalid")
    assert slug(client.get("/api/v1/keys", headers=with_token)) == (401, "token-invalid")
    assert slug(guest.log_in("bob@example.com")) == (401, "login-failed")
    with db.read() as session:
        assert session.execute(select(func.count()).select_from(Member)).scalar_one() == 1


def test_a_token_never_exceeds_its_member(ann, guest, client):
    redeem(guest, invite(ann, role="admin")["link"])
    guest.log_in("bob@example.com")
    made = guest.call("POST", "/tokens", json={"name": "x", "role": "admin"}).json["token"]
    refused = guest.call("POST", "/tokens", json={"name": "x", "role": "owner"})
    assert slug(refused) == (403, "role-forbidden")

    bob = id_of(ann, "bob@example.com")
    ann.call("PATCH", f"/members/{bob}", json={"role": "viewer"}, if_match="*")

    with_token = {"Authorization": f"Bearer {made}"}
    assert client.get("/api/v1/surveys", headers=with_token).status_code == 200
    assert slug(client.get("/api/v1/keys", headers=with_token)) == (403, "role-forbidden")


def test_only_owners_invite(db, app, project):
    join(db, project.id)
    join(db, project.id, "admin", "bob@example.com")
    bob = Browser(app.test_client())
    bob.log_in("bob@example.com")

    assert bob.call("GET", "/members").status_code == 200
    answer = bob.call("POST", "/invitations", json={"email": "c@example.com", "role": "viewer"})
    assert slug(answer) == (403, "role-forbidden")


def test_a_reset_link_sets_a_new_password_and_ends_sessions(ann, guest, db):
    token = db.transact(
        lambda session: invitations.reset(session, "ann@example.com", actor="cli")[1]
    )

    assert slug(redeem(guest, "#" + token, "123456789012")) == (422, "invalid-request")
    assert redeem(guest, "#" + token, "a wholly new password").status_code == 204

    assert slug(ann.call("GET", "/session")) == (401, "token-invalid")
    assert slug(ann.log_in()) == (401, "login-failed")
    assert ann.log_in(password="a wholly new password").status_code == 201


def test_a_member_of_all_projects_is_listed_and_not_changed_from_one(ann, db):
    join(db, None, "owner", "root@example.com")
    root = id_of(ann, "root@example.com")

    assert ann.call("GET", f"/members/{root}").json["everywhere"] is True
    change = ann.call("PATCH", f"/members/{root}", json={"role": "viewer"}, if_match="*")
    assert slug(change) == (409, "conflict")

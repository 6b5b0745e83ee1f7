"""Who gets in, how, and where they are sent."""

from __future__ import annotations

import html
import re

import pytest

from backend.services import invitations, sessions
from backend.services.clock import utc_now
from tests.dashboard import PASSWORD, join
from tests.web.conftest import OWN, Visitor


@pytest.fixture
def stranger(app):
    return Visitor(app.test_client())


def test_who_is_not_signed_in_is_sent_to_sign_in_and_then_on(stranger, db, project):
    join(db, project.id, "viewer", "ann@example.com")

    sent = stranger.get("/explore?by=plan")
    assert sent.location == "/sign-in?next=%2Fexplore%3Fby%3Dplan"

    done = stranger.sign_in("ann@example.com", next="/explore?by=plan")
    assert (done.status_code, done.location) == (302, "/explore?by=plan")
    assert stranger.get(done.location).status_code == 200


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(stranger, db, project):
    join(db, project.id, "viewer", "ann@example.com")

    cookie = stranger.sign_in("ann@example.com").headers["Set-Cookie"]

    assert cookie.startswith("__Host-zeroten=")
    for flag in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert flag in cookie


@pytest.mark.parametrize("email", ["ann@example.com", "nobody@example.com"])
def test_a_wrong_password_and_an_unknown_address_are_answered_alike(stranger, db, project, email):
    join(db, project.id, "viewer", "ann@example.com")

    refused = stranger.sign_in(email, "not the password at all")

    assert refused.status_code == 401
    assert "The address, the password or the digits are not right." in refused.text
    assert "Set-Cookie" not in refused.headers


@pytest.mark.parametrize(
    "away", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)"]
)
def test_nobody_is_sent_to_another_site_after_signing_in(stranger, db, project, away):
    join(db, project.id, "viewer", "ann@example.com")

    assert stranger.sign_in("ann@example.com", next=away).location == "/"


def test_another_sites_form_signs_nobody_in(stranger, db, project):
    join(db, project.id, "viewer", "ann@example.com")
    form = {"email": "ann@example.com", "password": PASSWORD}

    for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}, {}):
        assert stranger.client.post("/sign-in", data=form, headers=headers).status_code == 403


def test_signing_out_ends_the_session_at_the_server(visit):
    visitor = visit("viewer")
    cookie = visitor.client.get_cookie("__Host-zeroten").value

    assert visitor.send("/sign-out", on="/").location == "/sign-in"

    visitor.client.set_cookie("__Host-zeroten", cookie)
    assert visitor.get("/").location.startswith("/sign-in")


def test_an_expired_session_is_sent_to_sign_in_and_back(visit, db):
    visitor = visit("viewer")
    sessions.forget_old(db, utc_now() + sessions.ABSOLUTE)

    assert visitor.get("/surveys").location == "/sign-in?next=%2Fsurveys"


def test_a_form_without_the_sessions_token_changes_nothing(visit):
    visitor = visit("owner")

    for token in ("", "A" * 43):
        sent = visitor.client.post("/surveys", data={"csrf_token": token}, headers=OWN)
        assert sent.status_code == 403
    assert "No survey yet" in visitor.text("/surveys")


def test_a_one_time_link_lets_its_first_user_choose_a_password(stranger, db, project):
    token = db.transact(
        lambda session: invitations.invite(
            session, project_id=project.id, email="bo@example.com", role="admin", actor="cli"
        )[1]
    )
    form = {"token": f"http://localhost/join#{token}", "name": "Bo", "password": PASSWORD}

    assert stranger.get("/join").status_code == 200
    short = stranger.client.post("/join", data=form | {"password": "short"}, headers=OWN)
    assert "12 to 256 characters" in short.text
    assert stranger.client.post("/join", data=form, headers=OWN).status_code == 303
    assert stranger.client.post("/join", data=form, headers=OWN).status_code == 422

    assert stranger.sign_in("bo@example.com").status_code == 302


def hidden_of(page):
    """Return the hidden fields of a page's last form."""
    form = page[page.rindex("<form") :]
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form)
    return {name: html.unescape(value) for name, value in found}


def test_what_was_sent_after_the_session_had_ended_is_sent_again_after_signing_in(
    stranger, db, project
):
    join(db, project.id, "admin", "ann@example.com")
    path = f"/surveys?project_id={project.id}"
    form = {"csrf_token": "old", "template": "ces", "name": '"<b>&'}

    late = stranger.client.post(path, data=form, headers=OWN)
    assert late.status_code == 401
    assert "What you entered is kept" in late.text
    wrong = stranger.sign_in("ann@example.com", "not it at all", **hidden_of(late.text))
    again = stranger.sign_in("ann@example.com", **hidden_of(wrong.text))

    assert "not sent yet" in again.text
    sent = hidden_of(again.text)
    assert {name: sent[name] for name in form if name != "csrf_token"} == {
        name: value for name, value in form.items() if name != "csrf_token"
    }
    assert f'action="{path}"' in again.text
    assert stranger.client.post(path, data=sent, headers=OWN).status_code == 303


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"rate": "40"}, {"Sec-Fetch-Site": "cross-site"}),
        ({"new_password": "correct horse battery"}, OWN),
        ({}, OWN),
        ({"rate": "40"}, OWN | {"X-Fragment": "1"}),
    ],
)
def test_no_other_sites_form_no_password_and_nothing_empty_is_kept(stranger, data, headers):
    answer = stranger.client.post("/surveys", data=data, headers=headers)

    assert (answer.status_code, answer.location) == (302, "/sign-in?next=%2F")


@pytest.mark.parametrize("path", ["//evil.example/x", "https://evil.example", "/sign-out", ""])
def test_a_kept_form_goes_to_a_page_of_ours_alone(stranger, db, project, path):
    join(db, project.id, "viewer", "ann@example.com")

    answer = stranger.sign_in("ann@example.com", kept_path=path, **{"kept.rate": "40"})

    assert (answer.status_code, answer.location) == (302, "/")

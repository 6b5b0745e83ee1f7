"""The dashboard's login: what it lets in, what ends it, and what a change must carry."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import select, update

from backend.services.clock import utc_now
from backend.storage.models import DashboardSession, LoginAttempt
from tests.dashboard import PASSWORD, Browser, join, slug


@pytest.fixture
def browser(app):
    return Browser(app.test_client())


@pytest.fixture
def ann(browser, db, project):
    """An owner of the project, logged in."""
    join(db, project.id)
    assert browser.log_in().status_code == 201
    return browser


def age(db, **columns):
    db.write(lambda connection: connection.execute(update(DashboardSession).values(**columns)))


def test_a_login_says_who_one_is_and_sets_a_cookie_that_scripts_cannot_read(browser, db, project):
    join(db, project.id, "analyst")

    answer = browser.log_in(email=" Ann@Example.com ")

    assert answer.status_code == 201
    assert answer.json["projects"] == [{"id": project.id, "name": "Acme", "role": "analyst"}]
    assert answer.json["email"] == "ann@example.com"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-zeroten=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie
    assert PASSWORD not in answer.text


def test_the_database_holds_neither_password_nor_session(ann, db):
    token = ann.client.get_cookie("__Host-zeroten").value

    with db.read() as session:
        stored = session.execute(select(DashboardSession.id_hash)).scalar_one()

    assert len(stored) == 32
    assert token.encode() not in stored


def test_a_session_opens_the_admin_plane_as_its_role(browser, db, project):
    join(db, project.id, "viewer")
    browser.log_in()

    assert browser.call("GET", "/surveys").status_code == 200
    assert slug(browser.call("GET", "/keys")) == (403, "role-forbidden")
    assert slug(browser.call("POST", "/surveys", json={"name": "x"})) == (403, "role-forbidden")


@pytest.mark.parametrize(
    ("email", "password"),
    [("ann@example.com", "wrong password 1"), ("bob@example.com", PASSWORD)],
    ids=["a wrong password", "an unknown address"],
)
def test_who_fails_to_log_in_is_told_the_same(browser, db, project, email, password):
    join(db, project.id)

    answer = browser.log_in(email, password)

    assert slug(answer) == (401, "login-failed")
    assert "errors" not in answer.json
    assert "Set-Cookie" not in answer.headers


def test_logging_out_ends_the_session_on_the_server(ann):
    token = ann.client.get_cookie("__Host-zeroten").value

    assert ann.call("DELETE", "/session").status_code == 204

    ann.client.set_cookie("__Host-zeroten", token)
    assert slug(ann.call("GET", "/session")) == (401, "token-invalid")


def test_a_login_begins_under_a_new_id(browser, db, project):
    join(db, project.id)
    browser.client.set_cookie("__Host-zeroten", "A" * 43)

    browser.log_in()

    assert browser.client.get_cookie("__Host-zeroten").value != "A" * 43


@pytest.mark.parametrize(
    "columns",
    [
        {"last_seen_at": utc_now() - timedelta(hours=12)},
        {"created_at": utc_now() - timedelta(days=7)},
    ],
    ids=["idle for 12 hours", "7 days old"],
)
def test_an_old_session_opens_nothing(ann, db, columns):
    age(db, **columns)

    assert slug(ann.call("GET", "/session")) == (401, "token-invalid")


def test_use_keeps_a_session_from_being_idle(ann, db):
    age(db, last_seen_at=utc_now() - timedelta(hours=11))

    assert ann.call("GET", "/session").status_code == 200

    with db.read() as session:
        seen = session.execute(select(DashboardSession.last_seen_at)).scalar_one()
    assert utc_now() - seen < timedelta(minutes=1)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": None},
        {"X-CSRF-Token": "A" * 43},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": None},
        {"Sec-Fetch-Site": None, "Origin": "https://evil.test"},
        {"Sec-Fetch-Site": None, "Origin": "null"},
    ],
    ids=lambda headers: " ".join(f"{name}: {value}" for name, value in headers.items()),
)
def test_a_change_from_elsewhere_is_refused(ann, headers):
    answer = ann.call("POST", "/surveys", json={"name": "forged"}, headers=headers)

    assert slug(answer) == (403, "csrf-failed")
    assert ann.call("GET", "/surveys").json["items"] == []


def test_a_browser_without_fetch_metadata_shows_its_origin(ann):
    headers = {"Sec-Fetch-Site": None, "Origin": "http://localhost"}

    assert ann.call("POST", "/surveys", json={"name": "x"}, headers=headers).status_code == 201


def test_another_site_cannot_log_a_browser_in(browser, db, project):
    join(db, project.id)
    document = {"email": "ann@example.com", "password": PASSWORD}

    answer = browser.call(
        "POST", "/session", json=document, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert slug(answer) == (403, "csrf-failed")


def test_a_form_cannot_log_in(browser):
    answer = browser.call("POST", "/session", data={"email": "a", "password": "b"})

    assert slug(answer) == (415, "unsupported-media-type")


def test_a_new_password_ends_every_other_session_and_renews_this_one(ann, app):
    other = Browser(app.test_client())
    other.log_in()
    old = ann.client.get_cookie("__Host-zeroten").value
    change = {"current_password": PASSWORD, "new_password": "another good password"}

    answer = ann.call("PUT", "/session/password", json=change)

    assert answer.status_code == 200
    assert ann.client.get_cookie("__Host-zeroten").value != old
    assert ann.call("GET", "/session").status_code == 200
    assert slug(other.call("GET", "/session")) == (401, "token-invalid")
    assert slug(other.log_in()) == (401, "login-failed")
    assert other.log_in(password="another good password").status_code == 201


def test_a_new_password_needs_the_current_one(ann):
    change = {"current_password": "not this one 123", "new_password": "another good password"}

    assert slug(ann.call("PUT", "/session/password", json=change)) == (401, "login-failed")


@pytest.mark.parametrize(
    "password",
    [
        "short one 1",
        "password12345",
        "QWERTYUIOP123",
        "abcabcabcabcabc",
        "x" * 257,
        "ann@example.com",
    ],
)
def test_what_everybody_tries_is_no_password(ann, password):
    change = {"current_password": PASSWORD, "new_password": password}

    answer = ann.call("PUT", "/session/password", json=change)

    assert slug(answer) == (422, "invalid-request")
    assert answer.json["errors"][0]["pointer"] == "#/new_password"
    assert password not in answer.text


@pytest.mark.parametrize(
    "password",
    ["пароль из многих слов", "🐎 und 🦄 reiten aus", "a b  c d  e f  g", "x1" + "y" * 254],
)
def test_a_password_may_have_any_character_and_is_not_cut_off(ann, password):
    change = {"current_password": PASSWORD, "new_password": password}
    assert ann.call("PUT", "/session/password", json=change).status_code == 200

    assert slug(ann.log_in(password=password[:-1])) == (401, "login-failed")
    assert ann.log_in(password=password).status_code == 201


def test_a_second_factor_is_wanted_once_it_is_set_up_and_each_code_works_once(ann):
    begun = ann.call("POST", "/session/second-factor").json
    totp = pyotp.TOTP(begun["secret"])
    assert begun["address"].startswith("otpauth://totp/Zeroten:ann%40example.com?secret=")
    step = int(utc_now().timestamp()) // 30
    codes = [totp.generate_otp(step + offset) for offset in (-1, 0, 1)]
    assert ann.log_in().status_code == 201, "not wanted before a code has come"

    turned = ann.call("PUT", "/session/second-factor", json={"code": codes[0], "enabled": True})
    assert turned.status_code == 204

    without = ann.log_in()
    assert slug(without) == (401, "login-failed")
    assert without.json["errors"][0]["pointer"] == "#/code"
    assert "errors" not in ann.log_in(password="wrong password 1").json
    assert slug(ann.log_in(code="000000")) == (401, "login-failed")
    assert slug(ann.log_in(code=codes[0])) == (401, "login-failed"), "used"
    assert ann.log_in(code=codes[1]).status_code == 201
    assert slug(ann.log_in(code=codes[1])) == (401, "login-failed"), "used"


def test_a_second_factor_is_turned_off_with_a_code_alone(ann):
    secret = ann.call("POST", "/session/second-factor").json["secret"]
    totp, step = pyotp.TOTP(secret), int(utc_now().timestamp()) // 30
    on = {"code": totp.generate_otp(step - 1), "enabled": True}
    assert ann.call("PUT", "/session/second-factor", json=on).status_code == 204
    assert slug(ann.call("POST", "/session/second-factor")) == (409, "conflict")

    wrong = ann.call("PUT", "/session/second-factor", json={"code": "123", "enabled": False})
    assert slug(wrong) == (401, "login-failed")
    off = {"code": totp.generate_otp(step), "enabled": False}
    assert ann.call("PUT", "/session/second-factor", json=off).status_code == 204
    assert ann.log_in().status_code == 201


def test_the_sixth_login_within_a_minute_waits_and_others_do_not(config, db, project):
    from dataclasses import replace

    from backend.app import create_app

    browser = Browser(create_app(replace(config, rate_limits=True), db).test_client())
    join(db, project.id)
    join(db, project.id, email="bob@example.com")
    for _ in range(5):
        assert slug(browser.log_in(password="wrong password 1")) == (401, "login-failed")

    refused = browser.log_in()

    assert slug(refused) == (429, "rate-limited")
    assert 1 <= int(refused.headers["Retry-After"]) <= 61
    assert browser.log_in("bob@example.com").status_code == 201
    past = utc_now() - timedelta(seconds=61)
    db.write(lambda connection: connection.execute(update(LoginAttempt).values(at=past)))
    assert browser.log_in().status_code == 201


def test_a_member_of_several_projects_names_one(browser, db, project, make_project):
    other, foreign = make_project(name="Other"), make_project(name="Foreign")
    join(db, project.id, "viewer")
    join(db, other.id, "admin")
    browser.log_in()

    unnamed = browser.call("GET", "/surveys")
    assert slug(unnamed) == (422, "invalid-request")
    assert unnamed.json["errors"][0]["pointer"] == "#/query/project_id"
    assert browser.call("GET", f"/keys?project_id={other.id}").status_code == 200
    assert slug(browser.call("GET", f"/keys?project_id={project.id}")) == (403, "role-forbidden")
    for unknown in (foreign.id, "prj_none"):
        assert slug(browser.call("GET", f"/keys?project_id={unknown}")) == (404, "not-found")
        assert slug(browser.call("GET", f"/projects/{unknown}")) == (404, "not-found")
    listed = {found["id"] for found in browser.call("GET", "/projects").json["items"]}
    assert listed == {project.id, other.id}
    made = browser.call("POST", "/projects", json={"name": "x"})
    assert slug(made) == (422, "invalid-request")


def test_a_member_of_the_whole_installation_enters_every_project(browser, db, project):
    join(db, None, "owner")
    browser.log_in()

    assert browser.call("GET", f"/keys?project_id={project.id}").status_code == 200
    assert browser.call("POST", "/projects", json={"name": "Third"}).status_code == 201


def test_logins_and_their_failures_are_in_the_audit_log(ann):
    ann.log_in(password="wrong password 1")
    ann.log_in()

    actions = [entry["action"] for entry in ann.call("GET", "/audit").json["items"]]

    assert {"session.create", "session.refuse", "member.join"} <= set(actions)


def test_a_bearer_token_has_no_session(call):
    answer = call("GET", "/session")

    assert (answer.status_code, answer.json["type"]) == (401, "/problems/token-invalid")

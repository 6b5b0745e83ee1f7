"""Settings: members, keys, tokens, releases and one's own account, changed by forms."""

from __future__ import annotations

import re
from html import unescape

import pyotp
import pytest
import segno
from sqlalchemy import update

from backend.services import passwords
from backend.storage.models import Member
from tests.dashboard import PASSWORD
from tests.web.conftest import Visitor, add_member

KEYS, TEAM, YOU = "/settings/keys", "/settings/members", "/you"


def hidden(html, name, near):
    """Return a hidden field's value in the form that says `near`."""
    forms = (part.partition("</form>")[0] for part in html.split("<form")[1:])
    found = (re.search(rf'name="{name}" value="([^"]*)"', part) for part in forms if near in part)
    return unescape(next(filter(None, found))[1])


def test_an_invited_member_joins_gets_another_role_and_is_removed(visit, app):
    owner = visit("owner")

    sent = owner.send(TEAM, on=TEAM, email="eve@example.com", role="viewer")
    token = re.search(r"/join#([\w-]+)", sent.text)[1]
    assert token not in owner.get(TEAM).text
    assert "eve@example.com" in owner.text(TEAM)

    eve = Visitor(app.test_client())
    join = {"token": token, "name": "Eve", "password": PASSWORD}
    own = {"Sec-Fetch-Site": "same-origin"}
    assert eve.client.post("/join", data=join, headers=own).status_code == 303
    eve.sign_in("eve@example.com")
    assert eve.get(KEYS).status_code == 403

    page = owner.get(TEAM).text
    ids = {"member_id": hidden(page, "member_id", "the role of eve@")}
    revision = hidden(page, "revision", "the role of eve@")
    role = {"new_role": "admin", "revision": revision}
    changed = owner.send(f"{TEAM}/role", on=TEAM, **ids, **role)
    assert "Changed." in owner.text(changed.location)
    eve.sign_in("eve@example.com")
    assert eve.get(KEYS).status_code == 200
    assert owner.send(f"{TEAM}/role", on=TEAM, **ids, **role).status_code == 412

    assert owner.send(f"{TEAM}/remove", on=TEAM, **ids).status_code == 303
    assert eve.get("/").status_code == 302


def test_the_last_owner_stays_and_wrong_addresses_are_told_at_the_field(visit):
    owner = visit("owner")
    page = owner.get(TEAM).text
    ids = {"member_id": hidden(page, "member_id", "the role of owner@")}

    stayed = owner.send(f"{TEAM}/remove", on=TEAM, **ids)
    assert stayed.status_code == 409
    assert "Make somebody else an owner first." in stayed.text

    wrong = owner.send(TEAM, on=TEAM, email="nobody", role="viewer")
    assert wrong.status_code == 422
    assert re.search(r'id="email"[^>]*value="nobody"[^>]*aria-invalid="true"', wrong.text)
    assert 'id="email-fault"' in wrong.text


def test_an_invitation_is_taken_back(visit):
    owner = visit("owner")
    owner.send(TEAM, on=TEAM, email="eve@example.com", role="viewer")

    ids = {"invitation_id": hidden(owner.get(TEAM).text, "invitation_id", "the invitation of eve")}
    assert owner.send(f"{TEAM}/withdraw", on=TEAM, **ids).status_code == 303

    assert "eve@example.com" not in owner.text(TEAM)


@pytest.mark.parametrize("path", [TEAM, f"{TEAM}/role", f"{TEAM}/remove", f"{TEAM}/withdraw"])
def test_only_owners_decide_who_is_a_member(visit, path):
    admin = visit("admin")

    assert "Make a link" not in admin.get(TEAM).text
    assert admin.send(path, on="/", email="a@example.com", role="owner").status_code == 403


def test_a_token_is_shown_once_and_opens_what_its_role_may_until_revoked(visit, client):
    admin = visit("admin")

    def status(path):
        return client.get(
            f"/api/v1{path}", headers={"Authorization": f"Bearer {token}"}
        ).status_code

    sent = admin.send("/settings/tokens", on=KEYS, name="Report", role="analyst", days="30")
    token = re.search(r"at_[0-9A-Za-z]{43}", sent.text)[0]
    assert token not in admin.get(KEYS).text
    assert status("/responses") == 200
    assert status("/keys") == 403

    ids = {"token_id": hidden(admin.get(KEYS).text, "token_id", "Report")}
    assert admin.send("/settings/tokens/revoke", on=KEYS, **ids).status_code == 303
    assert status("/responses") == 401


@pytest.mark.parametrize(
    ("entered", "status", "told"),
    [
        ({"role": "owner"}, 403, "A role above one"),
        ({"days": "never"}, 422, 'id="days-fault"'),
        ({"days": "0"}, 422, 'id="days-fault"'),
        ({"name": ""}, 422, 'id="name-fault"'),
    ],
)
def test_a_token_that_cannot_be_is_refused_at_its_field(visit, entered, status, told):
    form = {"name": "Report", "role": "viewer", "days": "30"} | entered

    sent = visit("admin").send("/settings/tokens", on=KEYS, **form)

    assert sent.status_code == status
    assert told in sent.text


def test_a_release_is_marked_and_taken_off(visit):
    analyst, page = visit("analyst"), "/settings/releases"

    assert 'id="at-fault"' in analyst.send(page, on=page, name="5.0", at="yesterday").text
    assert analyst.send(page, on=page, name="5.0 🎉", at="2026-01-31").status_code == 303
    assert "5.0 🎉 31 Jan 2026, 00:00 UTC" in analyst.text(page)

    ids = {"release_id": hidden(analyst.get(page).text, "release_id", "5.0")}
    assert visit("viewer").send(f"{page}/remove", on="/", **ids).status_code == 403
    assert analyst.send(f"{page}/remove", on=page, **ids).status_code == 303
    assert "No release is marked yet." in analyst.text(page)


def test_the_audit_log_is_narrowed_to_who_what_and_when(visit):
    admin, page = visit("admin"), "/settings/audit"
    admin.send("/settings/releases", on="/settings/releases", name="5.0", at="2026-01-31")
    admin.send(KEYS, on=KEYS, kind="publishable")

    rows = re.compile(r"<tbody>(.*?)</tbody>", re.DOTALL)
    narrowed = rows.search(admin.get(f"{page}?action=release.create").text)[1]
    assert "release.create" in narrowed
    assert "key.create" not in narrowed
    assert "admin@example.com" in narrowed
    assert "No entry fits." in admin.text(f"{page}?until=2020-01-01")
    assert "No entry fits." in admin.text(f"{page}?actor=tok_none")
    assert admin.get(f"{page}?since=yesterday").status_code == 422


@pytest.fixture
def ann(visit, db, project):
    """An analyst with a password."""
    visitor = visit("analyst")
    member_id = add_member(db, project.id, "analyst", "analyst@example.com")
    hashed = passwords.hashed(PASSWORD)
    query = update(Member).where(Member.id == member_id).values(password_hash=hashed)
    db.write(lambda connection: connection.execute(query))
    return visitor


def test_the_password_is_changed_by_who_knows_it(ann, app):
    elsewhere = Visitor(app.test_client())
    elsewhere.sign_in("analyst@example.com")
    change = {"current_password": PASSWORD, "new_password": "a staple, a battery"}

    wrong = ann.send(f"{YOU}/password", on=YOU, **change | {"current_password": "no"})
    assert (wrong.status_code, "This is not your password." in wrong.text) == (401, True)
    weak = ann.send(f"{YOU}/password", on=YOU, **change | {"new_password": "short"})
    assert (weak.status_code, 'id="new_password-fault"' in weak.text) == (422, True)
    assert "short" not in weak.text

    sent = ann.send(f"{YOU}/password", on=YOU, **change)
    assert "Your password is changed." in ann.text(sent.location)
    assert elsewhere.get("/").status_code == 302


def test_a_second_factor_is_turned_on_with_its_first_digits(ann):
    begun = ann.send(f"{YOU}/second-factor/new", on=YOU).text
    secret = re.search(r'<pre[^>]*id="secret">(\w+)<', begun)[1]
    form = {"enabled": "true", "secret": secret}

    wrong = ann.send(f"{YOU}/second-factor", on=YOU, code="000000x", **form)
    assert (wrong.status_code, secret in wrong.text) == (401, True)
    code = pyotp.TOTP(secret).now()
    sent = ann.send(f"{YOU}/second-factor", on=YOU, code=f"{code[:3]} {code[3:]}", **form)

    assert "from now on signing in asks for six digits" in ann.text(sent.location)
    assert "to turn it off" in ann.text(YOU)


def test_a_second_factor_is_shown_as_a_qr_code_of_its_own_address(ann):
    begun = ann.send(f"{YOU}/second-factor/new", on=YOU).text
    address = unescape(re.search(r'href="(otpauth:[^"]+)"', begun)[1])
    code = re.search(r'<div class="qr" role="img" aria-label="[^"]+">(<svg.+?</svg>)</div>', begun)[
        1
    ]

    assert code == segno.make(address, error="m", micro=False).svg_inline(
        omitsize=True, light="#fff", svgclass=None, lineclass=None
    )
    assert "style=" not in code
    assert "http" not in code
    # What comes back with wrong digits is drawn anew; no address of somebody else's is taken.
    form = {"enabled": "true", "code": "000000x", "secret": "javascript:x", "address": "//evil"}
    assert "evil" not in ann.send(f"{YOU}/second-factor", on=YOU, **form).text


def test_all_other_sessions_end(ann, app):
    elsewhere = Visitor(app.test_client())
    elsewhere.sign_in("analyst@example.com")
    assert "this one" in ann.text(YOU)

    assert ann.send(f"{YOU}/sessions/end", on=YOU).status_code == 303

    assert elsewhere.get("/").status_code == 302
    assert "Nowhere else." in ann.text(YOU)

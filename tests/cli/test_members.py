"""`zeroten member`: the first owner, and help for who is locked out."""

import json

import pytest

from backend.domain.errors import LoginFailedError
from backend.services import invitations, projects, sessions, vault
from backend.services.clock import utc_now
from tests.cli.conftest import KEYS

PASSWORD = "correct horse battery"


@pytest.fixture
def member(zeroten, db, monkeypatch):
    """Run a command about members; its output as documents."""
    monkeypatch.setenv("PUBLIC_URL", "https://zeroten.example.com")
    db.transact(lambda session: projects.create(session, name="Acme"))

    def run(*arguments):
        code, out, told = zeroten("member", *arguments, "--json")
        return code, [json.loads(line) for line in out.splitlines()], told

    return run


def log_in(db, password=PASSWORD):
    box = vault.Vault((KEYS,))
    return sessions.log_in(
        db, box, email="ann@example.com", password=password, code=None, now=utc_now()
    )


def redeem(db, link, password=PASSWORD):
    address, _, token = link.partition("#")
    assert address == "https://zeroten.example.com/join"
    invitations.redeem(db, token, password, "Ann", utc_now())


def test_the_first_owner_comes_by_a_link(member, db):
    code, (made,), _ = member("invite", "Ann@Example.com")
    redeem(db, made["link"])

    assert code == 0
    assert list(log_in(db).project_roles.values()) == ["owner"]
    assert [one["email"] for one in member("list")[1]] == ["ann@example.com"]


def test_an_owner_of_all_projects_is_made_and_removed(member, db):
    redeem(db, member("invite", "ann@example.com", "--all-projects")[1][0]["link"])
    assert log_in(db).everywhere_role == "owner"

    assert member("remove", "ann@example.com", "--all-projects")[0] == 0

    with pytest.raises(LoginFailedError):
        log_in(db)


def test_a_forgotten_password_is_replaced(member, db):
    redeem(db, member("invite", "ann@example.com")[1][0]["link"])

    made = member("link", "ann@example.com", "--without-second-factor")[1][0]
    redeem(db, made["link"], "another good password")

    assert log_in(db, "another good password")
    with pytest.raises(LoginFailedError):
        log_in(db)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("link", "nobody@example.com"), "There is no member nobody@example.com."),
        (("remove", "nobody@example.com"), "There is no member nobody@example.com."),
        (("invite", "ann"), "Name an e-mail address."),
    ],
)
def test_a_mistake_is_one_line(member, arguments, told):
    code, _, err = member(*arguments)

    assert (code, err) == (2, f"zeroten: {told}\n")

"""Visitors of the dashboard as a browser without scripts is one: cookies, pages, forms."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from backend.api.auth import COOKIE
from backend.services import sessions
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.storage.db import Database
from backend.storage.models import Member, Membership
from tests.api.admin.insights_world import World, write
from tests.conftest import Given
from tests.dashboard import PASSWORD

OWN = {"Sec-Fetch-Site": "same-origin"}


@dataclass
class Visitor:
    """Somebody who looks at pages and sends their forms."""

    client: FlaskClient

    def sign_in(self, email: str, password: str = PASSWORD, **more: str) -> TestResponse:
        form = {"email": email, "password": password} | more
        return self.client.post("/sign-in", data=form, headers=OWN)

    def get(self, path: str) -> TestResponse:
        return self.client.get(path)

    def text(self, path: str) -> str:
        """Return the words of a page as they are read, without tags."""
        answer = self.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        return words(answer.text)

    def send(self, path: str, /, on: str, **form: Any) -> TestResponse:
        """Send a form of the page `on`, with its CSRF token."""
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.get(on).text)
        assert found, on
        data = {"csrf_token": found[1]} | form
        return self.client.post(path, data=data, headers=OWN)


def words(html: str) -> str:
    """Return what a page says."""
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def add_member(db: Database, project_id: str, role: str, email: str) -> str:
    """Add somebody to a project; no password is hashed, which takes a while. Return the id."""

    def work(session: Session) -> str:
        member = session.scalars(select(Member).where(Member.email == email)).one_or_none()
        if member is None:
            member = Member(
                id=new_id("mem_"),
                email=email,
                name=role.title(),
                everywhere_role=None,
                password_hash="none",
                totp_encrypted=None,
                totp_enabled=False,
                totp_step=0,
                created_at=utc_now(),
            )
            session.add(member)
            session.flush()
        if session.get(Membership, (project_id, member.id)) is None:
            own = {"project_id": project_id, "member_id": member.id, "role": role}
            session.add(Membership(**own, created_at=utc_now(), revision=1))
        return member.id

    return db.transact(work)


@pytest.fixture
def visit(app: Flask, db: Database, project: Given) -> Callable[..., Visitor]:
    """Return somebody signed in to the project: `visit("viewer")`."""

    def make(role: str = "owner") -> Visitor:
        member_id = add_member(db, project.id, role, f"{role}@example.com")
        token = db.transact(lambda session: sessions.renew(session, member_id, utc_now()))
        visitor = Visitor(app.test_client())
        visitor.client.set_cookie(COOKIE, token)
        return visitor

    return make


@pytest.fixture
def world(db: Database, project: Given, make_survey: Callable[..., str]) -> str:
    """Answers of 150 people in 12 accounts; returns the survey's id."""
    survey_id = make_survey()
    write(db, project.id, survey_id, World())
    return survey_id

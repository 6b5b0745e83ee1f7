"""Accounts by attention, and one account with its people and answers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.api.admin.common import decode_cursor, encode_cursor
from backend.api.auth import access
from backend.api.state import zeroten
from backend.domain import roles
from backend.domain.errors import NotFoundError
from backend.services import responses
from backend.services.insights import accounts as service
from backend.services.insights import levels
from backend.services.insights.question import Question
from backend.services.response_views import views
from backend.services.responses import Filters
from backend.storage.models import Account, User
from backend.web import signed_in
from backend.web.asked import asked, caches, choices, survey_names
from backend.web.blueprint import page, web
from backend.web.charts.intervals import domain, interval

# Whether an account keeps silent shows over two cycles of asking.
TWO_CYCLES: Final = "180"
A_PAGE: Final = 50
ANSWERS: Final = 30
PEOPLE: Final = 100


@web.get("/accounts")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def accounts() -> Response:
    """Accounts, most at risk first, or those worth a call by their value."""
    wanted, only = asked(TWO_CYCLES), request.args.get("attention") == "true"
    start = max(0, decode_cursor(request.args.get("cursor"), int) or 0)
    with zeroten().db.read() as session:
        table, more = _table(session, wanted.question, only, start, A_PAGE)
        given: dict[str, Any] = {
            "surveys": survey_names(session),
            "choices": choices(session, wanted.question),
        }
    limits = domain(table["rows"], of="estimate")
    return page(
        "accounts.html",
        section="Accounts",
        asked=wanted,
        table=table,
        rows=[(row, interval(row, limits, of="estimate")) for row in table["rows"]],
        only_attention=only,
        cursor=encode_cursor(start + A_PAGE) if more else None,
        **given,
    )


@web.get("/accounts/<path:account_id>")
@access("dashboard", role=roles.ANALYST, scope="insights:read")
def account(account_id: str) -> Response:
    """One account: its score, reasons to call, people and answers."""
    project_id, wanted = signed_in.project_id(), asked(TWO_CYCLES)
    question = replace(wanted.question, account_id=account_id)
    with zeroten().db.read() as session:
        found = _find(session, project_id, account_id)
        score = levels.score(session, caches().windows, project_id, question, caches().populations)
        rows = responses.listed(
            session,
            project_id,
            Filters(account_id=account_id),
            newest_first=True,
            after=None,
            limit=ANSWERS,
        )
        return page(
            "account.html",
            section="Accounts",
            account=found,
            asked=wanted,
            score=score,
            row=service.account(session, caches().windows, project_id, found.key),
            answers=views(session, project_id, rows, names_people=True),
            people=_people(session, found),
            most_people=PEOPLE,
        )


def _table(
    session: Session, question: Question, only: bool, start: int, limit: int
) -> tuple[dict[str, Any], bool]:
    return service.accounts(
        session,
        caches().windows,
        signed_in.project_id(),
        question,
        only_attention=only,
        start=start,
        limit=limit,
    )


def _find(session: Session, project_id: str, account_id: str) -> Account:
    query = select(Account).where(
        Account.project_id == project_id, Account.account_id == account_id
    )
    found = session.scalars(query).one_or_none()
    if found is None:
        raise NotFoundError("There is no account of this id.")
    return found


def _people(session: Session, found: Account) -> list[User]:
    query = select(User).where(User.project_id == found.project_id, User.account_key == found.key)
    return list(session.scalars(query.order_by(User.last_seen_at.desc()).limit(PEOPLE)))

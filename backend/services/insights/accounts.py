"""Accounts: their score with its uncertainty, who of them answered, and reasons to call."""

from __future__ import annotations

from functools import partial
from typing import Any, Final, TypedDict

from sqlalchemy.orm import Session

from backend.domain.insights.accounts import AccountRow, accounts_table, attention
from backend.domain.insights.wording import Note
from backend.domain.timestamps import format_time
from backend.services.insights import settings
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.people import account_ids
from backend.services.insights.question import Question
from backend.services.insights.remembered import remembered
from backend.services.insights.view import View, look
from backend.services.insights.windows import Windows
from backend.storage import asked
from backend.storage.fast import from_ms

CYCLE_MS: Final = 90 * 86_400_000
TWO_CYCLES: Final = 180

# By account, whom of it was asked.
_Asked = dict[int, asked.AccountAsked]


class NamedAccount(TypedDict):
    """One account, in points; `users` known, `asked` in the window, `n` of them answered.

    `raw` is the plain NPS, `estimate` the one that borrows from the other accounts;
    `prob_below` is the chance that it lies below 0.
    """

    account_id: str
    n: int
    raw: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    reliability: float | None
    prob_below: float | None
    value: float | None
    key_person_answered: bool
    fell: int
    last_at: str | None
    note: Note | None
    reasons: list[str]
    users: int
    asked: int


class Accounts(Envelope):
    """Accounts, most at risk first, or those worth a call by value."""

    attention: bool
    worth_a_call: int
    rows: list[NamedAccount]
    next_cursor: str | None


def accounts(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    *,
    only_attention: bool,
    start: int,
    limit: int,
) -> tuple[dict[str, Any], bool]:
    """Return accounts and whether there are more; without a window, the last 180 days.

    Args:
        only_attention: only those with a reason to call, the most valuable first.
        start: how many to leave out, as the pages before have shown them.
    """
    view, rows, who = _table(session, windows, project_id, question)
    worth_a_call = attention(rows)
    listed = worth_a_call if only_attention else rows
    page = listed[start : start + limit]
    n = len(worth_a_call)
    sentence = f"{n:,} of {len(rows):,} accounts are worth a call." if rows else "No answers yet."
    return {
        **envelope(view, "accounts", sentence),
        "attention": only_attention,
        "worth_a_call": n,
        "rows": _named(session, view, page, who),
    }, len(listed) > start + limit


def account(session: Session, windows: Windows, project_id: str, key: int) -> dict[str, Any] | None:
    """Return one account as it stands among all of the last 180 days; None when not in them."""
    view, rows, who = _table(session, windows, project_id, Question(sees_answers=True))
    found = [row for row in rows if row["account"] == key]
    return _named(session, view, found, who)[0] if found else None


def _table(
    session: Session, windows: Windows, project_id: str, question: Question
) -> tuple[View, list[AccountRow], _Asked]:
    """Return the answers asked about, their accounts, and whom of each account was asked."""
    view = look(session, windows, project_id, question, days=TWO_CYCLES)
    chosen = settings.read(session, project_id)
    connection = session.connection()
    who = asked.of_accounts(connection, project_id, view.start_ms, view.end_ms, CYCLE_MS)
    # A segment's accounts without answers are not silent: others of them may have answered.
    silent = {} if view.is_segment else {key: one.cycles for key, one in who.items()}
    values = settings.account_values(session, project_id, chosen)
    given = (values, chosen.key_roles, silent, view.confidence)
    return (
        view,
        remembered(view, "accounts", partial(accounts_table, view.answers, *given), *given),
        who,
    )


def _named(
    session: Session,
    view: View,
    page: list[AccountRow],
    who: _Asked,
) -> list[dict[str, Any]]:
    keys = [row["account"] for row in page]
    ids = account_ids(session, view.project_id, set(keys))
    sizes = asked.account_sizes(session.connection(), keys)
    found = []
    for row in page:
        named: dict[str, Any] = {"account_id": ids.get(row["account"]), **row}
        key = named.pop("account")
        named["last_at"] = format_time(from_ms(row["last_at"]))
        named["users"] = sizes.get(key, 0)
        named["asked"] = who[key].users if key in who else 0
        found.append(named)
    return found

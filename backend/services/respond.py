"""Takes answers: one a ticket, by revisions, however often and in whatever order they arrive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from backend.domain import flow, keys, tickets
from backend.domain.errors import (
    FieldError,
    InvalidRequestError,
    NotFoundError,
    SurveyClosedError,
    TicketExpiredError,
    TicketUsedError,
)
from backend.domain.values import clean_text, masked
from backend.services.ids import new_id
from backend.storage import responses
from backend.storage.db import Database
from backend.storage.fast import DUPLICATES
from backend.storage.responses import KnownResponse, KnownTicket

FROM_CONTEXT = ("page", "language", "app_version", "device", "traits", "is_verified", "is_manual")


@dataclass(frozen=True, slots=True)
class Answer:
    """One revision of an answer as posted; shapes checked, values not yet."""

    revision: int
    state: str
    score: Any = None
    comment: Any = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    answered_at: datetime | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Stored:
    """What is stored for the ticket now; `is_new` when this post made the row."""

    state: str
    revision: int
    is_new: bool


def respond(db: Database, project_id: str, ticket: str, answer: Answer, now: datetime) -> Stored:
    """Store a revision and return what stands now; the highest revision wins.

    Raises:
        NotFoundError: no such ticket in this project.
        SurveyClosedError: the survey was archived.
        TicketExpiredError: the ticket's time is over.
        TicketUsedError: the user answered this wave with another ticket.
        InvalidRequestError: values that the survey's questions do not take.
    """
    if not keys.is_shaped_like(keys.TICKET, ticket):
        raise NotFoundError
    try:
        return db.write(
            lambda connection: _respond(connection, project_id, keys.digest(ticket), answer, now)
        )
    except DUPLICATES as error:
        # Two tickets of one wave at the same moment: the unique constraint let one through.
        raise TicketUsedError from error


def _respond(
    connection: Connection, project_id: str, token_hash: bytes, answer: Answer, now: datetime
) -> Stored:
    ticket = responses.ticket(connection, token_hash)
    if ticket is None or ticket.project_id != project_id:
        raise NotFoundError
    old = responses.response(connection, token_hash)
    if ticket.survey_status == "archived":
        raise SurveyClosedError
    happened_at = tickets.clamped(answer.answered_at, ticket.issued_at, now)
    _check_time(ticket, old, happened_at, now)
    _check_values(connection, ticket, answer)
    if old is not None and answer.revision <= old.revision:
        return Stored(old.state, old.revision, False)
    state = answer.state if old is None else tickets.moved(old.state, answer.state)
    columns = _columns(answer, state, old, happened_at, now)
    if columns["answered_at"] is not None and (old is None or old.wave is None):
        columns["wave"] = ticket.wave
        if responses.is_taken(connection, ticket.user_key, ticket.survey_id, ticket.wave):
            raise TicketUsedError
    if old is None:
        responses.add(connection, _new_row(ticket, now) | columns)
    else:
        responses.change(connection, old, columns)
    _keep_clocks(connection, ticket, old, columns, happened_at)
    return Stored(state, answer.revision, old is None)


def _check_time(
    ticket: KnownTicket, old: KnownResponse | None, happened_at: datetime, now: datetime
) -> None:
    alive = (
        tickets.takes_first(ticket.issued_at, happened_at, now)
        if old is None
        else tickets.takes_answer(ticket.issued_at, old.answered_at, now)
    )
    if not alive:
        raise TicketExpiredError


def _check_values(connection: Connection, ticket: KnownTicket, answer: Answer) -> None:
    content = responses.content(connection, ticket.survey_id, ticket.version)
    faults = flow.check_response(
        content, answer.state, answer.score, answer.comment, answer.answers
    )
    if faults:
        raise InvalidRequestError(errors=[FieldError(*fault) for fault in faults])


def _columns(
    answer: Answer, state: str, old: KnownResponse | None, happened_at: datetime, now: datetime
) -> dict[str, Any]:
    """Return what this revision sets; the time of the answer is that of its first score."""
    answered_at = None if old is None else old.answered_at
    if answered_at is None and state in tickets.ANSWERED:
        answered_at = happened_at
    return {
        "state": state,
        "revision": answer.revision,
        **_said(answer, state, old),
        "answered_at": answered_at,
        "updated_at": now,
    } | ({"language": answer.language} if answer.language else {})


def _said(answer: Answer, state: str, old: KnownResponse | None) -> dict[str, Any]:
    """Return what the person said, as it stands after this revision."""
    if old is not None and old.state == state != answer.state not in tickets.ANSWERED:
        # Who scores and then closes has answered: a dismissal takes nothing back.
        return {"score": old.score, "comment": old.comment, "answers": old.answers}
    return {
        "score": None if answer.score is None else int(answer.score),
        "comment": clean_text(answer.comment) if answer.comment else None,
        # The keys are the survey's own question ids, so none of them names a secret.
        "answers": {question: masked(value) for question, value in answer.answers.items()},
    }


def _new_row(ticket: KnownTicket, now: datetime) -> dict[str, Any]:
    context = ticket.context
    return {
        "id": new_id("rsp_"),
        "project_id": ticket.project_id,
        "ticket_hash": ticket.token_hash,
        "decision_id": ticket.decision_id,
        "survey_id": ticket.survey_id,
        "version": ticket.version,
        "user_key": ticket.user_key,
        "account_key": ticket.account_key,
        "role": context.get("role"),
        "plan": context.get("plan"),
        "is_test": False,
        "admission_probability": ticket.admission_probability,
        "invited_at": ticket.issued_at,
        "created_at": now,
    } | {name: context.get(name) for name in FROM_CONTEXT}


def _keep_clocks(
    connection: Connection,
    ticket: KnownTicket,
    old: KnownResponse | None,
    columns: Mapping[str, Any],
    happened_at: datetime,
) -> None:
    """Move the clocks that rests are anchored on; an ended answer frees the user's ticket."""
    state = columns["state"]
    times: dict[str, Any] = {}
    if old is None:
        times["shown_at"] = happened_at
    if columns["answered_at"] is not None:
        times["last_score"] = columns["score"]
        if old is None or old.answered_at is None:
            times |= {"answered_at": columns["answered_at"], "answers": ticket.wave + 1}
    if state in ("declined", "later") and (old is None or old.state != state):
        times[f"{state}_at"] = happened_at
    responses.keep_clocks(
        connection, ticket, times, is_first=old is None, ends=state in tickets.ENDED
    )

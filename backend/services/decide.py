"""Decides whether a person is asked now, writes down why, and gives out a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain import keys, tickets
from backend.domain.calendar import day_number
from backend.domain.eligibility import Evaluation, SurveyRules
from backend.domain.languages import pick_language
from backend.domain.timestamps import format_time
from backend.services import looks
from backend.services.decision_record import context_of, decision_of, is_over_budget
from backend.services.erased import ErasedList
from backend.services.ids import new_token
from backend.services.looks import Look
from backend.services.published import PublishedProject, PublishedSurvey
from backend.services.visitors import Asker, Question
from backend.storage import decisions, known
from backend.storage.db import Database
from backend.storage.decisions import NewDecision, NewTicket

NOTHING_OUT: Final = {
    "show": False,
    "decision_id": None,
    "reason": "survey_running",
    "retry_after_s": None,
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """A decision and perhaps a ticket, as they are stored, and the answer to the page."""

    decision: NewDecision
    ticket: NewTicket | None
    answer: dict[str, Any]


def alone(
    db: Database,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    now: datetime,
    erased: ErasedList | None,
) -> dict[str, Any]:
    """Decide in a transaction of its own, whatever is in the way.

    Raises:
        UserErasedError.
    """
    surveys = candidates(project, question)

    def work(connection: Connection) -> dict[str, Any]:
        if erased is not None:
            erased.check(project.id, *asker.said, connection)
        if not surveys:
            return NOTHING_OUT
        return _decide(connection, project, question, asker, surveys, now)

    return db.write(work)


def candidates(project: PublishedProject, question: Question) -> list[PublishedSurvey]:
    """Return the surveys that are out, of those the page asks about."""
    if question.candidates is None:
        return list(project.surveys.values())
    return [
        project.surveys[survey_id]
        for survey_id in dict.fromkeys(question.candidates)
        if survey_id in project.surveys
    ]


def _decide(
    connection: Connection,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    surveys: list[PublishedSurvey],
    now: datetime,
) -> dict[str, Any]:
    """Look at the person, write down what was seen, and give a ticket to whom it asks."""
    rules = {survey.rules.id: survey.rules for survey in surveys}
    look = _settled(connection, project, question, asker, rules, now)
    outcome = outcome_of(project, question, asker, look, rules, now)
    asked = next(iter(look.visitors.values())).asked_today
    out_of_budget = [each.survey_id for each in look.evaluations if is_over_budget(each)]
    today = day_number(now.date())
    decisions.add(connection, outcome.decision, outcome.ticket, today, asked, out_of_budget)
    return outcome.answer


def outcome_of(
    project: PublishedProject,
    question: Question,
    asker: Asker,
    look: Look,
    rules: Mapping[str, SurveyRules],
    now: datetime,
) -> Outcome:
    """Return what a look at a person comes to."""
    winner = look.choice.winner
    decision = decision_of(project, question, look, rules, now)
    if winner is None:
        return Outcome(decision, None, _refusal(decision, look.evaluations, now))
    token = new_token(keys.TICKET)
    survey = project.surveys[winner.survey_id]
    language = _language(survey.content, question)
    ticket = NewTicket(
        token_hash=keys.digest(token),
        project_id=project.id,
        decision_id=decision.id,
        survey_id=winner.survey_id,
        version=winner.version,
        user_key=look.user.key,
        account_key=look.account_key,
        wave=look.user.answers.get(winner.survey_id, 0),
        context=context_of(question, asker, look.visitors[winner.survey_id], language),
        admission_probability=winner.admission_probability,
        issued_at=now,
        expires_at=now + tickets.UNSHOWN_FOR,
    )
    answer = {
        "show": True,
        "decision_id": decision.id,
        "survey_id": winner.survey_id,
        "version": winner.version,
        "ticket": token,
        "expires_at": format_time(ticket.expires_at),
        "language": language,
        "content": survey.content_in(language),
    }
    return Outcome(decision, ticket, answer)


def _settled(
    connection: Connection,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    rules: Mapping[str, SurveyRules],
    now: datetime,
) -> Look:
    """Look; hold what an invitation would count on and look again, until nothing can change.

    While it waits for the person, their browser may turn out to be somebody's: then all of that
    person is held too. A browser met for the first time is kept as theirs before it is asked, so
    that it cannot be asked as a stranger at the same moment, or after they have signed out.
    """
    held: int | None = None
    while True:
        look = looks.look(connection, project, question, asker, rules, now)
        person = look.user.person_key
        if look.choice.winner is None:
            return look
        if held != person:
            held = person
            if _hold(connection, project.id, look, rules, day_number(now.date())):
                continue
        browser = look.new_browser
        if browser is None or known.add_browser(connection, project.id, browser, person, now):
            return look


def _hold(
    connection: Connection,
    project_id: str,
    look: Look,
    rules: Mapping[str, SurveyRules],
    day: int,
) -> bool:
    """Hold whatever an invitation counts on; return whether somebody may have changed it before.

    Most people are refused, and refusals need no lock: only who would be asked is looked at again
    under locks (PostgreSQL; SQLite has one writer at a time). All of them are taken in one order,
    person, account, days by survey id, so that two decisions never wait for each other.
    """
    if connection.dialect.name == "sqlite":
        return False
    budgeted = sorted(each.id for each in rules.values() if each.daily_budget is not None)
    is_capped = any(each.account_cap is not None for each in rules.values())
    if not look.user.is_new:
        decisions.hold_person(connection, look.user.person_key)
    if is_capped and look.account is not None:
        decisions.hold_account(connection, look.account.key)
    for survey_id in budgeted:
        decisions.hold_day(connection, project_id, survey_id, day)
    return not look.user.is_new or is_capped or bool(budgeted)


def _refusal(
    decision: NewDecision, evaluations: Sequence[Evaluation], now: datetime
) -> dict[str, Any]:
    waits = [each.retry_at for each in evaluations if each.retry_at is not None]
    retry_after_s = max(1, int((min(waits) - now).total_seconds())) if waits else None
    return {
        "show": False,
        "decision_id": decision.id,
        "reason": decision.reason,
        "retry_after_s": retry_after_s,
    }


def _language(content: Mapping[str, Any], question: Question) -> str:
    """Return the language the survey is shown in; each that it offers is whole."""
    wanted = question.languages or [question.language or ""]
    return pick_language(wanted, content["texts"], content["default_language"])

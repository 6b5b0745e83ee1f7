"""Decides whether a person is asked now, writes down why, and gives out a ticket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain import claims, eligibility, identity, keys, tickets
from backend.domain.calendar import day_number
from backend.domain.eligibility import Evaluation, SurveyRules, Visitor
from backend.domain.errors import (
    FieldError,
    IdentityInvalidError,
    IdentityRequiredError,
    InvalidRequestError,
)
from backend.domain.identity import Identity
from backend.domain.languages import pick_language
from backend.domain.timestamps import format_time
from backend.services import last_use, looks
from backend.services.erased import ErasedList
from backend.services.ids import new_id, new_token
from backend.services.looks import Look
from backend.services.published import PublishedProject, PublishedSurvey
from backend.services.vault import Vault
from backend.services.visitors import Asker, Question
from backend.storage import decisions
from backend.storage.db import Database
from backend.storage.decisions import NewDecision, NewTicket
from backend.storage.identities import identity_secret
from backend.storage.models import IdentitySecret

TRAITS_WITH_COLUMNS: Final = ("role", "plan")


def decide(
    db: Database,
    vault: Vault,
    project: PublishedProject,
    question: Question,
    now: datetime,
    erased: ErasedList | None = None,
) -> dict[str, Any]:
    """Return the answer of `POST /v1/decide`; the decision is on disk by then.

    Raises:
        IdentityRequiredError, IdentityInvalidError, IdentityExpiredError, InvalidRequestError,
        UserErasedError.
    """
    asker = identify(db, vault, project, question, now)
    if erased is not None:
        erased.check(project.id, *asker.said)
    surveys = candidates(project, question)
    if not surveys:
        return {
            "show": False,
            "decision_id": None,
            "reason": "survey_running",
            "retry_after_s": None,
        }
    return db.write(lambda connection: _decide(connection, project, question, asker, surveys, now))


def identify(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> Asker:
    """Settle who the person is, by the project's identity mode.

    Where servers sign who users are, an unsigned `user_id` is a claim: somebody of their own.
    """
    may_be_named = project.identity_mode != "anonymous"
    if question.identity_token is not None and may_be_named:
        said = _verified(db, vault, project, question, now)
        account_id = said.account_id or question.account_id
        return Asker(said.user_id, False, True, account_id, said.traits)
    if question.user_id is not None and may_be_named:
        if project.identity_mode == "required":
            raise IdentityRequiredError("Send identity_token for a named user.")
        if project.signs_users:
            row_id = claims.row_id(question.user_id)
            return Asker(row_id, True, False, question.account_id, claims=question.user_id)
        return Asker(question.user_id, False, False, question.account_id)
    if question.anonymous_id is None:
        raise InvalidRequestError(
            errors=[FieldError("#/anonymous_id", "Needed without user_id or identity_token.")]
        )
    return Asker(question.anonymous_id, True, False, question.account_id)


def candidates(project: PublishedProject, question: Question) -> list[PublishedSurvey]:
    """Return the surveys that are out, of those the page asks about."""
    if question.candidates is None:
        return list(project.surveys.values())
    return [
        project.surveys[survey_id]
        for survey_id in dict.fromkeys(question.candidates)
        if survey_id in project.surveys
    ]


def _verified(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> Identity:
    token = question.identity_token or ""
    secret_id = identity.key_id(token)
    secret = identity_secret(db, project.id, secret_id)
    if secret is None:
        raise IdentityInvalidError
    said = identity.verify(token, vault.decrypt_often(secret.encrypted), project.id, now)
    last_use.note(db, IdentitySecret, secret_id, secret.last_used_day, now)
    if question.user_id is not None and question.user_id != said.user_id:
        raise IdentityInvalidError
    return said


def _decide(
    connection: Connection,
    project: PublishedProject,
    question: Question,
    asker: Asker,
    surveys: list[PublishedSurvey],
    now: datetime,
) -> dict[str, Any]:
    """Look, hold what an invitation would count on, look again; then write the decision."""
    rules = {survey.rules.id: survey.rules for survey in surveys}
    today = day_number(now.date())
    look = looks.look(connection, project, question, asker, rules, now)
    if look.choice.winner is not None and _hold(connection, project.id, look, rules, today):
        look = looks.look(connection, project, question, asker, rules, now)
    winner = look.choice.winner
    decision = _decision(project, question, look, rules, now)
    asked = next(iter(look.visitors.values())).asked_today
    out_of_budget = [each.survey_id for each in look.evaluations if _is_over_budget(each)]
    if winner is None:
        decisions.add(connection, decision, None, today, asked, out_of_budget)
        return _refusal(decision, look.evaluations, now)
    token = new_token(keys.TICKET)
    content = project.surveys[winner.survey_id].content
    language = _language(content, question)
    ticket = NewTicket(
        token_hash=keys.digest(token),
        project_id=project.id,
        decision_id=decision.id,
        survey_id=winner.survey_id,
        version=winner.version,
        user_key=look.user.key,
        account_key=look.account_key,
        wave=look.user.answers.get(winner.survey_id, 0),
        context=_context(question, asker, look.visitors[winner.survey_id], language),
        admission_probability=winner.admission_probability,
        issued_at=now,
        expires_at=now + tickets.UNSHOWN_FOR,
    )
    decisions.add(connection, decision, ticket, today, asked, out_of_budget)
    return {
        "show": True,
        "decision_id": decision.id,
        "survey_id": winner.survey_id,
        "version": winner.version,
        "ticket": token,
        "expires_at": format_time(ticket.expires_at),
        "language": language,
        "content": _in_language(content, language),
    }


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


def _decision(
    project: PublishedProject,
    question: Question,
    look: Look,
    rules: Mapping[str, SurveyRules],
    now: datetime,
) -> NewDecision:
    winner = look.choice.winner
    return NewDecision(
        id=new_id("dec_"),
        project_id=project.id,
        user_key=look.user.key,
        at=now,
        is_shown=winner is not None,
        reason=None if winner else _first(look.evaluations, rules).reason,
        survey_id=winner.survey_id if winner else None,
        version=winner.version if winner else None,
        admission_probability=winner.admission_probability if winner else None,
        is_manual=question.manual,
        page=next(iter(look.visitors.values())).page_template or "/",
        evaluations=[
            _record(
                project.surveys[each.survey_id],
                look.visitors[each.survey_id],
                each,
                look.choice.outranked.get(each.survey_id),
            )
            for each in look.evaluations
        ],
    )


def _record(
    survey: PublishedSurvey, visitor: Visitor, evaluation: Evaluation, outranked_by: str | None
) -> dict[str, Any]:
    """Return what `eligibility.stored` does, with the parts that are written as JSON anyway."""
    return {
        "now": evaluation.at,
        "rules": survey.rules_json,
        "visitor": eligibility.looked_at(visitor, survey.rules.id, survey.names_read),
        "evaluation": evaluation,
        "outranked_by": outranked_by,
    }


def _is_over_budget(evaluation: Evaluation) -> bool:
    """Say whether the daily budget alone kept the survey back."""
    if evaluation.reason != "within_budget":
        return False
    return sum(not gate.passed for gate in evaluation.gates) == 1


def _first(evaluations: Sequence[Evaluation], rules: Mapping[str, SurveyRules]) -> Evaluation:
    """Of refused surveys, the one that would have come first speaks for all."""
    return min(evaluations, key=lambda each: eligibility.rank(rules[each.survey_id]))


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


def _in_language(content: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Return the content as a page needs it that speaks one language."""
    texts = {language: content["texts"][language]}
    return {**content, "default_language": language, "texts": texts}


def _context(question: Question, asker: Asker, visitor: Visitor, language: str) -> dict[str, Any]:
    """What the answer will carry: who and where, as it was when the person was asked."""
    named = {
        name: str(visitor.traits[name])[:200]
        for name in TRAITS_WITH_COLUMNS
        if visitor.traits.get(name) is not None
    }
    return named | {
        "page": visitor.page_template or "/",
        "language": language,
        "app_version": question.app_version,
        "device": question.device,
        "traits": dict(visitor.traits),
        "is_verified": asker.is_verified,
        "is_manual": question.manual,
    }

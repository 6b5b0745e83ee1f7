"""Decides whether a person is asked now, writes down why, and gives out a ticket."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain import activity, eligibility, identity, keys, tickets
from backend.domain.calendar import day_number
from backend.domain.eligibility import Evaluation, SurveyRules, Trigger, UsageFacts, Visitor
from backend.domain.errors import (
    FieldError,
    IdentityInvalidError,
    IdentityRequiredError,
    InvalidRequestError,
)
from backend.domain.identity import Identity
from backend.domain.pages import page_path, page_template
from backend.domain.timestamps import format_time
from backend.services.ids import new_id, new_token
from backend.services.published import PublishedProject, PublishedSurvey
from backend.services.vault import Vault
from backend.storage import decisions, people
from backend.storage.db import Database
from backend.storage.decisions import KnownUser, NewDecision, NewTicket
from backend.storage.identities import identity_secret

TRAITS_WITH_COLUMNS: Final = ("role", "plan")


@dataclass(frozen=True, slots=True)
class Question:
    """What a page asks: may this person be asked now? Checked and cleaned by the caller."""

    user_id: str | None
    anonymous_id: str | None
    identity_token: str | None
    account_id: str | None
    traits: Mapping[str, Any] = field(default_factory=dict)
    account_traits: Mapping[str, Any] = field(default_factory=dict)
    page: str = "/"
    language: str | None = None
    device: str | None = None
    app_version: str | None = None
    origin: str | None = None
    trigger: Trigger = field(default_factory=Trigger)
    candidates: Sequence[str] | None = None
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Who the question is about, once the identity is settled."""

    user_id: str
    is_anonymous: bool
    is_verified: bool
    account_id: str | None
    signed_traits: Mapping[str, Any]


def decide(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> dict[str, Any]:
    """Return the answer of `POST /v1/decide`; the decision is on disk by then.

    Raises:
        IdentityRequiredError, IdentityInvalidError, IdentityExpiredError, InvalidRequestError.
    """
    asker = identify(db, vault, project, question, now)
    surveys = _candidates(project, question)
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
    """Settle who the person is, by the project's identity mode."""
    may_be_named = project.identity_mode != "anonymous"
    if question.identity_token is not None and may_be_named:
        known = _verified(db, vault, project, question, now)
        return Asker(
            known.user_id, False, True, known.account_id or question.account_id, known.traits
        )
    if question.user_id is not None and may_be_named:
        if project.identity_mode == "required":
            raise IdentityRequiredError("Send identity_token for a named user.")
        return Asker(question.user_id, False, False, question.account_id, {})
    if question.anonymous_id is None:
        raise InvalidRequestError(
            errors=[FieldError("#/anonymous_id", "Needed without user_id or identity_token.")]
        )
    return Asker(question.anonymous_id, True, False, question.account_id, {})


def _verified(
    db: Database, vault: Vault, project: PublishedProject, question: Question, now: datetime
) -> Identity:
    token = question.identity_token or ""
    encrypted = identity_secret(db, project.id, identity.key_id(token))
    if encrypted is None:
        raise IdentityInvalidError
    known = identity.verify(token, vault.decrypt(encrypted), project.id, now)
    if question.user_id is not None and question.user_id != known.user_id:
        raise IdentityInvalidError
    return known


def _candidates(project: PublishedProject, question: Question) -> list[PublishedSurvey]:
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
    """Read what is known, run every gate, write the decision and perhaps a ticket."""
    user = decisions.user(connection, project.id, asker.user_id, asker.is_anonymous, now)
    account_key = _account_key(connection, project, asker, user, now)
    rules = {survey.rules.id: survey.rules for survey in surveys}
    today = day_number(now.date())
    visitor = Visitor(
        id=asker.user_id,
        anonymous=asker.is_anonymous,
        traits=_traits(question, asker, user),
        account_id=asker.account_id,
        account_traits=question.account_traits,
        page=page_path(question.page),
        page_template=page_template(question.page, project.page_rules),
        device=question.device,
        language=question.language,
        app_version=question.app_version,
        origin=question.origin,
        trigger=question.trigger,
        first_seen_at=user.first_seen_at,
        usage=_usage(project, user, now),
        history=user.history,
        any_survey_shown_at=user.last_shown_at,
        account_asked=_account_asked(connection, account_key, rules.values(), now),
        asked_today=_asked_today(connection, rules.values(), today),
        open_ticket_until=user.open_ticket_until,
        project_enabled=project.is_enabled,
        manual=question.manual,
    )
    evaluations = [eligibility.evaluate(each, visitor, now) for each in rules.values()]
    winner = eligibility.choose(evaluations, rules).winner
    decision = NewDecision(
        id=new_id("dec_"),
        project_id=project.id,
        user_key=user.key,
        at=now,
        is_shown=winner is not None,
        reason=None if winner else _first(evaluations, rules).reason,
        survey_id=winner.survey_id if winner else None,
        version=winner.version if winner else None,
        admission_probability=winner.admission_probability if winner else None,
        is_manual=visitor.manual,
        page=visitor.page_template or "/",
        evaluations=[
            _record(project.surveys[each.survey_id], visitor, each) for each in evaluations
        ],
    )
    if winner is None:
        decisions.add(connection, decision, None, today)
        return _refusal(decision.id, evaluations, rules, now)
    token = new_token(keys.TICKET)
    language = shown_language(project.surveys[winner.survey_id].content, question.language)
    ticket = NewTicket(
        token_hash=keys.digest(token),
        project_id=project.id,
        decision_id=decision.id,
        survey_id=winner.survey_id,
        version=winner.version,
        user_key=user.key,
        account_key=account_key,
        wave=user.answers.get(winner.survey_id, 0),
        context=_context(question, asker, visitor, language),
        admission_probability=winner.admission_probability,
        issued_at=now,
        expires_at=now + tickets.UNSHOWN_FOR,
    )
    decisions.add(connection, decision, ticket, today)
    return {
        "show": True,
        "decision_id": decision.id,
        "survey_id": winner.survey_id,
        "version": winner.version,
        "ticket": token,
        "expires_at": format_time(ticket.expires_at),
        "language": language,
    }


def _record(survey: PublishedSurvey, visitor: Visitor, evaluation: Evaluation) -> dict[str, Any]:
    """Return what `eligibility.stored` does, with the parts that are written as JSON anyway."""
    return {
        "now": evaluation.at,
        "rules": survey.rules_json,
        "visitor": eligibility.looked_at(visitor, survey.rules.id, survey.names_read),
        "evaluation": evaluation,
    }


def _account_key(
    connection: Connection,
    project: PublishedProject,
    asker: Asker,
    user: KnownUser,
    now: datetime,
) -> int | None:
    if asker.account_id is None:
        return user.account_key
    # What a page says of an account is kept with the answer only: anybody could have written it.
    return people.account_key(connection, project.id, asker.account_id, now)


def _traits(question: Question, asker: Asker, user: KnownUser) -> dict[str, Any]:
    """What servers said wins over what the page says; what was signed just now wins over both."""
    return {**question.traits, **user.traits, **asker.signed_traits}


def _usage(project: PublishedProject, user: KnownUser, now: datetime) -> UsageFacts:
    if not user.activity_bits:
        return UsageFacts(active_days=0)
    today = project.calendar.day(now)
    return UsageFacts(activity.active_days(user.activity_day, user.activity_bits, today))


def _account_asked(
    connection: Connection, account_key: int | None, rules: Iterable[SurveyRules], now: datetime
) -> dict[str, int]:
    if account_key is None:
        return {}
    return {
        each.id: decisions.asked_of_account(
            connection, account_key, each.id, each.account_cap.days, now
        )
        for each in rules
        if each.account_cap is not None
    }


def _asked_today(
    connection: Connection, rules: Iterable[SurveyRules], today: int
) -> dict[str, int]:
    return {
        each.id: decisions.asked_on_day(connection, each.id, today)
        for each in rules
        if each.daily_budget is not None
    }


def _first(evaluations: list[Evaluation], rules: Mapping[str, SurveyRules]) -> Evaluation:
    """Of refused surveys, the one that would have come first speaks for all."""
    return max(evaluations, key=lambda each: (rules[each.survey_id].priority, each.survey_id))


def _refusal(
    decision_id: str,
    evaluations: list[Evaluation],
    rules: Mapping[str, SurveyRules],
    now: datetime,
) -> dict[str, Any]:
    waits = [each.retry_at for each in evaluations if each.retry_at is not None]
    retry_after_s = max(1, int((min(waits) - now).total_seconds())) if waits else None
    return {
        "show": False,
        "decision_id": decision_id,
        "reason": _first(evaluations, rules).reason,
        "retry_after_s": retry_after_s,
    }


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


def shown_language(content: Mapping[str, Any], wanted: str | None) -> str:
    """Return the language the survey is shown in: the wanted one, its base, or the default."""
    offered = {tag.lower(): tag for tag in content["texts"]}
    tag = (wanted or "").lower()
    while tag:
        if tag in offered:
            return offered[tag]
        tag = tag.rpartition("-")[0]
    default: str = content["default_language"]
    return default

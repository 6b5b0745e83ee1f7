"""Gathers what the gates look at: the question of a page, and what is stored of the person."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from backend.domain import activity
from backend.domain.calendar import day_date, day_number
from backend.domain.eligibility import SurveyRules, Trigger, UsageFacts, Visitor
from backend.domain.pages import page_path, page_template
from backend.services.published import PublishedProject
from backend.storage import decisions
from backend.storage.fast import from_ms
from backend.storage.known_user import KnownAccount, KnownUser


@dataclass(frozen=True, slots=True)
class Question:
    """What a page asks: may this person be asked now? Checked and cleaned by the caller.

    Args:
        languages: the wanted ones, best first; empty when only `language` was sent.
        first_seen_at: the page's claim for an anonymous visitor; good for `old_enough` alone.
        triggers: by survey, what armed it there, where that is not `trigger`.
        candidates: None asks for every survey that is out.
    """

    user_id: str | None = None
    anonymous_id: str | None = None
    identity_token: str | None = None
    account_id: str | None = None
    traits: Mapping[str, Any] = field(default_factory=dict)
    account_traits: Mapping[str, Any] = field(default_factory=dict)
    page: str = "/"
    language: str | None = None
    languages: Sequence[str] = ()
    first_seen_at: datetime | None = None
    device: str | None = None
    app_version: str | None = None
    origin: str | None = None
    trigger: Trigger = field(default_factory=Trigger)
    triggers: Mapping[str, Trigger] = field(default_factory=dict)
    candidates: Sequence[str] | None = None
    manual: bool = False


@dataclass(frozen=True, slots=True)
class Asker:
    """Who the question is about, once the identity is settled.

    Args:
        user_id: the id they are kept under, with `is_anonymous`.
        claims: the user they say they are, unsigned, where servers sign who users are.
    """

    user_id: str
    is_anonymous: bool
    is_verified: bool = False
    account_id: str | None = None
    signed_traits: Mapping[str, Any] = field(default_factory=dict)
    claims: str | None = None

    @property
    def said(self) -> tuple[str, bool]:
        """The id that the page named, and whether it is a browser's."""
        return (self.user_id, self.is_anonymous) if self.claims is None else (self.claims, False)


def visitor(
    project: PublishedProject,
    question: Question,
    asker: Asker,
    user: KnownUser,
    account: KnownAccount | None,
    now: datetime,
) -> Visitor:
    """Return the person as every survey sees them, without counters and what armed one survey.

    What servers said wins over what the page says; what was signed just now wins over both.
    """
    said_id, is_anonymous = asker.said
    account_traits = question.account_traits
    if account is not None and account.traits:
        account_traits = {**account_traits, **account.traits}
    return Visitor(
        id=said_id,
        anonymous=is_anonymous,
        traits={**question.traits, **user.traits, **asker.signed_traits},
        account_id=account.id if account else asker.account_id,
        account_traits=account_traits,
        page=page_path(question.page),
        page_template=page_template(question.page, project.page_rules),
        device=question.device,
        language=question.language,
        app_version=question.app_version,
        origin=question.origin,
        trigger=question.trigger,
        first_seen_at=_first_seen(question, asker, user),
        usage=usage(project, user, now),
        history=user.history,
        any_survey_shown_at=user.last_shown_at,
        open_ticket_until=user.open_ticket_until,
        project_enabled=project.is_enabled,
        manual=question.manual,
    )


def counted(
    connection: Connection,
    project_id: str,
    known: Visitor,
    account_key: int | None,
    rules: Iterable[SurveyRules],
    now: datetime,
) -> Visitor:
    """Return the visitor with the counters that caps and budgets of `rules` look at."""
    today = day_number(now.date())
    account_asked, asked_today = {}, {}
    for each in rules:
        if each.account_cap is not None and account_key is not None:
            account_asked[each.id] = decisions.asked_of_account(
                connection, account_key, each.id, each.account_cap.days, now
            )
        if each.daily_budget is not None:
            asked_today[each.id] = decisions.asked_on_day(connection, project_id, each.id, today)
    if not account_asked and not asked_today:
        return known
    return replace(known, account_asked=account_asked, asked_today=asked_today)


def meeting(known: Visitor, user: KnownUser, question: Question, survey_id: str) -> Visitor:
    """Return the visitor as one survey meets them: with what armed it, in the page or before."""
    trigger = question.triggers.get(survey_id, question.trigger)
    entries = user.armed.get(survey_id)
    armed = _alive(entries, known, survey_id) if entries else {}
    if trigger is known.trigger and not armed:
        return known
    return replace(known, trigger=trigger, armed=armed)


def usage(project: PublishedProject, user: KnownUser, now: datetime) -> UsageFacts:
    """Return a user's use before today, of the features that rules read."""
    if not user.activity_bits:
        days = 0
    else:
        today = project.calendar.day(now)
        days = activity.active_days(user.activity_day, user.activity_bits, today)
    percentile = project.active_use.percentile(days) if project.active_use else None
    if not project.feature_ids or not user.recent_use:
        return UsageFacts(days, percentile)
    recent = activity.unpack_recent(user.recent_use)
    last_used = {
        feature: day_date(max(days_used))
        for feature, ids in project.feature_ids.items()
        if (days_used := [recent[each] for each in ids if each in recent])
    }
    return UsageFacts(days, percentile, last_used)


def _first_seen(question: Question, asker: Asker, user: KnownUser) -> datetime:
    claimed = question.first_seen_at
    if claimed is None or not asker.said[1]:
        return user.first_seen_at
    return min(claimed, user.first_seen_at)


def _alive(
    entries: Mapping[str, Sequence[int]], known: Visitor, survey_id: str
) -> dict[str, datetime]:
    """Return until when each event arms the survey; a showing since then has used it up."""
    past = known.history.get(survey_id)
    shown_at = past.shown_at if past else None
    armed = {}
    for event, (armed_ms, until_ms) in entries.items():
        since, until = from_ms(armed_ms), from_ms(until_ms)
        assert since is not None and until is not None
        if shown_at is None or shown_at < since:
            armed[event] = until
    return armed

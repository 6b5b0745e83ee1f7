"""The gates, in order: one pure function each, one table of them all.

A gate returns (passed, seen, limit, passes_at): the values are plain JSON, and
`passes_at` is when the clock alone will let the visitor through, or None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.domain import audience
from backend.domain.admission import UNTOUCHED, Admission, admit
from backend.domain.pages import matches as page_matches
from backend.domain.pages import page_path
from backend.domain.survey_rules import SurveyRules
from backend.domain.timestamps import format_time, midnight, next_midnight
from backend.domain.visitor import SurveyHistory, Trigger, Visitor

Verdict = tuple[bool, Any, Any, datetime | None]

# A survey that waits for a server's event is asked about again after so long.
ARMED_RETRY = timedelta(minutes=5)
PAGE_LOAD = Trigger()


@dataclass(frozen=True, slots=True)
class Meeting:
    """One survey meets one visitor at `now`; `past` is what happened between them."""

    rules: SurveyRules
    visitor: Visitor
    now: datetime
    past: SurveyHistory
    facts: audience.Facts
    admission: Admission | None


def meet(rules: SurveyRules, visitor: Visitor, now: datetime) -> Meeting:
    """Gather what the gates need; a survey opened by hand draws no sample."""
    past = visitor.history.get(rules.id, UNTOUCHED)
    facts = audience.Facts(visitor, rules.id, now)
    admission = None if visitor.manual else admit(rules, past, facts)
    return Meeting(rules, visitor, now, past, facts, admission)


def project_enabled(m: Meeting) -> Verdict:
    """The project is switched on."""
    return m.visitor.project_enabled, m.visitor.project_enabled, True, None


def survey_running(m: Meeting) -> Verdict:
    """Published, begun and not over; the end itself is already outside."""
    starts_at, ends_at, status = m.rules.starts_at, m.rules.ends_at, m.rules.status
    limit = {"starts_at": format_time(starts_at), "ends_at": format_time(ends_at)}
    if status != "published" or (ends_at is not None and m.now >= ends_at):
        return False, status, limit, None
    return starts_at is None or m.now >= starts_at, status, limit, starts_at


def origin_allowed(m: Meeting) -> Verdict:
    """The page lies on one of the survey's origins, compared whole."""
    origins, origin = m.rules.origins, m.visitor.origin
    return not origins or origin in origins, origin, list(origins), None


def trigger_matches(m: Meeting) -> Verdict:
    """What happened in the page arms the survey, or a server event that is still alive."""
    happened, limit = m.visitor.trigger or PAGE_LOAD, [t.to_json() for t in m.rules.triggers]
    retry_at = None
    for trigger in m.rules.triggers:
        if trigger.type == "server_event":
            until = m.visitor.armed.get(trigger.name or "")
            if until is not None and m.now < until:
                return True, trigger.to_json(), limit, None
            retry_at = m.now + ARMED_RETRY
        elif trigger.type == happened.type and trigger.name in (None, happened.name):
            return True, happened.to_json(), limit, None
    return False, happened.to_json(), limit, retry_at


def page_matches_rule(m: Meeting) -> Verdict:
    """The path or its template fits one of the patterns."""
    patterns, page, template = m.rules.pages, m.visitor.page, m.visitor.page_template
    if not patterns:
        return True, page, [], None
    paths = [path for path in (page and page_path(page), template) if path is not None]
    passed = any(page_matches(pattern, path) for pattern in patterns for path in paths)
    return passed, page, list(patterns), None


def device_matches(m: Meeting) -> Verdict:
    """The device is one of the survey's."""
    devices, device = m.rules.devices, m.visitor.device
    return not devices or device in devices, device, list(devices), None


def audience_matches(m: Meeting) -> Verdict:
    """The person meets the audience rule; `seen` has every value it looked at."""
    passed, seen = audience.judge(m.rules.audience, m.facts)
    # Usage moves once a day: asking again before midnight would see the same.
    only_usage = not passed and audience.matches(audience.localize(m.rules.audience), m.facts)
    return passed, seen, m.rules.audience, next_midnight(m.now) if only_usage else None


def old_enough(m: Meeting) -> Verdict:
    """First seen long enough ago; somebody never seen is not."""
    return _waited(m.visitor.first_seen_at, m.rules.old_enough_days, m.now, unknown=False)


def sampled(m: Meeting) -> Verdict:
    """The draw lies below the rate, and the first slot has come."""
    admission = m.admission
    assert admission is not None
    slot = admission.slot
    seen = {"draw": admission.draw, "slot": slot and slot.isoformat()}
    limit = {"rate": admission.rate, "segment": admission.segment}
    if admission.draw >= admission.rate:
        return False, seen, limit, None
    opens_at = midnight(slot) if slot else None
    return opens_at is None or m.now >= opens_at, seen, limit, opens_at


def rested_after_answer(m: Meeting) -> Verdict:
    """Rest after an answer to this survey."""
    return _waited(m.past.answered_at, m.rules.rests.rest_days, m.now)


def rested_after_decline(m: Meeting) -> Verdict:
    """Rest after a "no" to this survey."""
    return _waited(m.past.declined_at, m.rules.rests.decline_rest_days, m.now)


def rested_after_ignore(m: Meeting) -> Verdict:
    """Rest after a showing of this survey without any reaction."""
    return _waited(m.past.ignored_since, m.rules.rests.ignore_rest_days, m.now)


def rested_after_later(m: Meeting) -> Verdict:
    """Rest after "ask me later" to this survey."""
    return _waited(m.past.later_at, m.rules.rests.later_rest_days, m.now)


def rested_after_any(m: Meeting) -> Verdict:
    """Rest after whatever any survey, this one too, last did."""
    last = m.visitor.any_survey_shown_at
    for past in m.visitor.history.values():
        at = past.last_at
        if at is not None and (last is None or at > last):
            last = at
    return _waited(last, m.rules.rests.any_survey_rest_days, m.now)


def account_below_cap(m: Meeting) -> Verdict:
    """The account has people left to ask; whoever has no account passes."""
    cap, account = m.rules.account_cap, m.visitor.account_id
    if cap is None or account is None:
        return True, None, None, None
    asked = m.visitor.account_asked.get(m.rules.id, 0)
    return _counted(asked, cap.count, {"count": cap.count, "days": cap.days}, m.now)


def within_budget(m: Meeting) -> Verdict:
    """Fewer people than the budget were asked this UTC day."""
    budget = m.rules.daily_budget
    return _counted(m.visitor.asked_today.get(m.rules.id, 0), budget, budget, m.now)


def no_open_ticket(m: Meeting) -> Verdict:
    """No other invitation is open, in any tab or on any device."""
    until = m.visitor.open_ticket_until
    return until is None or m.now >= until, format_time(until), None, until


def _counted(asked: int, most: int | None, limit: Any, now: datetime) -> Verdict:
    if most is None or asked < most:
        return True, asked, limit, None
    return False, asked, limit, next_midnight(now)


def _waited(since: datetime | None, days: float, now: datetime, *, unknown: bool = True) -> Verdict:
    # A time in the future (a fast clock elsewhere) is a wait not yet over.
    if since is None or days <= 0:
        return unknown or days <= 0, format_time(since), days, None
    until = since + timedelta(days=days)
    return now >= until, format_time(since), days, until


# (name, gate, whether a survey opened by hand is asked it too)
GATES: tuple[tuple[str, Callable[[Meeting], Verdict], bool], ...] = (
    ("project_enabled", project_enabled, True),
    ("survey_running", survey_running, True),
    ("origin_allowed", origin_allowed, True),
    ("trigger_matches", trigger_matches, False),
    ("page_matches", page_matches_rule, False),
    ("device_matches", device_matches, True),
    ("audience_matches", audience_matches, True),
    ("old_enough", old_enough, True),
    ("sampled", sampled, False),
    ("rested_after_answer", rested_after_answer, False),
    ("rested_after_decline", rested_after_decline, False),
    ("rested_after_ignore", rested_after_ignore, False),
    ("rested_after_later", rested_after_later, False),
    ("rested_after_any", rested_after_any, False),
    ("account_below_cap", account_below_cap, True),
    ("within_budget", within_budget, True),
    ("no_open_ticket", no_open_ticket, True),
)

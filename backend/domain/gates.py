"""The gates, in order: one pure function each, one table of them all.

A gate returns (passed, seen, limit, passes_at): the values are plain JSON, and
`passes_at` is when the clock alone will let the visitor through, or None.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from backend.domain import audience
from backend.domain.pages import matches as page_matches
from backend.domain.pages import page_path
from backend.domain.sampling import Sampling, first_slot, next_draw, paced_rate, unit_hash
from backend.domain.survey_rules import SurveyRules
from backend.domain.timestamps import format_time, midnight, next_midnight
from backend.domain.visitor import SurveyHistory, Trigger, Visitor

Verdict = tuple[bool, Any, Any, datetime | None]

# A survey that waits for a server's event is asked about again after so long.
ARMED_RETRY = timedelta(minutes=5)
UNTOUCHED = SurveyHistory()
PAGE_LOAD = Trigger()


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a person stands in a survey's sample.

    Args:
        draw: fixed number in [0, 1); in the sample when below `rate`.
        rate: the rate in force for this person: their probability of admission.
        segment: index of the segment that gave the rate, None for the general rate.
        slot: first UTC date on which they may be asked, None without slots.
    """

    draw: float
    rate: float
    segment: int | None
    slot: date | None


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


def admit(rules: SurveyRules, past: SurveyHistory, facts: audience.Facts) -> Admission:
    """Return the person's draw, the rate of their first matching segment, and their slot."""
    sampling, user = rules.sampling, facts.visitor.id
    draw = unit_hash("sample", sampling.salt, user)
    slot = first_slot(sampling, user)
    for index, (when, rate) in enumerate(sampling.segments):
        if audience.matches(when, facts):
            return Admission(draw, rate, index, slot)
    return Admission(draw, _general_rate(rules, sampling, past, slot, facts.now), None, slot)


def _general_rate(
    rules: SurveyRules,
    sampling: Sampling,
    past: SurveyHistory,
    slot: date | None,
    now: datetime,
) -> float:
    if not sampling.paced:
        return sampling.rate
    ends = [end for end in rest_ends(rules, past) if end <= now]
    return paced_rate(sampling, slot, max(ends, default=None), now)


def next_start(rules: SurveyRules, visitor: Visitor, now: datetime) -> datetime | None:
    """Return when the general rate is next held against this person; None: they are waiting.

    For the weekly pacing: None counts as pending, a time within the days left as a future
    starter. Only slot and own rests are looked at.
    """
    past, sampling = visitor.history.get(rules.id, UNTOUCHED), rules.sampling
    draw, slot = unit_hash("sample", sampling.salt, visitor.id), first_slot(sampling, visitor.id)
    return next_draw(sampling, slot, max(rest_ends(rules, past), default=None), draw, now)


def rest_ends(rules: SurveyRules, past: SurveyHistory) -> list[datetime]:
    """Return the ends of the rests that this survey's own past began."""
    rests = rules.rests
    pairs = (
        (past.answered_at, rests.rest_days),
        (past.declined_at, rests.decline_rest_days),
        (past.ignored_since, rests.ignore_rest_days),
        (past.later_at, rests.later_rest_days),
    )
    return [at + timedelta(days=days) for at, days in pairs if at is not None]


def project_enabled(m: Meeting) -> Verdict:
    return m.visitor.project_enabled, m.visitor.project_enabled, True, None


def survey_running(m: Meeting) -> Verdict:
    starts_at, ends_at, status = m.rules.starts_at, m.rules.ends_at, m.rules.status
    limit = {"starts_at": format_time(starts_at), "ends_at": format_time(ends_at)}
    if status != "published" or (ends_at is not None and m.now >= ends_at):
        return False, status, limit, None
    return starts_at is None or m.now >= starts_at, status, limit, starts_at


def origin_allowed(m: Meeting) -> Verdict:
    origins, origin = m.rules.origins, m.visitor.origin
    return not origins or origin in origins, origin, list(origins), None


def trigger_matches(m: Meeting) -> Verdict:
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
    patterns, page, template = m.rules.pages, m.visitor.page, m.visitor.page_template
    if not patterns:
        return True, page, [], None
    paths = [path for path in (page and page_path(page), template) if path is not None]
    passed = any(page_matches(pattern, path) for pattern in patterns for path in paths)
    return passed, page, list(patterns), None


def device_matches(m: Meeting) -> Verdict:
    devices, device = m.rules.devices, m.visitor.device
    return not devices or device in devices, device, list(devices), None


def audience_matches(m: Meeting) -> Verdict:
    passed, seen = audience.judge(m.rules.audience, m.facts)
    # Usage moves once a day: asking again before midnight would see the same.
    only_usage = not passed and audience.matches(audience.localize(m.rules.audience), m.facts)
    return passed, seen, m.rules.audience, next_midnight(m.now) if only_usage else None


def old_enough(m: Meeting) -> Verdict:
    return _waited(m.visitor.first_seen_at, m.rules.old_enough_days, m.now, unknown=False)


def sampled(m: Meeting) -> Verdict:
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
    return _waited(m.past.answered_at, m.rules.rests.rest_days, m.now)


def rested_after_decline(m: Meeting) -> Verdict:
    return _waited(m.past.declined_at, m.rules.rests.decline_rest_days, m.now)


def rested_after_ignore(m: Meeting) -> Verdict:
    return _waited(m.past.ignored_since, m.rules.rests.ignore_rest_days, m.now)


def rested_after_later(m: Meeting) -> Verdict:
    return _waited(m.past.later_at, m.rules.rests.later_rest_days, m.now)


def rested_after_any(m: Meeting) -> Verdict:
    last = m.visitor.any_survey_shown_at
    for past in m.visitor.history.values():
        at = past.last_at
        if at is not None and (last is None or at > last):
            last = at
    return _waited(last, m.rules.rests.any_survey_rest_days, m.now)


def account_below_cap(m: Meeting) -> Verdict:
    cap, account = m.rules.account_cap, m.visitor.account_id
    if cap is None or account is None:
        return True, None, None, None
    asked = m.visitor.account_asked.get(m.rules.id, 0)
    return _counted(asked, cap.count, {"count": cap.count, "days": cap.days}, m.now)


def within_budget(m: Meeting) -> Verdict:
    budget = m.rules.daily_budget
    return _counted(m.visitor.asked_today.get(m.rules.id, 0), budget, budget, m.now)


def no_open_ticket(m: Meeting) -> Verdict:
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

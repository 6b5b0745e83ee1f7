"""Caps, budgets, open tickets, invitations by hand, and which gate gives the reason."""

from typing import Any

from case_records import NOW, past, survey, visitor

CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None], ...] = (
    (
        "account at its cap",
        survey(account_cap={"count": 3, "days": 30}),
        visitor(account_id="acme", account_asked={"srv_nps": 3}),
        NOW,
        "account_below_cap",
    ),
    (
        "account below its cap",
        survey(account_cap={"count": 3, "days": 30}),
        visitor(account_id="acme", account_asked={"srv_nps": 2, "srv_other": 9}),
        NOW,
        None,
    ),
    (
        "no account, no cap",
        survey(account_cap={"count": 3, "days": 30}),
        visitor(account_asked={"srv_nps": 3}),
        NOW,
        None,
    ),
    (
        "budget spent",
        survey(daily_budget=10),
        visitor(asked_today={"srv_nps": 10}),
        NOW,
        "within_budget",
    ),
    ("budget left", survey(daily_budget=10), visitor(asked_today={"srv_nps": 9}), NOW, None),
    ("a budget of nothing", survey(daily_budget=0), visitor(), NOW, "within_budget"),
    (
        "an open invitation",
        survey(),
        visitor(open_ticket_until="2026-11-22T09:30:01Z"),
        NOW,
        "no_open_ticket",
    ),
    ("an invitation that has just ended", survey(), visitor(open_ticket_until=NOW), NOW, None),
    (
        "by hand: rests, sampling, page and trigger are not asked",
        survey(pages=["/x"], triggers=[], sampling={"rate": 0}),
        past(answered_at=NOW) | {"manual": True},
        NOW,
        None,
    ),
    (
        "by hand: a budget still holds",
        survey(daily_budget=0),
        visitor(manual=True),
        NOW,
        "within_budget",
    ),
    (
        "by hand: an open invitation still holds",
        survey(),
        visitor(manual=True, open_ticket_until="2026-11-23T00:00:00Z"),
        NOW,
        "no_open_ticket",
    ),
    (
        "the first gate that fails is the reason",
        survey(status="paused", sampling={"rate": 0}, daily_budget=0),
        visitor(),
        NOW,
        "survey_running",
    ),
)

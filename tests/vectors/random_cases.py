"""Cases drawn from a seeded generator: broad rather than clever, near the edges on purpose."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
IDS = (
    "u-1",
    "42",
    "ana@example.com",
    "日本語ユーザー",
    "naïve",
    "nai\u0308ve",
    "👩‍💻",
    "Ünïcødé ü",
    "عميل-7",
)
ROLES = ("admin", "editor", "viewer", None, True, 7, "", ["admin", "owner"])
PLANS = ("free", "pro", "enterprise", None)
PAGES = ("/", "/reports/42", "/reports/42/edit", "/settings", "/reports", "/a/b/c/d", None)
PATTERNS = ("/", "/reports/*", "/reports/**", "/**/edit", "/settings", "/**")
LANGUAGES = ("en", "en-GB", "EN-us", "fr", "zh-Hant-TW", "eng", None)
OFFSETS = ("Z", "+00:00", "+05:45", "-09:30")


def hashed(rng: random.Random) -> Iterator[tuple[str, str, str]]:
    """Yield purposes, salts and users of every byte length modulo four, in several scripts."""
    alphabet = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ0123456789-_.@ äßéøñ漢字кирنص🎉\u0301"
    for n in range(100):
        user = "".join(rng.choice(alphabet) for _ in range(n % 50))
        salt = rng.choice(("nps-2026", "", "sälz", "b2c3d4e5"))
        yield rng.choice(("sample", "phase")), salt, user


def slots(rng: random.Random) -> Iterator[tuple[dict[str, Any], str]]:
    """Yield sampling records with slots, and a user."""
    for n in range(40):
        start = date(2026, 1, 1) + timedelta(days=rng.randrange(700))
        record = {"salt": f"s{n}", "spread_days": rng.choice((0, 1, 7, 30, 90, 365))}
        yield (
            record | {"started_on": start.isoformat() if n % 8 else None},
            rng.choice(IDS) + str(n),
        )


def decision(rng: random.Random) -> tuple[dict[str, Any], dict[str, Any], str]:
    """Return a survey's configuration, a visitor and a time."""
    survey: dict[str, Any] = {
        "id": "srv_nps",
        "version": rng.randrange(1, 9),
        "starts_at": rng.choice((None, None, near(rng, 0), near(rng, 40))),
        "ends_at": rng.choice((None, None, None, near(rng, 0), near(rng, -40))),
        "origins": rng.choice(([], ["https://app.example.com"])),
        "triggers": rng.choice(
            (
                [{"type": "page_load"}],
                [{"type": "page_load"}, {"type": "event", "name": "export_done"}],
                [{"type": "event", "name": "export_done"}],
                [{"type": "page_load"}, {"type": "server_event", "name": "invoice_paid"}],
            )
        ),
        "pages": rng.sample(PATTERNS, rng.choice((0, 0, 1, 2))),
        "devices": rng.choice(([], [], ["desktop"], ["mobile", "tablet"])),
        "audience": rng.choice((None, rule(rng, 2))),
        "sampling": _sampling(rng),
        "old_enough_days": rng.choice((0, 30, 0.5)),
        "rests": rng.choice(({}, {"rest_days": 0}, {"any_survey_rest_days": 1.5})),
        "account_cap": rng.choice((None, {"count": 3, "days": 30})),
        "daily_budget": rng.choice((None, 10)),
    }
    return survey, person(rng) | _past(rng), NOW.isoformat()


def person(rng: random.Random) -> dict[str, Any]:
    """Return who and where, without a past."""
    named = {"role": rng.choice(ROLES), "seats": rng.choice((0, 5, 5.5, "5", None, True))}
    return {
        "id": rng.choice(IDS) + rng.choice(("", "x", "12345")),
        "anonymous": rng.random() < 0.3,
        "traits": named if rng.random() < 0.8 else {},
        "account_id": rng.choice((None, "acme")),
        "account_traits": {"plan": rng.choice(PLANS)},
        "page": rng.choice(PAGES),
        "page_template": rng.choice((None, "/reports/:id")),
        "device": rng.choice(("desktop", "desktop", "mobile", None)),
        "language": rng.choice(LANGUAGES),
        "app_version": rng.choice(("4.2.0", "4.10", "v5", None)),
        "origin": "https://app.example.com" if rng.random() < 0.9 else "https://evil.example",
        "usage": {
            "active_days": rng.choice((None, 0, 12, 30)),
            "percentile": rng.choice((None, 10.0, 90.0)),
            "last_used": {"export": rng.choice(("2026-11-22", "2026-10-23", "2026-10-22"))},
        },
    }


def rule(rng: random.Random, levels: int) -> dict[str, Any]:
    """Return a rule of at most `levels` levels that `check` finds no fault in."""
    if levels > 1 and rng.random() < 0.6:
        op = rng.choice(("and", "or", "not"))
        if op == "not":
            return {"op": op, "rule": rule(rng, levels - 1)}
        return {"op": op, "rules": [rule(rng, levels - 1) for _ in range(rng.randrange(4))]}
    return rng.choice(_leaves(rng))


def near(rng: random.Random, days_ago: float) -> str:
    """Return a time about `days_ago` before now: on the second, one beside it, or hours off."""
    off = rng.choice((0, 1, -1, 3600, -3600, 86399, -86400))
    at = NOW - timedelta(days=days_ago) + timedelta(seconds=off)
    offset = rng.choice(OFFSETS)
    if offset == "Z":
        return at.strftime("%Y-%m-%dT%H:%M:%SZ")
    return at.astimezone(datetime.fromisoformat(f"2026-01-01T00:00:00{offset}").tzinfo).isoformat()


def _sampling(rng: random.Random) -> dict[str, Any]:
    record: dict[str, Any] = {
        "salt": rng.choice(("s1", "s2")),
        "rate": rng.choice((0, 0.25, 0.9, 1)),
    }
    if rng.random() < 0.5:
        record["segments"] = [{"when": rule(rng, 2), "rate": rng.choice((0, 0.5, 1))}]
    if rng.random() < 0.5:
        start = NOW.date() - timedelta(days=rng.choice((-3, 0, 10, 30, 200)))
        record |= {"spread_days": rng.choice((0, 30, 90)), "started_on": start.isoformat()}
    return record


def _past(rng: random.Random) -> dict[str, Any]:
    times = {"answered_at": 90, "declined_at": 30, "ignored_at": 14, "later_at": 7, "shown_at": 14}
    mine = {name: near(rng, days) for name, days in times.items() if rng.random() < 0.2}
    other = {"shown_at": near(rng, 7)} if rng.random() < 0.2 else {}
    trigger = rng.choice(
        (
            None,
            {"type": "page_load"},
            {"type": "page_load"},
            {"type": "event", "name": "export_done"},
        )
    )
    return {
        "trigger": trigger,
        "first_seen_at": rng.choice((None, near(rng, 30), near(rng, 400))),
        "history": {
            "srv_nps": mine | ({"last_score": 7} if "answered_at" in mine else {}),
            "srv_other": other,
        },
        "any_survey_shown_at": rng.choice((None, None, near(rng, 7))),
        "account_asked": {"srv_nps": rng.choice((0, 2, 3))},
        "asked_today": {"srv_nps": rng.choice((0, 9, 10))},
        "open_ticket_until": rng.choice((None, None, near(rng, 0))),
        "armed": rng.choice(({}, {"invoice_paid": near(rng, 0)})),
    }


def _leaves(rng: random.Random) -> list[dict[str, Any]]:
    role, number = rng.choice(("admin", "editor", True, 7, 1)), rng.choice((0, 5, 5.0, 7))
    return [
        {"op": rng.choice(("eq", "ne", "contains")), "trait": "role", "value": role},
        {"op": rng.choice(("in", "not_in")), "trait": "role", "value": [role, "viewer"]},
        {"op": rng.choice(("gt", "gte", "lt", "lte")), "trait": "seats", "value": number},
        {"op": rng.choice(("exists", "missing")), "trait": rng.choice(("role", "constructor"))},
        {"op": "starts_with", "trait": "role", "value": "ad"},
        {"op": rng.choice(("eq", "ne")), "account_trait": "plan", "value": "pro"},
        {
            "op": rng.choice(("eq", "ne")),
            "field": "language",
            "value": rng.choice(("en", "zh-Hant")),
        },
        {"op": "matches", "field": "page", "value": rng.choice(PATTERNS)},
        {"op": rng.choice(("eq", "starts_with")), "field": "page", "value": "/reports/42"},
        {"op": rng.choice(("gte", "lt")), "field": "app_version", "value": "4.9"},
        {"op": "gte", "usage": "percentile", "value": 90},
        {"op": rng.choice(("used", "not_used")), "feature": "export", "days": 30},
        {"op": "scored", "bands": ["passive", "promoter"], "within_days": 180},
    ]

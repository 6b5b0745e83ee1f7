"""Whether the person is in the audience, and known for long enough."""

from typing import Any

from case_records import NOW, survey, trait, visitor

CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None], ...] = (
    (
        "outside the audience",
        survey(audience={"op": "eq", "trait": "role", "value": "admin"}),
        trait("viewer"),
        NOW,
        "audience_matches",
    ),
    (
        "inside the audience",
        survey(audience={"op": "eq", "trait": "role", "value": "admin"}),
        trait("admin"),
        NOW,
        None,
    ),
    (
        "an audience that cannot be read",
        survey(audience={"op": "like", "trait": "role", "value": "a"}),
        trait("admin"),
        NOW,
        "audience_matches",
    ),
    (
        "too little use",
        survey(audience={"op": "gte", "usage": "active_days", "value": 10}),
        visitor(usage={"active_days": 9}),
        NOW,
        "audience_matches",
    ),
    (
        "old enough to the second",
        survey(old_enough_days=30),
        visitor(first_seen_at="2026-10-23T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "a second too young",
        survey(old_enough_days=30),
        visitor(first_seen_at="2026-10-23T09:30:01Z"),
        NOW,
        "old_enough",
    ),
    (
        "an anonymous visitor a second too young",
        survey(old_enough_days=30),
        visitor(anonymous=True, first_seen_at="2026-10-23T09:30:01Z"),
        NOW,
        "old_enough",
    ),
    (
        "an anonymous visitor never seen before",
        survey(old_enough_days=30),
        visitor(anonymous=True),
        NOW,
        "old_enough",
    ),
    ("a user never seen before", survey(old_enough_days=30), visitor(), NOW, "old_enough"),
    (
        "first seen in the future by a fast clock",
        survey(old_enough_days=30),
        visitor(first_seen_at="2026-11-23T00:00:00Z"),
        NOW,
        "old_enough",
    ),
)

"""Draws, rates by segment and first slots."""

from typing import Any

from case_records import NOW, past, survey, trait, visitor

# Of METHODS section 8; the same numbers as the reference implementation gives.
HASHES: tuple[tuple[str, str, str, float], ...] = (
    ("sample", "nps-2025", "u-1", 0.968182185664773),
    ("sample", "nps-2025", "u-2", 0.7876404782291502),
    ("sample", "nps-2025", "42", 0.040109186666086316),
    ("sample", "nps-2025", "ana@example.com", 0.14690488250926137),
    ("sample", "nps-2025", "日本語ユーザー", 0.15809291577897966),
    ("sample", "nps-2025", "naïve", 0.48474892042577267),
    ("sample", "nps-2025", "", 0.33971742703579366),
    ("sample", "nps-2025", "a" * 200, 0.5982082630507648),
    ("phase", "nps-2025", "u-1", 0.6048152465373278),
    ("phase", "nps-2025", "u-2", 0.6189880149904639),
    ("phase", "nps-2025", "42", 0.3281991558615118),
    ("phase", "nps-2025", "ana@example.com", 0.05106224771589041),
    ("phase", "nps-2025", "日本語ユーザー", 0.3524255359079689),
    ("phase", "nps-2025", "naïve", 0.9383806406985968),
    ("phase", "nps-2025", "", 0.47808613954111934),
    ("phase", "nps-2025", "a" * 200, 0.4249242548830807),
)

# "42" has the draw 0.0401 and slot day 29 of 90 with this salt, "u-1" 0.9682 and day 54.
SLOTS = {"salt": "nps-2025", "spread_days": 90}

CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None], ...] = (
    (
        "draw below the rate",
        survey(sampling={"salt": "nps-2025", "rate": 0.0402}),
        visitor(),
        NOW,
        None,
    ),
    (
        "draw above the rate",
        survey(sampling={"salt": "nps-2025", "rate": 0.04}),
        visitor(),
        NOW,
        "sampled",
    ),
    (
        "a draw that equals the rate is outside",
        survey(sampling={"salt": "nps-2025", "rate": 0.040109186666086316}),
        visitor(),
        NOW,
        "sampled",
    ),
    (
        "shown and answered in the same instant is not ignored",
        survey(rests={"rest_days": 8}),
        past(shown_at="2026-11-12T09:30:00Z", answered_at="2026-11-12T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "rate 0 asks nobody",
        survey(sampling={"salt": "nps-2025", "rate": 0}),
        visitor(),
        NOW,
        "sampled",
    ),
    (
        "rate 1 asks the highest draw",
        survey(sampling={"salt": "nps-2025", "rate": 1}),
        visitor(id="u-1"),
        NOW,
        None,
    ),
    (
        "the empty id has a draw as well",
        survey(sampling={"salt": "nps-2025", "rate": 0.34}),
        visitor(id=""),
        NOW,
        None,
    ),
    (
        "a Japanese id",
        survey(sampling={"salt": "nps-2025", "rate": 0.158}),
        visitor(id="日本語ユーザー"),
        NOW,
        "sampled",
    ),
    (
        "the slot opens at midnight UTC",
        survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        visitor(),
        "2026-11-22T00:00:00Z",
        None,
    ),
    (
        "a second before the slot",
        survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        visitor(),
        "2026-11-21T23:59:59Z",
        "sampled",
    ),
    (
        "already the slot's day in Tokyo, not yet in UTC",
        survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        visitor(),
        "2026-11-22T08:59:59+09:00",
        "sampled",
    ),
    (
        "the first matching segment gives the rate",
        survey(
            sampling={
                "salt": "nps-2025",
                "rate": 0,
                "segments": [
                    {"when": {"op": "eq", "trait": "role", "value": "x"}, "rate": 0},
                    {"when": {"op": "exists", "trait": "role"}, "rate": 1},
                    {"when": {"op": "exists", "trait": "role"}, "rate": 0},
                ],
            }
        ),
        trait("admin"),
        NOW,
        None,
    ),
    (
        "a segment of rate 0 shuts out",
        survey(
            sampling={
                "salt": "nps-2025",
                "rate": 1,
                "segments": [{"when": {"op": "missing", "trait": "role"}, "rate": 0}],
            }
        ),
        visitor(),
        NOW,
        "sampled",
    ),
    (
        "a segment by use",
        survey(
            sampling={
                "salt": "nps-2025",
                "rate": 0,
                "segments": [
                    {"when": {"op": "gte", "usage": "percentile", "value": 90}, "rate": 1}
                ],
            }
        ),
        visitor(usage={"percentile": 95}),
        NOW,
        None,
    ),
    (
        "a low rate by use leaves the others their own",
        survey(
            sampling={
                "salt": "nps-2025",
                "rate": 1,
                "segments": [
                    {"when": {"op": "gte", "usage": "percentile", "value": 90}, "rate": 0}
                ],
            }
        ),
        visitor(usage={"percentile": 5}),
        NOW,
        None,
    ),
    (
        "a paced rate raised after the slot waits for the next",
        survey(
            sampling=SLOTS
            | {
                "started_on": "2026-09-01",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.01},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.5},
                ],
            }
        ),
        visitor(),
        NOW,
        "sampled",
    ),
    (
        "the next slot brings the raised rate",
        survey(
            sampling=SLOTS
            | {
                "started_on": "2026-07-20",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.01},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.5},
                ],
            }
        ),
        visitor(),
        NOW,
        None,
    ),
    (
        "a paced rate lowered after the slot takes nobody out",
        survey(
            sampling=SLOTS
            | {
                "started_on": "2026-09-01",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.5},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.01},
                ],
            }
        ),
        visitor(),
        NOW,
        None,
    ),
)

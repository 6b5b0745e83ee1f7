"""Hand-written cases: each with the answer its author expects."""

from typing import Any

NOW = "2026-11-22T09:30:00Z"

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


def _survey(**members: Any) -> dict[str, Any]:
    return {"id": "srv_nps", "version": 3, "old_enough_days": 0} | members


def _visitor(**members: Any) -> dict[str, Any]:
    return {"id": "42", "page": "/reports/42", "origin": "https://app.example.com"} | members


def _past(**members: Any) -> dict[str, Any]:
    return _visitor(history={"srv_nps": members})


def _trait(value: Any) -> dict[str, Any]:
    return _visitor() if value is None else _visitor(traits={"role": value})


DECISIONS: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None], ...] = (
    ("a new survey without limits asks everybody", _survey(), _visitor(), NOW, None),
    ("a project switched off", _survey(), _visitor(project_enabled=False), NOW, "project_enabled"),
    ("a draft", _survey(status="draft"), _visitor(), NOW, "survey_running"),
    ("a paused survey", _survey(status="paused"), _visitor(), NOW, "survey_running"),
    ("an archived survey", _survey(status="archived"), _visitor(), NOW, "survey_running"),
    ("a survey starts this second", _survey(starts_at=NOW), _visitor(), NOW, None),
    (
        "a survey starts in a second",
        _survey(starts_at="2026-11-22T09:30:01Z"),
        _visitor(),
        NOW,
        "survey_running",
    ),
    ("a survey ends this second", _survey(ends_at=NOW), _visitor(), NOW, "survey_running"),
    ("a survey ends in a second", _survey(ends_at="2026-11-22T09:30:01Z"), _visitor(), NOW, None),
    (
        "a start written in Berlin summer time",
        _survey(starts_at="2026-10-25T02:30:00+02:00"),
        _visitor(),
        "2026-10-25T00:30:00Z",
        None,
    ),
    (
        "the same clock reading an hour later, in winter time",
        _survey(starts_at="2026-10-25T02:30:00+01:00"),
        _visitor(),
        "2026-10-25T00:30:00Z",
        "survey_running",
    ),
    ("a start in Kathmandu", _survey(starts_at="2026-11-22T15:15:00+05:45"), _visitor(), NOW, None),
    (
        "a now written in another zone",
        _survey(starts_at=NOW),
        _visitor(),
        "2026-11-22T19:30:00+10:00",
        None,
    ),
    ("another site", _survey(origins=["https://other.example"]), _visitor(), NOW, "origin_allowed"),
    ("the survey's site", _survey(origins=["https://app.example.com"]), _visitor(), NOW, None),
    (
        "a site that only begins alike",
        _survey(origins=["https://app.example"]),
        _visitor(),
        NOW,
        "origin_allowed",
    ),
    (
        "an event arms",
        _survey(triggers=[{"type": "event", "name": "done"}]),
        _visitor(trigger={"type": "event", "name": "done"}),
        NOW,
        None,
    ),
    (
        "another event does not",
        _survey(triggers=[{"type": "event", "name": "done"}]),
        _visitor(trigger={"type": "event", "name": "Done"}),
        NOW,
        "trigger_matches",
    ),
    (
        "a page load is not an event",
        _survey(triggers=[{"type": "event", "name": "done"}]),
        _visitor(),
        NOW,
        "trigger_matches",
    ),
    (
        "an event is not a page load",
        _survey(),
        _visitor(trigger={"type": "event", "name": "done"}),
        NOW,
        "trigger_matches",
    ),
    ("no trigger means by hand only", _survey(triggers=[]), _visitor(), NOW, "trigger_matches"),
    (
        "a server's event armed it",
        _survey(triggers=[{"type": "server_event", "name": "paid"}]),
        _visitor(armed={"paid": "2026-11-22T09:30:01Z"}),
        NOW,
        None,
    ),
    (
        "a server's event whose life ended",
        _survey(triggers=[{"type": "server_event", "name": "paid"}]),
        _visitor(armed={"paid": NOW}),
        NOW,
        "trigger_matches",
    ),
    (
        "the page cannot claim a server's event",
        _survey(triggers=[{"type": "server_event", "name": "paid"}]),
        _visitor(trigger={"type": "server_event", "name": "paid"}),
        NOW,
        "trigger_matches",
    ),
    ("one segment", _survey(pages=["/reports/*"]), _visitor(), NOW, None),
    (
        "one segment is not two",
        _survey(pages=["/reports/*"]),
        _visitor(page="/reports/42/edit"),
        NOW,
        "page_matches",
    ),
    (
        "any segments, also none",
        _survey(pages=["/reports/**"]),
        _visitor(page="/reports"),
        NOW,
        None,
    ),
    (
        "query and fragment do not matter",
        _survey(pages=["/reports/42"]),
        _visitor(page="/reports/42?tab=1#top"),
        NOW,
        None,
    ),
    (
        "a slash at the end does not matter",
        _survey(pages=["/reports/42"]),
        _visitor(page="/reports/42/"),
        NOW,
        None,
    ),
    (
        "the template counts too",
        _survey(pages=["/r/:id"]),
        _visitor(page="/r/x9", page_template="/r/:id"),
        NOW,
        None,
    ),
    ("no page known", _survey(pages=["/**"]), {"id": "42"}, NOW, "page_matches"),
    ("the root page", _survey(pages=["/"]), _visitor(page="/"), NOW, None),
    ("a Unicode page", _survey(pages=["/bücher/*"]), _visitor(page="/bücher/日本"), NOW, None),
    (
        "a device of the list",
        _survey(devices=["mobile", "tablet"]),
        _visitor(device="tablet"),
        NOW,
        None,
    ),
    (
        "a device not of the list",
        _survey(devices=["mobile"]),
        _visitor(device="desktop"),
        NOW,
        "device_matches",
    ),
    ("a device not known", _survey(devices=["mobile"]), _visitor(), NOW, "device_matches"),
    (
        "outside the audience",
        _survey(audience={"op": "eq", "trait": "role", "value": "admin"}),
        _trait("viewer"),
        NOW,
        "audience_matches",
    ),
    (
        "inside the audience",
        _survey(audience={"op": "eq", "trait": "role", "value": "admin"}),
        _trait("admin"),
        NOW,
        None,
    ),
    (
        "an audience that cannot be read",
        _survey(audience={"op": "like", "trait": "role", "value": "a"}),
        _trait("admin"),
        NOW,
        "audience_matches",
    ),
    (
        "too little use",
        _survey(audience={"op": "gte", "usage": "active_days", "value": 10}),
        _visitor(usage={"active_days": 9}),
        NOW,
        "audience_matches",
    ),
    (
        "old enough to the second",
        _survey(old_enough_days=30),
        _visitor(first_seen_at="2026-10-23T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "a second too young",
        _survey(old_enough_days=30),
        _visitor(first_seen_at="2026-10-23T09:30:01Z"),
        NOW,
        "old_enough",
    ),
    (
        "an anonymous visitor a second too young",
        _survey(old_enough_days=30),
        _visitor(anonymous=True, first_seen_at="2026-10-23T09:30:01Z"),
        NOW,
        "old_enough",
    ),
    (
        "an anonymous visitor never seen before",
        _survey(old_enough_days=30),
        _visitor(anonymous=True),
        NOW,
        "old_enough",
    ),
    ("a user never seen before", _survey(old_enough_days=30), _visitor(), NOW, "old_enough"),
    (
        "first seen in the future by a fast clock",
        _survey(old_enough_days=30),
        _visitor(first_seen_at="2026-11-23T00:00:00Z"),
        NOW,
        "old_enough",
    ),
    (
        "draw below the rate",
        _survey(sampling={"salt": "nps-2025", "rate": 0.0402}),
        _visitor(),
        NOW,
        None,
    ),
    (
        "draw above the rate",
        _survey(sampling={"salt": "nps-2025", "rate": 0.04}),
        _visitor(),
        NOW,
        "sampled",
    ),
    (
        "a draw that equals the rate is outside",
        _survey(sampling={"salt": "nps-2025", "rate": 0.040109186666086316}),
        _visitor(),
        NOW,
        "sampled",
    ),
    (
        "shown and answered in the same instant is not ignored",
        _survey(rests={"rest_days": 8}),
        _past(shown_at="2026-11-12T09:30:00Z", answered_at="2026-11-12T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "rate 0 asks nobody",
        _survey(sampling={"salt": "nps-2025", "rate": 0}),
        _visitor(),
        NOW,
        "sampled",
    ),
    (
        "rate 1 asks the highest draw",
        _survey(sampling={"salt": "nps-2025", "rate": 1}),
        _visitor(id="u-1"),
        NOW,
        None,
    ),
    (
        "the empty id has a draw as well",
        _survey(sampling={"salt": "nps-2025", "rate": 0.34}),
        _visitor(id=""),
        NOW,
        None,
    ),
    (
        "a Japanese id",
        _survey(sampling={"salt": "nps-2025", "rate": 0.158}),
        _visitor(id="日本語ユーザー"),
        NOW,
        "sampled",
    ),
    (
        "the slot opens at midnight UTC",
        _survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        _visitor(),
        "2026-11-22T00:00:00Z",
        None,
    ),
    (
        "a second before the slot",
        _survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        _visitor(),
        "2026-11-21T23:59:59Z",
        "sampled",
    ),
    (
        "already the slot's day in Tokyo, not yet in UTC",
        _survey(sampling=SLOTS | {"started_on": "2026-10-24"}),
        _visitor(),
        "2026-11-22T08:59:59+09:00",
        "sampled",
    ),
    (
        "the first matching segment gives the rate",
        _survey(
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
        _trait("admin"),
        NOW,
        None,
    ),
    (
        "a segment of rate 0 shuts out",
        _survey(
            sampling={
                "salt": "nps-2025",
                "rate": 1,
                "segments": [{"when": {"op": "missing", "trait": "role"}, "rate": 0}],
            }
        ),
        _visitor(),
        NOW,
        "sampled",
    ),
    (
        "a segment by use",
        _survey(
            sampling={
                "salt": "nps-2025",
                "rate": 0,
                "segments": [
                    {"when": {"op": "gte", "usage": "percentile", "value": 90}, "rate": 1}
                ],
            }
        ),
        _visitor(usage={"percentile": 95}),
        NOW,
        None,
    ),
    (
        "a low rate by use leaves the others their own",
        _survey(
            sampling={
                "salt": "nps-2025",
                "rate": 1,
                "segments": [
                    {"when": {"op": "gte", "usage": "percentile", "value": 90}, "rate": 0}
                ],
            }
        ),
        _visitor(usage={"percentile": 5}),
        NOW,
        None,
    ),
    (
        "a paced rate raised after the slot waits for the next",
        _survey(
            sampling=SLOTS
            | {
                "started_on": "2026-09-01",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.01},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.5},
                ],
            }
        ),
        _visitor(),
        NOW,
        "sampled",
    ),
    (
        "the next slot brings the raised rate",
        _survey(
            sampling=SLOTS
            | {
                "started_on": "2026-07-20",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.01},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.5},
                ],
            }
        ),
        _visitor(),
        NOW,
        None,
    ),
    (
        "a paced rate lowered after the slot takes nobody out",
        _survey(
            sampling=SLOTS
            | {
                "started_on": "2026-09-01",
                "paced": [
                    {"from": "2026-09-01T00:00:00Z", "rate": 0.5},
                    {"from": "2026-11-01T00:00:00Z", "rate": 0.01},
                ],
            }
        ),
        _visitor(),
        NOW,
        None,
    ),
    (
        "answered 90 days ago to the second",
        _survey(),
        _past(answered_at="2026-08-24T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "answered a second less than 90 days ago",
        _survey(),
        _past(answered_at="2026-08-24T09:30:01Z"),
        NOW,
        "rested_after_answer",
    ),
    (
        "answered before a change of clocks: days have 24 hours",
        _survey(rests={"rest_days": 1}),
        _past(answered_at="2026-10-24T12:00:00+02:00"),
        "2026-10-25T11:00:00+01:00",
        "rested_after_any",
    ),
    ("declined 30 days ago", _survey(), _past(declined_at="2026-10-23T09:30:00Z"), NOW, None),
    (
        "declined a second less",
        _survey(),
        _past(declined_at="2026-10-23T09:30:01Z"),
        NOW,
        "rested_after_decline",
    ),
    ("ignored 14 days ago", _survey(), _past(ignored_at="2026-11-08T09:30:00Z"), NOW, None),
    (
        "ignored a second less",
        _survey(),
        _past(ignored_at="2026-11-08T09:30:01Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "shown without any reaction counts as ignored",
        _survey(),
        _past(shown_at="2026-11-12T09:30:00Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "shown and answered is not ignored",
        _survey(rests={"rest_days": 8}),
        _past(shown_at="2026-11-12T09:30:00Z", answered_at="2026-11-12T09:30:05Z"),
        NOW,
        None,
    ),
    (
        "shown again after the answer and ignored",
        _survey(rests={"rest_days": 8}),
        _past(shown_at="2026-11-14T09:30:00Z", answered_at="2026-11-12T09:30:05Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "later said 7 days ago",
        _survey(),
        _past(shown_at="2026-11-15T09:29:00Z", later_at="2026-11-15T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "later said yesterday",
        _survey(),
        _past(shown_at="2026-11-21T09:29:00Z", later_at="2026-11-21T09:30:00Z"),
        NOW,
        "rested_after_later",
    ),
    (
        "an answer in the future by a fast clock",
        _survey(),
        _past(answered_at="2026-11-22T09:31:00Z"),
        NOW,
        "rested_after_answer",
    ),
    (
        "rests of 0 days ask for none",
        _survey(
            rests={
                "rest_days": 0,
                "decline_rest_days": 0,
                "ignore_rest_days": 0,
                "later_rest_days": 0,
                "any_survey_rest_days": 0,
            }
        ),
        _past(shown_at=NOW, answered_at=NOW, declined_at=NOW, ignored_at=NOW, later_at=NOW),
        NOW,
        None,
    ),
    (
        "half a day of rest",
        _survey(rests={"rest_days": 0.5, "any_survey_rest_days": 0}),
        _past(answered_at="2026-11-21T21:30:00Z"),
        NOW,
        None,
    ),
    (
        "another survey 7 days ago",
        _survey(),
        _visitor(history={"srv_other": {"shown_at": "2026-11-15T09:30:00Z"}}),
        NOW,
        None,
    ),
    (
        "another survey a second less",
        _survey(),
        _visitor(history={"srv_other": {"shown_at": "2026-11-15T09:30:01Z"}}),
        NOW,
        "rested_after_any",
    ),
    (
        "another survey answered late",
        _survey(),
        _visitor(
            history={
                "srv_other": {
                    "shown_at": "2026-11-10T09:30:00Z",
                    "answered_at": "2026-11-16T09:30:00Z",
                }
            }
        ),
        NOW,
        "rested_after_any",
    ),
    (
        "a deleted survey was shown",
        _survey(),
        _visitor(any_survey_shown_at="2026-11-20T09:30:00Z"),
        NOW,
        "rested_after_any",
    ),
    (
        "account at its cap",
        _survey(account_cap={"count": 3, "days": 30}),
        _visitor(account_id="acme", account_asked={"srv_nps": 3}),
        NOW,
        "account_below_cap",
    ),
    (
        "account below its cap",
        _survey(account_cap={"count": 3, "days": 30}),
        _visitor(account_id="acme", account_asked={"srv_nps": 2, "srv_other": 9}),
        NOW,
        None,
    ),
    (
        "no account, no cap",
        _survey(account_cap={"count": 3, "days": 30}),
        _visitor(account_asked={"srv_nps": 3}),
        NOW,
        None,
    ),
    (
        "budget spent",
        _survey(daily_budget=10),
        _visitor(asked_today={"srv_nps": 10}),
        NOW,
        "within_budget",
    ),
    ("budget left", _survey(daily_budget=10), _visitor(asked_today={"srv_nps": 9}), NOW, None),
    ("a budget of nothing", _survey(daily_budget=0), _visitor(), NOW, "within_budget"),
    (
        "an open invitation",
        _survey(),
        _visitor(open_ticket_until="2026-11-22T09:30:01Z"),
        NOW,
        "no_open_ticket",
    ),
    ("an invitation that has just ended", _survey(), _visitor(open_ticket_until=NOW), NOW, None),
    (
        "by hand: rests, sampling, page and trigger are not asked",
        _survey(pages=["/x"], triggers=[], sampling={"rate": 0}),
        _past(answered_at=NOW) | {"manual": True},
        NOW,
        None,
    ),
    (
        "by hand: a budget still holds",
        _survey(daily_budget=0),
        _visitor(manual=True),
        NOW,
        "within_budget",
    ),
    (
        "by hand: an open invitation still holds",
        _survey(),
        _visitor(manual=True, open_ticket_until="2026-11-23T00:00:00Z"),
        NOW,
        "no_open_ticket",
    ),
    (
        "the first gate that fails is the reason",
        _survey(status="paused", sampling={"rate": 0}, daily_budget=0),
        _visitor(),
        NOW,
        "survey_running",
    ),
)

_ADMIN = {"op": "eq", "trait": "role", "value": "admin"}


def _leaf(op: str, value: Any = None, **subject: Any) -> dict[str, Any]:
    return {"op": op} | (subject or {"trait": "role"}) | ({} if value is None else {"value": value})


AUDIENCES: tuple[tuple[str, Any, dict[str, Any], bool], ...] = (
    ("no rule", None, _visitor(), True),
    ("eq", _ADMIN, _trait("admin"), True),
    ("eq, missing", _ADMIN, _visitor(), False),
    ("eq, null is missing", _ADMIN, _visitor(traits={"role": None}), False),
    ("eq, case counts", _ADMIN, _trait("Admin"), False),
    ("eq, no normalisation of Unicode", _leaf("eq", "é"), _trait("e\u0301"), False),
    ("eq, number and text differ", _leaf("eq", 7), _trait("7"), False),
    ("eq, 7 is 7.0", _leaf("eq", 7), _trait(7.0), True),
    ("eq, true is not 1", _leaf("eq", 1), _trait(True), False),
    ("eq, 1 is not true", _leaf("eq", True), _trait(1), False),
    ("eq, false is not 0", _leaf("eq", False), _trait(0), False),
    ("eq, false is false", _leaf("eq", False), _trait(False), True),
    ("eq, a list equals no text", _ADMIN, _trait(["admin"]), False),
    ("eq, an object equals no text", _ADMIN, _trait({"admin": True}), False),
    ("ne, other value", _leaf("ne", "admin"), _trait("viewer"), True),
    ("ne, same value", _leaf("ne", "admin"), _trait("admin"), False),
    ("ne, missing", _leaf("ne", "admin"), _visitor(), True),
    ("in", _leaf("in", ["admin", "owner"]), _trait("owner"), True),
    ("in, missing", _leaf("in", ["admin"]), _visitor(), False),
    ("in, types count", _leaf("in", [1, "x"]), _trait(True), False),
    ("not_in, missing", _leaf("not_in", ["admin"]), _visitor(), True),
    ("not_in, listed", _leaf("not_in", ["admin"]), _trait("admin"), False),
    ("gt, equal", _leaf("gt", 5), _trait(5), False),
    ("gte, equal", _leaf("gte", 5), _trait(5.0), True),
    ("lt, less", _leaf("lt", 5), _trait(4.999), True),
    ("lte, more", _leaf("lte", 5), _trait(5.001), False),
    ("gt, a text is not a number", _leaf("gt", 5), _trait("6"), False),
    ("gt, true is not a number", _leaf("gt", 0), _trait(True), False),
    ("lt, missing", _leaf("lt", 5), _visitor(), False),
    ("gt, the largest whole number", _leaf("gt", 9007199254740990), _trait(9007199254740991), True),
    ("contains, part of a text", _leaf("contains", "dmi"), _trait("admin"), True),
    ("contains, member of a list", _leaf("contains", "admin"), _trait(["x", "admin"]), True),
    (
        "contains, part of a member is not a member",
        _leaf("contains", "adm"),
        _trait(["admin"]),
        False,
    ),
    ("contains, types count in lists", _leaf("contains", 1), _trait([True, "1"]), False),
    ("contains, a number in a text", _leaf("contains", 1), _trait("1"), False),
    ("contains, missing", _leaf("contains", "a"), _visitor(), False),
    ("contains, an emoji", _leaf("contains", "🎉"), _trait("a🎉b"), True),
    ("starts_with", _leaf("starts_with", "ad"), _trait("admin"), True),
    ("starts_with, missing", _leaf("starts_with", "ad"), _visitor(), False),
    ("starts_with, a number", _leaf("starts_with", "7"), _trait(7), False),
    ("exists", _leaf("exists"), _trait(""), True),
    ("exists, null", _leaf("exists"), _visitor(traits={"role": None}), False),
    ("exists, false is a value", _leaf("exists"), _trait(False), True),
    ("missing", _leaf("missing"), _visitor(), True),
    (
        "missing, a name that every object has",
        _leaf("missing", trait="constructor"),
        _visitor(),
        True,
    ),
    ("missing, another such name", _leaf("missing", trait="__proto__"), _visitor(), True),
    (
        "account trait",
        _leaf("eq", "pro", account_trait="plan"),
        _visitor(account_id="a", account_traits={"plan": "pro"}),
        True,
    ),
    (
        "account trait, a user's trait is none",
        _leaf("eq", "pro", account_trait="plan"),
        _visitor(account_id="a", traits={"plan": "pro"}),
        False,
    ),
    ("page", _leaf("eq", "/reports/42", field="page"), _visitor(page="/reports/42?x=1"), True),
    ("page starts_with", _leaf("starts_with", "/rep", field="page"), _visitor(), True),
    ("page matches", _leaf("matches", "/reports/*", field="page"), _visitor(), True),
    (
        "page matches, template",
        _leaf("matches", "/r/:id", field="page"),
        _visitor(page="/r/abc", page_template="/r/:id"),
        True,
    ),
    ("page matches, no page", _leaf("matches", "/**", field="page"), {"id": "42"}, False),
    ("device", _leaf("ne", "mobile", field="device"), _visitor(device="desktop"), True),
    ("language, exact", _leaf("eq", "en", field="language"), _visitor(language="en"), True),
    ("language, a range", _leaf("eq", "en", field="language"), _visitor(language="en-GB"), True),
    (
        "language, case does not count",
        _leaf("eq", "en-gb", field="language"),
        _visitor(language="EN-GB"),
        True,
    ),
    (
        "language, a narrower range",
        _leaf("eq", "en-GB", field="language"),
        _visitor(language="en"),
        False,
    ),
    (
        "language, only whole subtags",
        _leaf("eq", "en", field="language"),
        _visitor(language="eng"),
        False,
    ),
    ("language in", _leaf("in", ["de", "fr"], field="language"), _visitor(language="fr-CA"), True),
    ("language not_in, missing", _leaf("not_in", ["de"], field="language"), _visitor(), True),
    (
        "app_version, 4.10 is above 4.9",
        _leaf("gt", "4.9", field="app_version"),
        _visitor(app_version="4.10.0"),
        True,
    ),
    (
        "app_version, 4.2 is 4.2.0",
        _leaf("gte", "4.2.0", field="app_version"),
        _visitor(app_version="4.2"),
        True,
    ),
    (
        "app_version, a suffix is left out",
        _leaf("gt", "4.2", field="app_version"),
        _visitor(app_version="4.2.0-beta"),
        False,
    ),
    (
        "app_version, not a number",
        _leaf("lt", "4.2", field="app_version"),
        _visitor(app_version="next"),
        False,
    ),
    (
        "app_version eq is text",
        _leaf("eq", "4.2", field="app_version"),
        _visitor(app_version="4.2.0"),
        False,
    ),
    (
        "percentile",
        _leaf("gte", 90, usage="percentile"),
        _visitor(usage={"percentile": 90.0}),
        True,
    ),
    ("percentile not known", _leaf("lt", 90, usage="percentile"), _visitor(), False),
    ("active days", _leaf("lte", 3, usage="active_days"), _visitor(usage={"active_days": 0}), True),
    (
        "used on the last day that counts",
        {"op": "used", "feature": "export", "days": 30},
        _visitor(usage={"last_used": {"export": "2026-10-23"}}),
        True,
    ),
    (
        "used a day too early",
        {"op": "used", "feature": "export", "days": 30},
        _visitor(usage={"last_used": {"export": "2026-10-22"}}),
        False,
    ),
    ("used never", {"op": "used", "feature": "export", "days": 30}, _visitor(), False),
    ("not_used never", {"op": "not_used", "feature": "export", "days": 30}, _visitor(), True),
    (
        "not_used lately",
        {"op": "not_used", "feature": "export", "days": 30},
        _visitor(usage={"last_used": {"export": "2026-11-22"}}),
        False,
    ),
    (
        "scored 8 is passive",
        {"op": "scored", "bands": ["passive"]},
        _past(answered_at="2026-01-01T00:00:00Z", last_score=8),
        True,
    ),
    (
        "scored 6 is a detractor",
        {"op": "scored", "bands": ["passive", "promoter"]},
        _past(answered_at="2026-01-01T00:00:00Z", last_score=6),
        False,
    ),
    (
        "scored too long ago",
        {"op": "scored", "bands": ["passive"], "within_days": 90},
        _past(answered_at="2026-01-01T00:00:00Z", last_score=8),
        False,
    ),
    (
        "scored too lately",
        {"op": "scored", "bands": ["promoter"], "older_than_days": 1},
        _past(answered_at="2026-11-22T00:00:00Z", last_score=10),
        False,
    ),
    ("scored never", {"op": "scored", "bands": ["passive"]}, _visitor(), False),
    (
        "scored in another survey",
        {"op": "scored", "bands": ["promoter"], "survey": "srv_b"},
        _visitor(history={"srv_b": {"answered_at": "2026-01-01T00:00:00Z", "last_score": 9}}),
        True,
    ),
    ("before, a date", _leaf("before", "2026-06-01"), _trait("2026-05-31T23:59:59Z"), True),
    ("before, not a time", _leaf("before", "2026-06-01"), _trait("soon"), False),
    (
        "after, with an offset",
        _leaf("after", "2026-06-01T00:00:00Z"),
        _trait("2026-06-01T01:00:00+02:00"),
        False,
    ),
    ("older_than_days", _leaf("older_than_days", 30), _trait("2026-10-23T09:30:00Z"), True),
    ("older_than_days, missing", _leaf("older_than_days", 30), _visitor(), False),
    ("newer_than_days", _leaf("newer_than_days", 30), _trait("2026-10-23T09:30:00Z"), False),
    ("and of nothing", {"op": "and", "rules": []}, _visitor(), True),
    ("or of nothing", {"op": "or", "rules": []}, _visitor(), False),
    ("and", {"op": "and", "rules": [_ADMIN, _leaf("exists")]}, _trait("admin"), True),
    ("or", {"op": "or", "rules": [_ADMIN, _leaf("missing")]}, _trait("viewer"), False),
    ("not", {"op": "not", "rule": _ADMIN}, _visitor(), True),
    (
        "not of use is left to the server",
        {"op": "not", "rule": _leaf("gte", 90, usage="percentile")},
        _visitor(usage={"percentile": 95}),
        False,
    ),
    (
        "six levels",
        {
            "op": "not",
            "rule": {
                "op": "not",
                "rule": {"op": "not", "rule": {"op": "not", "rule": {"op": "not", "rule": _ADMIN}}},
            },
        },
        _trait("viewer"),
        True,
    ),
)

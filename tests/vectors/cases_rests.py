"""Rests after an answer, a refusal, silence, and any other survey."""

from typing import Any

from case_records import NOW, past, survey, visitor

CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], str, str | None], ...] = (
    (
        "answered 90 days ago to the second",
        survey(),
        past(answered_at="2026-08-24T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "answered a second less than 90 days ago",
        survey(),
        past(answered_at="2026-08-24T09:30:01Z"),
        NOW,
        "rested_after_answer",
    ),
    (
        "answered before a change of clocks: days have 24 hours",
        survey(rests={"rest_days": 1}),
        past(answered_at="2026-10-24T12:00:00+02:00"),
        "2026-10-25T11:00:00+01:00",
        "rested_after_any",
    ),
    ("declined 30 days ago", survey(), past(declined_at="2026-10-23T09:30:00Z"), NOW, None),
    (
        "declined a second less",
        survey(),
        past(declined_at="2026-10-23T09:30:01Z"),
        NOW,
        "rested_after_decline",
    ),
    ("ignored 14 days ago", survey(), past(ignored_at="2026-11-08T09:30:00Z"), NOW, None),
    (
        "ignored a second less",
        survey(),
        past(ignored_at="2026-11-08T09:30:01Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "shown without any reaction counts as ignored",
        survey(),
        past(shown_at="2026-11-12T09:30:00Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "shown and answered is not ignored",
        survey(rests={"rest_days": 8}),
        past(shown_at="2026-11-12T09:30:00Z", answered_at="2026-11-12T09:30:05Z"),
        NOW,
        None,
    ),
    (
        "shown again after the answer and ignored",
        survey(rests={"rest_days": 8}),
        past(shown_at="2026-11-14T09:30:00Z", answered_at="2026-11-12T09:30:05Z"),
        NOW,
        "rested_after_ignore",
    ),
    (
        "later said 7 days ago",
        survey(),
        past(shown_at="2026-11-15T09:29:00Z", later_at="2026-11-15T09:30:00Z"),
        NOW,
        None,
    ),
    (
        "later said yesterday",
        survey(),
        past(shown_at="2026-11-21T09:29:00Z", later_at="2026-11-21T09:30:00Z"),
        NOW,
        "rested_after_later",
    ),
    (
        "an answer in the future by a fast clock",
        survey(),
        past(answered_at="2026-11-22T09:31:00Z"),
        NOW,
        "rested_after_answer",
    ),
    (
        "rests of 0 days ask for none",
        survey(
            rests={
                "rest_days": 0,
                "decline_rest_days": 0,
                "ignore_rest_days": 0,
                "later_rest_days": 0,
                "any_survey_rest_days": 0,
            }
        ),
        past(shown_at=NOW, answered_at=NOW, declined_at=NOW, ignored_at=NOW, later_at=NOW),
        NOW,
        None,
    ),
    (
        "half a day of rest",
        survey(rests={"rest_days": 0.5, "any_survey_rest_days": 0}),
        past(answered_at="2026-11-21T21:30:00Z"),
        NOW,
        None,
    ),
    (
        "another survey 7 days ago",
        survey(),
        visitor(history={"srv_other": {"shown_at": "2026-11-15T09:30:00Z"}}),
        NOW,
        None,
    ),
    (
        "another survey a second less",
        survey(),
        visitor(history={"srv_other": {"shown_at": "2026-11-15T09:30:01Z"}}),
        NOW,
        "rested_after_any",
    ),
    (
        "another survey answered late",
        survey(),
        visitor(
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
        survey(),
        visitor(any_survey_shown_at="2026-11-20T09:30:00Z"),
        NOW,
        "rested_after_any",
    ),
)

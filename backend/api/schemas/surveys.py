"""Surveys: what they ask, whom, how often. Content and audience rules are checked by the domain."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from backend.api.schemas.common import AdminSchema, PageQuerySchema
from backend.api.schemas.fields import Flag, Number, Time, Whole, date_text, name_text
from backend.api.schemas.projects import OriginField
from backend.domain.flow.changes import KINDS as CHANGE_KINDS
from backend.domain.survey_rules import DEVICES, MAX_DAYS, STATUSES, TRIGGER_TYPES
from backend.domain.survey_templates import TEMPLATES

MAX_DELAY_MS: Final = 3_600_000
MAX_LIFETIME_DAYS: Final = 365
MAX_COUNT: Final = 1_000_000


def _days(description: str) -> Number:
    return Number(validate=validate.Range(0, MAX_DAYS), metadata={"description": description})


def _rate(**given: Any) -> Number:
    return Number(
        validate=validate.Range(0, 1), metadata={"description": "Share of people, 0 to 1."}, **given
    )


class TriggerSchema(AdminSchema):
    """What opens the survey; events by the name given to `track`."""

    type = fields.String(required=True, validate=validate.OneOf(TRIGGER_TYPES))
    name = name_text()
    delay_ms = Whole(validate=validate.Range(0, MAX_DELAY_MS))
    lifetime_days = Number(
        validate=validate.Range(0, MAX_LIFETIME_DAYS, min_inclusive=False),
        metadata={"description": "How long a server's event arms the survey; 7 when left out."},
    )

    @validates_schema
    def _check(self, trigger: dict[str, Any], **_: Any) -> None:
        if trigger["type"] == "page_load" and "name" in trigger:
            raise ValidationError("A page load has no name.", "name")
        if trigger["type"] != "page_load" and "name" not in trigger:
            raise ValidationError("Name the event.", "name")
        if trigger["type"] != "server_event" and "lifetime_days" in trigger:
            raise ValidationError("Only an event of a server lives on.", "lifetime_days")


class TargetingSchema(AdminSchema):
    """Where and to whom the survey may show; empty lists and a null audience match everybody."""

    origins = fields.List(OriginField(), validate=validate.Length(max=100))
    triggers = fields.List(fields.Nested(TriggerSchema), validate=validate.Length(max=50))
    pages = fields.List(name_text(), validate=validate.Length(max=200))
    devices = fields.List(fields.String(validate=validate.OneOf(DEVICES)))
    audience = fields.Raw(
        allow_none=True, metadata={"description": "An audience rule (docs/guides/sampling.md)."}
    )
    old_enough_days = _days("Days since somebody was first seen.")


class SegmentSchema(AdminSchema):
    """A rate for those who match a rule; the first segment that matches counts."""

    when = fields.Raw(required=True, metadata={"description": "An audience rule."})
    rate = _rate(required=True)


class SamplingChangeSchema(AdminSchema):
    """Who is in the sample. Raising a rate only adds people."""

    rate = _rate()
    segments = fields.List(fields.Nested(SegmentSchema), validate=validate.Length(max=50))
    spread_days = Whole(
        validate=validate.Range(0, MAX_DAYS),
        metadata={"description": "Days over which first turns are spread; 0 asks all at once."},
    )


class SamplingSchema(SamplingChangeSchema):
    """Who is in the sample, with what the server set itself."""

    salt = fields.String(required=True, metadata={"description": "Another salt, another sample."})
    started_on = fields.String(
        required=True, allow_none=True, metadata={"format": "date", "description": "First turns."}
    )
    paced = fields.List(
        fields.Raw(metadata={"type": "object"}),
        metadata={"description": "Rates that pacing has set, each `from` a time on."},
    )


class RestsSchema(AdminSchema):
    """Days of rest, each from the person's own last time."""

    rest_days = _days("After an answer to this survey.")
    decline_rest_days = _days("After a no to this survey.")
    ignore_rest_days = _days("After this survey was shown and ignored.")
    later_rest_days = _days("After “ask me later”.")
    any_survey_rest_days = _days("After any survey was shown.")


class CapSchema(AdminSchema):
    """At most `count` people of one account within `days` days."""

    count = Whole(required=True, validate=validate.Range(1, MAX_COUNT))
    days = Whole(required=True, validate=validate.Range(1, MAX_DAYS))


class TargetSchema(AdminSchema):
    """A number of answers to bring, by a day or in every period; pacing sets the rate for it."""

    answers = Whole(required=True, validate=validate.Range(1, MAX_COUNT))
    by = date_text(metadata={"description": "The last day that counts, in UTC."})
    period_days = Whole(validate=validate.Range(7, MAX_DAYS))
    since = fields.String(
        dump_only=True, metadata={"format": "date", "description": "When it was set."}
    )

    @validates_schema
    def _check(self, target: dict[str, Any], **_: Any) -> None:
        if ("by" in target) == ("period_days" in target):
            raise ValidationError("Give either by or period_days.", "by")


class LimitsSchema(AdminSchema):
    """Safety stops and the target; null sets none."""

    account_cap = fields.Nested(CapSchema, allow_none=True)
    daily_budget = Whole(
        allow_none=True,
        validate=validate.Range(1, MAX_COUNT),
        metadata={"description": "At most so many people asked a UTC day."},
    )
    target = fields.Nested(TargetSchema, allow_none=True)


class SurveyChangeSchema(AdminSchema):
    """What may be changed of a survey; what is left out stays as it is."""

    name = name_text()
    priority = Whole(
        validate=validate.Range(-1000, 1000),
        metadata={"description": "Of several surveys that could show, the highest does."},
    )
    starts_at = Time(allow_none=True)
    ends_at = Time(allow_none=True)
    targeting = fields.Nested(TargetingSchema)
    sampling = fields.Nested(SamplingChangeSchema)
    rests = fields.Nested(RestsSchema)
    limits = fields.Nested(LimitsSchema)
    content = fields.Raw(
        metadata={
            "type": "object",
            "description": "Questions, texts and theme (docs/protocol.md). Acts at publish.",
        }
    )


class NewSurveySchema(SurveyChangeSchema):
    """A survey to be; what is left out is the standard one."""

    name = name_text(required=True)
    template = fields.String(
        validate=validate.OneOf(tuple(TEMPLATES)),
        metadata={"description": "A content to start from, where none is given."},
    )


class SurveySchema(SurveyChangeSchema):
    """A survey."""

    id = fields.String(required=True)
    status = fields.String(required=True, validate=validate.OneOf(STATUSES))
    sampling = fields.Nested(SamplingSchema, required=True)
    published_version = Whole(required=True, allow_none=True)
    has_unpublished_changes = Flag(
        required=True, metadata={"description": "The content is not what pages show."}
    )
    created_at = Time(required=True)
    updated_at = Time(required=True)
    revision = Whole(required=True, metadata={"description": "Its ETag."})


class PublishedSurveySchema(SurveySchema):
    """A survey that has just gone out."""

    warnings = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Why it would ask nobody, or fewer than one may think."},
    )


class SurveyQuerySchema(PageQuerySchema):
    """Which surveys."""

    status = fields.String(load_default=None, validate=validate.OneOf(STATUSES))


class ContentChangeSchema(AdminSchema):
    """One difference to the version before."""

    kind = fields.String(required=True, validate=validate.OneOf(CHANGE_KINDS))
    where = fields.String(required=True)
    before = fields.String(required=True, allow_none=True)
    after = fields.String(required=True, allow_none=True)


class SurveyVersionSchema(AdminSchema):
    """What was published once; it never changes."""

    number = Whole(required=True)
    content = fields.Raw(required=True, metadata={"type": "object"})
    published_at = Time(required=True)
    superseded_at = Time(required=True, allow_none=True)
    changes = fields.List(fields.Nested(ContentChangeSchema), required=True)


class SurveyVersionsSchema(AdminSchema):
    """All versions of a survey, newest first."""

    items = fields.List(fields.Nested(SurveyVersionSchema), required=True)


class BoundDaySchema(AdminSchema):
    """A day on which the daily budget kept people back."""

    day = fields.String(required=True, metadata={"format": "date"})
    asked = Whole(required=True)
    refused = Whole(required=True, metadata={"description": "For the budget alone."})


class TargetProgressSchema(AdminSchema):
    """How far a target is; showings of the last day do not count yet."""

    answers_wanted = Whole(required=True)
    begins_at = Time(required=True)
    ends_at = Time(required=True)
    answers = Whole(required=True)
    displays = Whole(required=True)
    response_rate = Number(required=True)
    displays_needed = Number(required=True)
    displays_needed_per_day = Number(required=True, allow_none=True)


class SamplingStatusSchema(AdminSchema):
    """How a survey's sampling goes."""

    sampling = fields.Nested(SamplingSchema, required=True)
    target = fields.Nested(TargetProgressSchema, required=True, allow_none=True)
    budget_bound_on = fields.List(
        fields.Nested(BoundDaySchema),
        required=True,
        metadata={"description": "Days of the last 90; a budget is a safety stop: raise it."},
    )

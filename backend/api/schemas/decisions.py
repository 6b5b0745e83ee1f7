"""Decisions: who was asked or not, and why."""

from __future__ import annotations

from typing import Any

from marshmallow import ValidationError, fields, validate, validates_schema

from backend.api.schemas.common import AdminSchema, PageQuerySchema
from backend.api.schemas.fields import Flag, Number, Time, Whole
from backend.api.schemas.responses import QueryFlag
from backend.domain.gates import GATES
from backend.domain.limits import ID_LENGTH, NAME_LENGTH, STRING_LENGTH
from backend.domain.survey_rules import DEVICES
from backend.services.decisions import OUTCOMES

GATE_NAMES = tuple(gate[0] for gate in GATES)


class DecisionQuerySchema(PageQuerySchema):
    """Which decisions; conditions are joined by "and"."""

    is_shown = QueryFlag(data_key="shown", metadata={"description": "Whether somebody was asked."})
    outcome = fields.String(
        validate=validate.OneOf(OUTCOMES),
        metadata={"description": "What became of the survey: an outranked one passed and lost."},
    )
    gate = fields.String(
        validate=validate.OneOf(GATE_NAMES), metadata={"description": "A gate that failed."}
    )
    user_id = fields.String(validate=validate.Length(1, ID_LENGTH))
    since = Time(data_key="from")
    until = Time(data_key="to", metadata={"description": "Decided before this time."})

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if "since" in given and "until" in given and given["since"] >= given["until"]:
            raise ValidationError("Must be later than from.", "to")


class DecisionSchema(AdminSchema):
    """One answer to "may this person be asked now?"."""

    id = fields.String(required=True)
    at = Time(required=True)
    user_id = fields.String(required=True)
    anonymous = Flag(required=True)
    shown = Flag(required=True)
    reason = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The first gate that failed, of the survey of highest priority."},
    )
    survey_id = fields.String(required=True, allow_none=True)
    survey_version = Whole(required=True, allow_none=True)
    admission_probability = Number(required=True, allow_none=True)
    manual = Flag(required=True)
    page = fields.String(required=True)


class GateSchema(AdminSchema):
    """What one gate saw, the limit it held against it, and both in a sentence."""

    gate = fields.String(required=True)
    passed = Flag(required=True)
    seen = fields.Raw(required=True, allow_none=True)
    limit = fields.Raw(required=True, allow_none=True)
    sentence = fields.String(required=True)


class ExplainedSurveySchema(AdminSchema):
    """Why one survey was or was not shown."""

    survey_id = fields.String(required=True)
    survey_version = Whole(required=True)
    passed = Flag(required=True)
    reason = fields.String(required=True, allow_none=True)
    outranked_by = fields.String(required=True, allow_none=True)
    draw = Number(required=True, allow_none=True)
    admission_probability = Number(required=True, allow_none=True)
    retry_at = Time(required=True, allow_none=True)
    sentences = fields.List(
        fields.String(), required=True, metadata={"description": "For whoever asks why."}
    )
    gates = fields.List(fields.Nested(GateSchema), required=True)


class ExplainedDecisionSchema(DecisionSchema):
    """A decision with every gate of every survey it looked at."""

    surveys = fields.List(fields.Nested(ExplainedSurveySchema), required=True)


class ReplaySchema(AdminSchema):
    """The same decision, made again on the stored facts."""

    id = fields.String(required=True)
    identical = Flag(required=True)
    evaluations = fields.List(fields.Raw(metadata={"type": "object"}), required=True)


class ExplainQuerySchema(AdminSchema):
    """About whom, where, and when; without `at` it is about now.

    A stored decision knows page and device itself: with `at` only the person is asked for.
    """

    user_id = fields.String(validate=validate.Length(1, ID_LENGTH))
    anonymous_id = fields.String(validate=validate.Length(1, ID_LENGTH))
    at = Time(metadata={"description": "Explain the stored decision nearest to this time."})
    page = fields.String(
        validate=validate.Length(1, STRING_LENGTH),
        metadata={"description": "A path; / if not given."},
    )
    event = fields.String(
        validate=validate.Length(1, NAME_LENGTH),
        metadata={"description": "The page's event that happened; a page load if not given."},
    )
    account_id = fields.String(validate=validate.Length(1, ID_LENGTH))
    device = fields.String(validate=validate.OneOf(DEVICES))
    language = fields.String(validate=validate.Length(1, 35))
    app_version = fields.String(validate=validate.Length(1, ID_LENGTH))
    origin = fields.String(validate=validate.Length(1, 300))

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if "user_id" not in given and "anonymous_id" not in given:
            raise ValidationError("Name a user_id or an anonymous_id.", "user_id")


class ExplainSchema(AdminSchema):
    """Why a person would be, was, or was not asked."""

    user_id = fields.String(required=True)
    anonymous = Flag(required=True)
    at = Time(required=True)
    source = fields.String(required=True, validate=validate.OneOf(("now", "decision")))
    decision_id = fields.String(required=True, allow_none=True)
    notes = fields.List(fields.String(), required=True)
    survey = fields.Nested(
        ExplainedSurveySchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null when no decision is stored."},
    )

"""Whom a survey would ask: the answer of a dry run."""

from __future__ import annotations

from marshmallow import fields

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Number, Whole


class RemovedSchema(AdminSchema):
    """How many people one gate removes."""

    gate = fields.String(required=True)
    people = Whole(required=True)
    alone = Whole(
        required=True, metadata={"description": "Of them, whom every other gate lets through."}
    )


class StarvedSchema(AdminSchema):
    """A survey that is shown instead, or was shown last."""

    survey_id = fields.String(required=True)
    name = fields.String(required=True, allow_none=True)
    people = Whole(required=True)


class ReachSchema(AdminSchema):
    """What to expect of a survey, judged on the people seen in the last 90 days.

    What only a page knows (page, device, language, traits that no server sends) is taken for met.
    """

    people = Whole(required=True, metadata={"description": "Seen in the last 90 days."})
    looked_at = Whole(
        required=True, metadata={"description": "An even part of them; counts are scaled up."}
    )
    now = Whole(
        required=True, metadata={"description": "Who would be asked now, on the right page."}
    )
    days = Whole(required=True, metadata={"description": "Looked ahead."})
    showings = Number(required=True, metadata={"description": "Expected in those days."})
    showings_per_day = Number(required=True)
    showings_without_limits = Number(
        required=True, metadata={"description": "Without account cap and daily budget."}
    )
    response_rate = Number(
        required=True,
        metadata={"description": "Of the last year; two in ten until there is evidence."},
    )
    response_rate_lower = Number(
        required=True, metadata={"description": "Its 95 % interval, by Wilson."}
    )
    response_rate_upper = Number(required=True)
    displays = Whole(required=True, metadata={"description": "From so many showings of the past."})
    answers = Number(required=True, metadata={"description": "Expected in those days."})
    half_width = Number(
        required=True,
        allow_none=True,
        metadata={"description": "Of the 95 % interval of the NPS those answers give, in points."},
    )
    removed_by = fields.List(fields.Nested(RemovedSchema), required=True)
    starved_by = fields.List(fields.Nested(StarvedSchema), required=True)

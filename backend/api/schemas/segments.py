"""Saved segments: groups of people under a name."""

from __future__ import annotations

from marshmallow import fields

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Time, name_text


class NewSegmentSchema(AdminSchema):
    """A name, and the rule that its people meet."""

    name = name_text(required=True)
    audience = fields.Raw(
        required=True,
        metadata={"description": "An audience rule (docs/guides/sampling.md)."},
    )


class SavedSegmentSchema(NewSegmentSchema):
    """A group of people; `{"op": "segment", "id": …}` puts its rule into a survey's audience."""

    id = fields.String(required=True)
    created_at = Time(required=True)

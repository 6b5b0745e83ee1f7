"""What the widget told of itself."""

from __future__ import annotations

from marshmallow import fields

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Time


class WidgetErrorSchema(AdminSchema):
    """One kind of error at one place."""

    panel = fields.String(metadata={"description": "Names the build."})
    kind = fields.String()
    place = fields.String(
        metadata={"description": "Positions in our own files, innermost first; may be empty."}
    )
    count = fields.Integer()
    first_at = Time()
    last_at = Time()


class WidgetErrorsSchema(AdminSchema):
    """All that are kept, the latest first."""

    items = fields.List(fields.Nested(WidgetErrorSchema))

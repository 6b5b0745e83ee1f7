"""What has been heard of a project's pages and servers."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, Time


class StepSchema(AdminSchema):
    """One step towards the first answer."""

    step = fields.String(validate=validate.OneOf(("origins", "tag", "survey")))
    is_done = Flag()


class InstallationSchema(AdminSchema):
    """When a page and a server were heard of last, and what is still to be done."""

    page_at = Time(allow_none=True, metadata={"description": "A page loaded the tag, or asked."})
    origin = fields.String(
        allow_none=True, metadata={"description": "Of that page; null when it did not say."}
    )
    may_ask = Flag(metadata={"description": "Whether that origin is among the project's."})
    server_at = Time(allow_none=True, metadata={"description": "A server sent events."})
    steps = fields.List(fields.Nested(StepSchema))

"""People's data: exported, erased, and how long it is kept."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, Whole
from backend.domain.privacy import MAX_DAYS, MODES


class PersonQuerySchema(AdminSchema):
    """Which kind of id the address has."""

    anonymous = Flag(
        load_default=False,
        metadata={"description": "True: the id is one of the widget's, of a browser."},
    )


class PersonExportSchema(AdminSchema):
    """All that is kept about a person."""

    people = fields.List(fields.Dict(), required=True)
    surveys = fields.List(fields.Dict(), required=True)
    responses = fields.List(fields.Dict(), required=True)
    invitations = fields.List(fields.Dict(), required=True)
    decisions = fields.List(fields.Dict(), required=True)
    usage = fields.List(fields.Dict(), required=True)


class ErasedSchema(AdminSchema):
    """What was removed."""

    mode = fields.String(required=True, validate=validate.OneOf(MODES))
    ids = Whole(required=True, metadata={"description": "Of the user and linked browsers."})
    responses = Whole(required=True)
    decisions = Whole(required=True)


class PrivacyChangeSchema(AdminSchema):
    """What may be changed."""

    events_days = Whole(validate=validate.Range(1, MAX_DAYS))
    decisions_days = Whole(validate=validate.Range(1, MAX_DAYS))
    responses_days = Whole(
        allow_none=True,
        validate=validate.Range(1, MAX_DAYS),
        metadata={"description": "null keeps answers without end."},
    )
    respects_dnt = Flag(metadata={"description": "Read Do Not Track as Global Privacy Control."})


class PrivacySchema(PrivacyChangeSchema):
    """How long what is kept, in days."""

    revision = Whole(required=True, metadata={"description": "The ETag."})

"""Answers brought over from other tools."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, Whole, name_text
from backend.services.import_rows import HEADINGS


class ImportSchema(AdminSchema):
    """A CSV file with a heading, and how to read it."""

    survey_id = fields.String(
        required=True, metadata={"description": "Whose answers these are from now on."}
    )
    csv = fields.String(required=True, metadata={"description": "The file's text."})
    columns = fields.Dict(
        keys=fields.String(validate=validate.OneOf(tuple(HEADINGS))),
        values=name_text(),
        load_default=dict,
        metadata={
            "description": "The file's heading for each of "
            + ", ".join(HEADINGS)
            + "; usual headings are found without."
        },
    )
    traits = fields.List(
        name_text(),
        load_default=list,
        validate=validate.Length(0, 50),
        metadata={"description": "Headings to keep as traits of the answers."},
    )
    time_format = fields.String(
        load_default=None,
        validate=validate.Length(1, 100),
        metadata={"description": "Of strptime, such as `%d/%m/%Y %H:%M`; else ISO 8601."},
    )
    delimiter = fields.String(load_default=None, validate=validate.OneOf((",", ";", "\t", "|")))
    dry_run = Flag(load_default=True)


class LineFaultSchema(AdminSchema):
    """What is wrong in one line; the heading is line 1."""

    line = Whole(required=True)
    column = fields.String(required=True, allow_none=True)
    detail = fields.String(required=True)


class ImportResultSchema(AdminSchema):
    """What was done, or would be."""

    dry_run = Flag(required=True)
    lines = Whole(required=True)
    imported = Whole(required=True)
    already_there = Whole(required=True)
    faulty = Whole(required=True, metadata={"description": "Lines left out."})
    columns = fields.Dict(keys=fields.String(), values=fields.String(), required=True)
    ignored_columns = fields.List(fields.String(), required=True)
    faults = fields.List(
        fields.Nested(LineFaultSchema), required=True, metadata={"description": "The first 200."}
    )

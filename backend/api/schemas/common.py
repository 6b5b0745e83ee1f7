"""What every resource shares: strict schemas, the page of a list, the problem of an error."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, fields, post_dump, validate

from backend.domain import limits


class AdminSchema(Schema):
    """Base of all schemas: unknown members are refused, and an id comes first."""

    class Meta:
        unknown = RAISE

    @post_dump
    def _put_id_first(self, dumped: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {"id": dumped["id"], **dumped} if "id" in dumped else dumped


class PageQuerySchema(AdminSchema):
    """Where a list goes on, and how much of it is wanted at once."""

    limit = fields.Integer(
        load_default=limits.PAGE_SIZE,
        validate=validate.Range(1, limits.MAX_PAGE_SIZE),
        metadata={"description": "How many items at most."},
    )
    cursor = fields.String(
        load_default=None,
        validate=validate.Length(1, 500),
        metadata={"description": "The `next_cursor` of the page before."},
    )


def page_of(item: type[Schema]) -> Schema:
    """Return the schema of one page of `item`s."""
    name = item.__name__.removesuffix("Schema") + "PageSchema"
    members: dict[str, Any] = {
        "items": fields.List(fields.Nested(item), required=True),
        "next_cursor": fields.String(
            required=True,
            allow_none=True,
            metadata={"description": "Send it as `cursor` for the next page; null on the last."},
        ),
    }
    page: Schema = type(name, (AdminSchema,), members)()
    return page


class FaultSchema(AdminSchema):
    """One field at fault."""

    pointer = fields.String(
        required=True,
        metadata={
            "description": "`#/rate` is a member of the body, `#/query/limit` a parameter.",
            "examples": ["#/rate", "#/query/limit"],
        },
    )
    detail = fields.String(required=True)


class ProblemSchema(AdminSchema):
    """What went wrong (RFC 9457)."""

    type = fields.String(required=True, metadata={"examples": ["/problems/invalid-request"]})
    title = fields.String(required=True)
    status = fields.Integer(required=True)
    instance = fields.String(required=True, metadata={"examples": ["/requests/req_1f2e3d"]})
    detail = fields.String()
    errors = fields.List(fields.Nested(FaultSchema))

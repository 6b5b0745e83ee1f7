"""Identity secrets."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, LastUse, Time


class IdentitySecretSchema(AdminSchema):
    """A secret with which the host's servers sign identity tokens (HS256)."""

    id = fields.String(required=True, metadata={"description": "The `kid` of its tokens."})
    created_at = Time(required=True)
    revoked_at = Time(required=True, allow_none=True)
    last_used_on = LastUse()


class CreatedIdentitySecretSchema(IdentitySecretSchema):
    """A new secret; it is shown this once."""

    secret = fields.String(
        required=True,
        metadata={"description": "Its UTF-8 bytes, prefix included, are the key."},
    )


class IdentitySecretsSchema(AdminSchema):
    """All identity secrets of a project, newest first."""

    items = fields.List(fields.Nested(IdentitySecretSchema), required=True)


class TokenCheckSchema(AdminSchema):
    """An identity token to look at."""

    token = fields.String(required=True, load_only=True, validate=validate.Length(1, 8_000))


class CheckSchema(AdminSchema):
    """One thing that must hold of a token."""

    name = fields.String(required=True)
    passed = Flag(required=True)
    sentence = fields.String(required=True)


class CheckedTokenSchema(AdminSchema):
    """What the server makes of a token."""

    is_taken = Flag(required=True, metadata={"description": "True: answers with it are verified."})
    checks = fields.List(fields.Nested(CheckSchema), required=True)

"""Projects, their keys and tokens."""

from __future__ import annotations

from marshmallow import ValidationError, fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, LastUse, Time, Whole, name_text, timezone_text
from backend.domain.origins import canonical
from backend.services.projects import IDENTITY_MODES, MAX_TOKEN_DAYS, ROLES, TOKEN_DAYS
from backend.services.tokens import ALL, SCOPES


class OriginField(fields.String):
    """An origin in the one form it is kept in."""

    def _deserialize(self, value: object, *args: object, **kwargs: object) -> str:
        origin = canonical(value)
        if origin is None:
            raise ValidationError(
                "Must be an origin such as https://app.example.com or https://*.example.com."
            )
        return origin


class PageRuleSchema(AdminSchema):
    """Paths like `pattern` count as the page `template`: `*`, `:name` one segment, `**` any."""

    pattern = name_text(required=True)
    template = name_text(required=True)


class ProjectChangeSchema(AdminSchema):
    """What may be changed of a project."""

    name = name_text()
    timezone = timezone_text(metadata={"description": "Its days begin at this zone's midnight."})
    is_enabled = Flag(metadata={"description": "False: nobody is asked anything."})
    identity_mode = fields.String(validate=validate.OneOf(IDENTITY_MODES))
    excludes_unverified = Flag(
        metadata={"description": "True: scores leave out answers without an identity token."}
    )
    allowed_origins = fields.List(OriginField(), validate=validate.Length(max=100))
    page_rules = fields.List(fields.Nested(PageRuleSchema), validate=validate.Length(max=200))
    page_views = Flag(
        metadata={"description": "True: the widget reports which pages are used, and how long."}
    )


class NewProjectSchema(AdminSchema):
    """A project to be."""

    name = name_text(required=True)
    timezone = timezone_text(load_default="UTC")
    allowed_origins = fields.List(
        OriginField(), load_default=list, validate=validate.Length(max=100)
    )
    identity_mode = fields.String(load_default="optional", validate=validate.OneOf(IDENTITY_MODES))


class ProjectSchema(ProjectChangeSchema):
    """A project."""

    id = fields.String(required=True)
    is_demo = Flag(required=True)
    created_at = Time(required=True)
    updated_at = Time(required=True)
    revision = Whole(required=True, metadata={"description": "Its ETag."})


class CreatedProjectSchema(ProjectSchema):
    """A new project with its keys; the secret one is shown this once."""

    publishable_key = fields.String(required=True)
    secret_key = fields.String(required=True)


class NewKeySchema(AdminSchema):
    """A key to be."""

    kind = fields.String(required=True, validate=validate.OneOf(("publishable", "secret")))


class KeySchema(NewKeySchema):
    """A key."""

    id = fields.String(required=True)
    key = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The key itself; of a secret one only when it is made."},
    )
    prefix = fields.String(required=True)
    suffix = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    created_at = Time(required=True)
    revoked_at = Time(required=True, allow_none=True)
    last_used_on = LastUse()


class KeysSchema(AdminSchema):
    """All keys of a project, newest first."""

    items = fields.List(fields.Nested(KeySchema), required=True)


class NewTokenSchema(AdminSchema):
    """A token to be."""

    name = name_text(required=True)
    role = fields.String(load_default="viewer", validate=validate.OneOf(ROLES))
    scopes = fields.List(
        fields.String(validate=validate.OneOf(SCOPES)),
        load_default=lambda: [ALL],
        validate=validate.Length(1, len(SCOPES)),
        metadata={"description": "What the role may is narrowed to these; `*` is all of it."},
    )
    days = Whole(load_default=TOKEN_DAYS, validate=validate.Range(1, MAX_TOKEN_DAYS))


class TokenSchema(AdminSchema):
    """A token."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)
    scopes = fields.List(fields.String(), required=True)
    prefix = fields.String(required=True)
    suffix = fields.String(required=True)
    created_at = Time(required=True)
    expires_at = Time(required=True)
    revoked_at = Time(required=True, allow_none=True)
    last_used_on = LastUse()


class CreatedTokenSchema(TokenSchema):
    """A new token; the token itself is shown this once."""

    token = fields.String(required=True)


class TokensSchema(AdminSchema):
    """All tokens of a project, newest first."""

    items = fields.List(fields.Nested(TokenSchema), required=True)

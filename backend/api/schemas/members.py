"""Members, invitations, and the session of the dashboard."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, Time, Whole, name_text
from backend.domain.roles import ROLES


class SecretText(fields.String):
    """A text that is never repeated in an answer or a log."""

    def __init__(self, most: int, **given: object) -> None:
        super().__init__(
            required=True,
            validate=validate.Length(1, most),
            load_only=True,
            **given,  # type: ignore[arg-type]
        )


class LoginSchema(AdminSchema):
    """Who logs in, and how they prove it."""

    email = name_text(254, required=True)
    password = SecretText(1_000)
    code = fields.String(
        load_default=None,
        validate=validate.Length(1, 20),
        metadata={"description": "The six digits of the second factor, where one is set up."},
    )


class SessionProjectSchema(AdminSchema):
    """A project that the member may enter."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True)


class SessionSchema(AdminSchema):
    """Who is logged in."""

    member_id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    everywhere_role = fields.String(
        required=True,
        allow_none=True,
        metadata={"description": "The role in every project, where there is one."},
    )
    has_second_factor = Flag(required=True)
    projects = fields.List(fields.Nested(SessionProjectSchema), required=True)
    csrf_token = fields.String(
        required=True, metadata={"description": "Send it as `X-CSRF-Token` with every change."}
    )
    expires_at = Time(required=True)


class OpenSessionSchema(AdminSchema):
    """A session that lives."""

    is_current = Flag(required=True, metadata={"description": "True: it is this one."})
    created_at = Time(required=True)
    last_seen_at = Time(required=True, metadata={"description": "To five minutes."})


class SessionsSchema(AdminSchema):
    """The member's own sessions, the one used last first."""

    items = fields.List(fields.Nested(OpenSessionSchema), required=True)


class PasswordChangeSchema(AdminSchema):
    """A new password."""

    current_password = SecretText(1_000)
    new_password = SecretText(1_000)


class NewSecondFactorSchema(AdminSchema):
    """A second factor to be, until a code of it has come."""

    secret = fields.String(required=True)
    address = fields.String(
        required=True, metadata={"description": "`otpauth://…`, for a QR code."}
    )


class SecondFactorSchema(AdminSchema):
    """A code of the second factor, and whether one is wanted from now on."""

    code = SecretText(20)
    enabled = Flag(required=True)


class RedeemSchema(AdminSchema):
    """The use of a one-time link."""

    token = SecretText(100, metadata={"description": "What follows `#` in the link."})
    password = SecretText(
        1_000,
        metadata={"description": "12 to 256 characters; of who has an account already, their own."},
    )
    name = name_text(load_default="")


class MemberSchema(AdminSchema):
    """Somebody who may enter the project."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    name = fields.String(required=True)
    role = fields.String(required=True, validate=validate.OneOf(ROLES))
    everywhere = Flag(
        required=True, metadata={"description": "True: the role holds in every project."}
    )
    has_second_factor = Flag(required=True)
    created_at = Time(required=True)
    revision = Whole(required=True, metadata={"description": "The ETag."})


class MembersSchema(AdminSchema):
    """All members of a project, by e-mail address."""

    items = fields.List(fields.Nested(MemberSchema), required=True)


class MemberChangeSchema(AdminSchema):
    """A member's new role."""

    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class NewInvitationSchema(AdminSchema):
    """Whom to invite."""

    email = fields.Email(required=True, validate=validate.Length(3, 254))
    role = fields.String(required=True, validate=validate.OneOf(ROLES))


class InvitationSchema(AdminSchema):
    """An open invitation."""

    id = fields.String(required=True)
    email = fields.String(required=True)
    role = fields.String(required=True)
    created_by = fields.String(required=True)
    created_at = Time(required=True)
    expires_at = Time(required=True)


class CreatedInvitationSchema(InvitationSchema):
    """A new invitation; its link is shown this once."""

    link = fields.String(required=True)


class InvitationsSchema(AdminSchema):
    """All open invitations, newest first."""

    items = fields.List(fields.Nested(InvitationSchema), required=True)

"""Responses and users as admins read them."""

from __future__ import annotations

from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from backend.api.schemas.common import AdminSchema, PageQuerySchema
from backend.api.schemas.fields import Flag, Number, Time, Whole
from backend.domain import triage
from backend.domain.limits import NAME_LENGTH, TEXT_LENGTH
from backend.domain.tickets import STATES

MAX_VERSION: Final = 1_000_000
TRUE_OR_FALSE: Final = {"true": True, "false": False}


class QueryFlag(fields.Boolean):
    """`true` or `false` in a query string."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> bool:
        if value not in TRUE_OR_FALSE:
            raise ValidationError("Must be true or false.")
        return TRUE_OR_FALSE[value]


class StatesField(fields.String):
    """States with commas between them."""

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        states = tuple(value.split(","))
        if not set(states) <= set(STATES) or len(set(states)) != len(states):
            raise ValidationError("Must be some of " + ", ".join(STATES) + ", each once.")
        return states


def _text(description: str = "", most: int = NAME_LENGTH) -> fields.String:
    return fields.String(
        validate=validate.Length(1, most),
        metadata={"description": description} if description else {},
    )


def _check_tags(given: list[str]) -> None:
    try:
        triage.tags_of(given)
    except ValueError as error:
        raise ValidationError(str(error)) from error


class ResponseFilterSchema(AdminSchema):
    """Which responses; conditions are joined by "and"."""

    survey_id = _text()
    version = fields.Integer(
        validate=validate.Range(1, MAX_VERSION), metadata={"description": "The survey's version."}
    )
    role = _text()
    plan = _text()
    page = _text("A page template such as `/reports/:id`.")
    language = _text()
    app_version = _text()
    category = fields.String(validate=validate.OneOf(("promoter", "passive", "detractor")))
    score_min = fields.Integer(validate=validate.Range(0, 10))
    score_max = fields.Integer(validate=validate.Range(0, 10))
    states = StatesField(
        data_key="state",
        metadata={
            "description": "Some of " + ", ".join(STATES) + ", with commas; without it, "
            "whatever was answered."
        },
    )
    user_id = _text()
    account_id = _text()
    is_verified = QueryFlag(data_key="verified")
    is_test = QueryFlag()
    since = Time(
        data_key="from",
        metadata={"description": "Answered (else invited) from then on."},
    )
    until = Time(data_key="to", metadata={"description": "And before this time."})
    q = _text("A part of the comment, character by character; small and capital letters alike.")
    has_comment = QueryFlag()
    status = fields.String(validate=validate.OneOf(triage.STATUSES))
    assignee_id = _text("A member's id, or `none`: those that nobody has taken.")
    tag = _text("A tag.", triage.TAG_LENGTH)

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if given.get("score_min", 0) > given.get("score_max", 10):
            raise ValidationError("Must not be less than score_min.", "score_max")
        if "since" in given and "until" in given and given["since"] >= given["until"]:
            raise ValidationError("Must be later than from.", "to")


class ResponseQuerySchema(ResponseFilterSchema, PageQuerySchema):
    """Which responses, and in what order."""

    sort = fields.String(
        load_default="-answered_at", validate=validate.OneOf(("answered_at", "-answered_at"))
    )


class UsageSchema(AdminSchema):
    """What the user did in the 30 days before the invitation."""

    active_days = Whole(required=True)
    percentile = Number(
        required=True,
        allow_none=True,
        metadata={"description": "Share of users with as much active use or less, 0 to 100."},
    )
    features = fields.List(fields.String(), required=True)
    pages = fields.List(fields.String(), required=True)


class ResponseSchema(AdminSchema):
    """What came back when somebody was asked, with its context at that time."""

    id = fields.String(required=True)
    survey_id = fields.String(required=True)
    survey_version = Whole(required=True)
    user_id = fields.String(
        required=True,
        allow_none=True,
        metadata={
            "description": "Null for viewers, as are account, role, plan, page, language,"
            " version, device and usage: what was said is theirs to read, not who said it."
        },
    )
    account_id = fields.String(required=True, allow_none=True)
    anonymous = Flag(required=True)
    verified = Flag(required=True, metadata={"description": "An identity token vouched for it."})
    manual = Flag(required=True, metadata={"description": "The page opened the survey by hand."})
    is_test = Flag(required=True, metadata={"description": "Counts in no insight."})
    state = fields.String(required=True, validate=validate.OneOf(STATES))
    score = Whole(required=True, allow_none=True)
    category = fields.String(required=True, allow_none=True)
    comment = fields.String(required=True, allow_none=True)
    answers = fields.Raw(required=True, metadata={"type": "object"})
    role = fields.String(required=True, allow_none=True)
    plan = fields.String(required=True, allow_none=True)
    page = fields.String(required=True, allow_none=True)
    language = fields.String(required=True, allow_none=True)
    app_version = fields.String(required=True, allow_none=True)
    device = fields.String(required=True, allow_none=True)
    traits = fields.Raw(
        required=True,
        metadata={"type": "object", "description": "Empty for viewers."},
    )
    admission_probability = Number(required=True, allow_none=True)
    invited_at = Time(required=True)
    answered_at = Time(required=True, allow_none=True)
    updated_at = Time(required=True)
    usage = fields.Nested(
        UsageSchema,
        required=True,
        allow_none=True,
        metadata={"description": "Null until it has been computed, seconds after the answer."},
    )
    status = fields.String(
        required=True,
        validate=validate.OneOf(triage.STATUSES),
        metadata={"description": "How far the team is with it."},
    )
    assignee_id = fields.String(
        required=True, allow_none=True, metadata={"description": "The member who follows it up."}
    )
    tags = fields.List(fields.String(), required=True)
    note = fields.String(
        required=True, metadata={"description": "The team's own words; empty for viewers."}
    )


class ResponseChangeSchema(AdminSchema):
    """What may be changed of a response; what is left out stays as it is."""

    is_test = Flag(metadata={"description": "Counts in no insight."})
    status = fields.String(validate=validate.OneOf(triage.STATUSES))
    assignee_id = fields.String(
        allow_none=True,
        validate=validate.Length(1, NAME_LENGTH),
        metadata={"description": "An analyst of the project or above; null: nobody."},
    )
    tags = fields.List(
        fields.String(),
        validate=_check_tags,
        metadata={"description": "Kept in small letters, each once; none has a comma."},
    )
    note = fields.String(validate=validate.Length(max=TEXT_LENGTH))

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if not given:
            raise ValidationError("Send at least one of " + ", ".join(self.fields) + ".")


class UserQuerySchema(AdminSchema):
    """Which kind of user."""

    anonymous = QueryFlag(
        load_default=False, metadata={"description": "True: the id is a browser's own."}
    )


class UserAccountSchema(AdminSchema):
    """The company a user belongs to."""

    id = fields.String(required=True)
    traits = fields.Raw(required=True, metadata={"type": "object"})
    first_seen_at = Time(required=True)


class ClocksSchema(AdminSchema):
    """The last time of each thing between a user and a survey: what rests are counted from."""

    survey_id = fields.String(required=True)
    shown_at = Time(required=True, allow_none=True)
    answered_at = Time(required=True, allow_none=True)
    declined_at = Time(required=True, allow_none=True)
    later_at = Time(required=True, allow_none=True)
    last_score = Whole(required=True, allow_none=True)
    answers = Whole(required=True)


class UserSchema(AdminSchema):
    """What is kept of a user."""

    user_id = fields.String(required=True)
    anonymous = Flag(required=True)
    traits = fields.Raw(required=True, metadata={"type": "object"})
    account = fields.Nested(UserAccountSchema, required=True, allow_none=True)
    first_seen_at = Time(required=True)
    last_seen_at = Time(required=True)
    last_shown_at = Time(required=True, allow_none=True)
    last_invited_at = Time(required=True, allow_none=True)
    open_ticket_until = Time(required=True, allow_none=True)
    surveys = fields.List(fields.Nested(ClocksSchema), required=True)
    responses = fields.List(
        fields.Nested(ResponseSchema), required=True, metadata={"description": "The latest 20."}
    )


class AuditQuerySchema(PageQuerySchema):
    """Which entries."""

    actor = _text("The id of the member or token that made the change, or `cli`.")
    action = _text("What was done, such as `survey.publish`.")
    subject = _text("The id of what was changed.")
    since = Time(load_default=None, metadata={"description": "The earliest time."})
    until = Time(load_default=None, metadata={"description": "Before this time."})


class AuditEntrySchema(AdminSchema):
    """One change."""

    at = Time(required=True)
    actor = fields.String(required=True, metadata={"description": "A token's id, or `cli`."})
    action = fields.String(required=True)
    subject = fields.String(required=True)
    changes = fields.Raw(
        required=True, metadata={"type": "object", "description": "`[old, new]` by member."}
    )

"""Questions put to the insights, and the shapes of their answers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Final

from marshmallow import ValidationError, fields, validate, validates_schema

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Number, Time, Whole, name_text
from backend.api.schemas.responses import QueryFlag
from backend.domain import limits
from backend.domain.limits import NAME_LENGTH
from backend.domain.timestamps import parse_time

UNITS: Final = ("day", "week", "month", "quarter")
MOST_THEMES: Final = 100
MOST_PATTERNS: Final = 200
CATEGORIES: Final = ("promoter", "passive", "detractor")


class Moment(fields.Field[date | datetime]):
    """A date of the project's time zone, or an RFC 3339 time with an offset."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> date | datetime:
        try:
            if len(value) == 10:
                return date.fromisoformat(value)
            instant = parse_time(value)
        except (ValueError, OverflowError):
            instant = None
        if instant is None:
            raise ValidationError("Must be a date or a time such as 2026-11-22T08:00:00Z.")
        return instant


class TraitField(fields.String):
    """A trait and its value, `name:value`."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        name, colon, wanted = super()._deserialize(value, attr, data, **kwargs).partition(":")
        if not (name and colon):
            raise ValidationError("Must be a trait's name and value, such as seats:50.")
        return name, wanted


def _text(description: str = "") -> fields.String:
    return fields.String(
        validate=validate.Length(1, NAME_LENGTH),
        metadata={"description": description} if description else {},
    )


def _required(description: str) -> fields.String:
    return fields.String(
        required=True,
        validate=validate.Length(1, NAME_LENGTH),
        metadata={"description": description},
    )


class QuestionSchema(AdminSchema):
    """A window and a segment; conditions are joined by "and"."""

    since = Moment(
        data_key="from",
        metadata={
            "type": "string",
            "description": "Answered from then on: a date of the project's time zone or a time. "
            "Without it, 90 days before the end.",
        },
    )
    until = Moment(
        data_key="to",
        metadata={"type": "string", "description": "And before then; without it, up to now."},
    )
    survey_id = _text()
    survey_version = _text("A survey's version as `by=survey_version` names it.")
    role = _text()
    plan = _text()
    page = _text("The page template where the question was answered.")
    language = _text()
    version = _text("The version of the app.")
    device = _text()
    feature = _text("A feature used in the 30 days before the invitation.")
    visited = _text("A page visited in the 30 days before the invitation.")
    trait = TraitField(
        validate=None, metadata={"description": "A trait and its value, `name:value`."}
    )
    account_id = _text()
    category = fields.String(validate=validate.OneOf(CATEGORIES))
    score_min = fields.Integer(validate=validate.Range(0, 10))
    score_max = fields.Integer(validate=validate.Range(0, 10))
    verified = QueryFlag(metadata={"description": "Whether an identity token vouched for it."})
    confidence = fields.Float(
        load_default=0.95,
        validate=validate.OneOf((0.95, 0.9)),
        metadata={"description": "0.95 or 0.90."},
    )

    @validates_schema
    def _check(self, given: dict[str, Any], **_: Any) -> None:
        if given.get("score_min", 0) > given.get("score_max", 10):
            raise ValidationError("Must not be less than score_min.", "score_max")


class BreakdownSchema(QuestionSchema):
    """By what."""

    by = fields.String(
        required=True,
        validate=validate.Length(1, NAME_LENGTH),
        metadata={
            "description": "`role`, `plan`, `page`, `language`, `device`, `version` (of the app), "
            "`survey`, `survey_version`, `usage_group` (a fifth of active use), `display_number` "
            "and `answer_delay` (early against late), or the name of a trait."
        },
    )


class FeaturesSchema(QuestionSchema):
    """Features or pages."""

    kind = fields.String(load_default="features", validate=validate.OneOf(("features", "pages")))


class TrendSchema(QuestionSchema):
    """By what unit."""

    unit = fields.String(load_default="month", validate=validate.OneOf(UNITS))


class LandingSchema(QuestionSchema):
    """Of which release."""

    release_id = _required("A release of `GET /releases`.")


class RepeatsSchema(QuestionSchema):
    """Before and from when."""

    split = Moment(
        load_default=None,
        metadata={
            "type": "string",
            "description": "Between the earlier and the later answer; without it, 90 days before"
            " the end.",
        },
    )


class PageSchema(QuestionSchema):
    """Which part of a list."""

    limit = fields.Integer(
        load_default=limits.PAGE_SIZE, validate=validate.Range(1, limits.MAX_PAGE_SIZE)
    )
    cursor = fields.String(load_default=None, validate=validate.Length(1, 500))


class PeopleSchema(PageSchema):
    """Of which cell."""

    group = _required(
        "`everybody`, `top_decile_passives`, a fifth of active use and a category such as"
        " `5:passive`, or active days and categories such as `20-30:detractor,passive`."
    )


class AccountsSchema(PageSchema):
    """Which accounts."""

    attention = QueryFlag(
        load_default=False,
        metadata={"description": "True: those worth a call alone, the most valuable first."},
    )


class PlanSchema(QuestionSchema):
    """What should be seen, in points."""

    change = fields.Float(load_default=10.0, validate=validate.Range(1, 200))
    half_width = fields.Float(load_default=5.0, validate=validate.Range(0.5, 100))
    power = fields.Float(load_default=0.8, validate=validate.Range(0.5, 0.99))


class NewReleaseSchema(AdminSchema):
    """A marker on the trend."""

    name = name_text(required=True)
    at = Time(required=True)


class ReleaseSchema(AdminSchema):
    """A marker on the trend."""

    id = fields.String(required=True)
    name = fields.String(required=True)
    at = Time(required=True)
    created_at = Time(required=True)


class ThemeSchema(AdminSchema):
    """Words, phrases and beginnings (`slow*`) that make a theme, in any language."""

    name = name_text(most=100, required=True)
    patterns = fields.List(
        name_text(most=100), required=True, validate=validate.Length(1, MOST_PATTERNS)
    )


class ThemeTrialSchema(AdminSchema):
    """Themes to try on the comments of the last year."""

    themes = fields.List(
        fields.Nested(ThemeSchema), required=True, validate=validate.Length(1, MOST_THEMES)
    )


class TriedThemeSchema(AdminSchema):
    """What a theme would match."""

    theme = fields.String(required=True)
    comments = Whole(required=True, allow_none=True, metadata={"description": "null: hidden."})
    share = Number(required=True, allow_none=True, metadata={"description": "In percent."})
    matched = fields.Dict(keys=fields.String(), values=Whole(), required=True)
    unmatched = fields.List(
        fields.String(), required=True, metadata={"description": "Patterns that match nothing."}
    )
    quotes = fields.List(fields.String(), required=True)


class TriedThemesSchema(AdminSchema):
    """What themes would match."""

    comments = Whole(required=True)
    no_theme = Whole(required=True, allow_none=True)
    rows = fields.List(fields.Nested(TriedThemeSchema), required=True)


class SettingsChangeSchema(AdminSchema):
    """How answers are read; each member is replaced whole."""

    themes = fields.List(fields.Nested(ThemeSchema), validate=validate.Length(0, MOST_THEMES))
    role_weights = fields.Dict(
        keys=name_text(),
        values=Number(validate=validate.Range(0, 1000, min_inclusive=False)),
        validate=validate.Length(0, MOST_THEMES),
        metadata={"description": "How much a role counts within its account; 1 for others."},
    )
    key_roles = fields.List(
        name_text(),
        validate=validate.Length(0, MOST_THEMES),
        metadata={"description": "Whose unhappiness is worth a call."},
    )
    value_trait = name_text(
        metadata={"description": "The account trait that holds its worth, such as `arr`."}
    )

    @validates_schema
    def _names_differ(self, given: dict[str, Any], **_: Any) -> None:
        names = [theme["name"] for theme in given.get("themes", ())]
        if len(set(names)) < len(names):
            raise ValidationError("Names must differ.", "themes")


class SettingsSchema(AdminSchema):
    """How answers are read."""

    themes = fields.List(fields.Nested(ThemeSchema), required=True)
    role_weights = fields.Dict(keys=fields.String(), values=Number(), required=True)
    key_roles = fields.List(fields.String(), required=True)
    value_trait = fields.String(required=True)

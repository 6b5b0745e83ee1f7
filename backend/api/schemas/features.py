"""The catalogue of features and pages."""

from __future__ import annotations

from marshmallow import fields, validate

from backend.api.schemas.common import AdminSchema
from backend.api.schemas.fields import Flag, Whole, name_text
from backend.api.schemas.projects import PageRuleSchema
from backend.domain.events import FEATURE, PAGE, TRAIT

MOST_ARRANGED = 100


def _kind(**given: object) -> fields.String:
    return fields.String(validate=validate.OneOf((FEATURE, PAGE)), **given)  # type: ignore[arg-type]


class CatalogueQuerySchema(AdminSchema):
    """Features, pages, or the traits that servers sent."""

    kind = fields.String(validate=validate.OneOf((FEATURE, PAGE, TRAIT)), load_default=FEATURE)


class ArrangementSchema(AdminSchema):
    """What names are to be read as."""

    kind = _kind(load_default=FEATURE)
    names = fields.List(name_text(), required=True, validate=validate.Length(1, MOST_ARRANGED))
    label = name_text(
        load_default=None,
        allow_none=True,
        metadata={"description": "All `names` are this one feature; null: each is itself again."},
    )
    is_hidden = Flag(
        load_default=False, metadata={"description": "Left out of every report, but still kept."}
    )


class FeatureSchema(AdminSchema):
    """One feature or page as reports name it, with the names that were sent."""

    label = fields.String(required=True)
    names = fields.List(fields.String(), required=True)
    is_hidden = Flag(required=True)


class CatalogueSchema(AdminSchema):
    """All features or all pages of a project."""

    items = fields.List(fields.Nested(FeatureSchema), required=True)
    names = fields.Integer(required=True)
    most_names = fields.Integer(required=True)
    names_over_cap = Flag(
        required=True,
        metadata={
            "description": "More came than fit: names count as `(other)`, traits are not kept."
        },
    )


class PathSchema(AdminSchema):
    """A path to try the page rules on."""

    path = name_text(most=2_000, required=True)
    page_rules = fields.List(
        fields.Nested(PageRuleSchema),
        load_default=None,
        validate=validate.Length(max=200),
        metadata={"description": "To be tried in place of the project's own."},
    )


class TemplateSchema(AdminSchema):
    """What a path counts as."""

    path = fields.String(required=True, metadata={"description": "Without query and fragment."})
    template = fields.String(required=True)
    rule = Whole(
        required=True,
        allow_none=True,
        metadata={"description": "The place of the rule that says so; null: ids are folded."},
    )

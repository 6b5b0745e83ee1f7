"""Insights: the score, by segment, and by what people use."""

from __future__ import annotations

from typing import Any

from flask import Response

from backend.api.admin.common import AdminBlueprint, described
from backend.api.admin.insights_common import ask, shape
from backend.api.auth import access
from backend.api.schemas.insights import BreakdownSchema, FeaturesSchema, QuestionSchema
from backend.services.insights import levels

insights = AdminBlueprint("insights", __name__)


@insights.get("/insights/score")
@insights.arguments(QuestionSchema, location="query")
@insights.response(200, shape(levels.Score))
@described()
@access("admin", role="viewer", scope="insights:read")
def get_score(query: dict[str, Any]) -> Response:
    """The NPS of a window with its interval, distribution, and whom it speaks for.

    Each user's last answer in the window counts. `level` is weighted to stand for every
    eligible user, `unweighted` is as answered. Under five answers only their number is told.
    """
    return ask(levels.score, query)


@insights.get("/insights/breakdown")
@insights.arguments(BreakdownSchema, location="query")
@insights.response(200, shape(levels.Breakdown))
@access("admin", role="viewer", scope="insights:read")
def get_breakdown(query: dict[str, Any]) -> Response:
    """The NPS by role, plan, page, language, version or any trait, differences tested.

    `clear` says which values differ from all the others together. Viewers see no value with
    fewer than five answers, nor what would give it away.
    """
    return ask(levels.breakdown, query, by=query.pop("by"))


@insights.get("/insights/features")
@insights.arguments(FeaturesSchema, location="query")
@insights.response(200, shape(levels.Features))
@access("admin", role="viewer", scope="insights:read")
def get_features(query: dict[str, Any]) -> Response:
    """What goes with a higher or lower NPS at equal active use: features, or pages.

    From 100 answers on. An association, never an effect.
    """
    return ask(levels.features, query, kind=query.pop("kind"))

"""Insights: the score by segment, by what people use, over time, and who answered."""

from __future__ import annotations

from typing import Any

from flask import Response

from backend.api.admin.common import AdminBlueprint, described
from backend.api.admin.insights_common import answered, ask, ask_page, kept, shape
from backend.api.auth import access
from backend.api.schemas import insights as schemas
from backend.domain.errors import NotFoundError
from backend.services.insights import (
    accounts,
    comments,
    levels,
    methods,
    over_time,
    people,
    planning,
    recency,
)
from backend.services.insights import (
    answered as who,
)

insights = AdminBlueprint("insights", __name__)


@insights.get("/insights/score")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(levels.Score))
@access("admin", role="viewer", scope="insights:read")
def get_score(query: dict[str, Any]) -> Response:
    """The NPS of a window with its interval, distribution, and whom it speaks for.

    Each user's last answer in the window counts. `level` is weighted to stand for every
    eligible user, `unweighted` is as answered. Under five answers only their number is told.
    """
    return ask(levels.score, query, populations=kept().populations)


@insights.get("/insights/breakdown")
@insights.arguments(schemas.BreakdownSchema, location="query")
@insights.response(200, shape(levels.Breakdown))
@access("admin", role="viewer", scope="insights:read")
def get_breakdown(query: dict[str, Any]) -> Response:
    """The NPS by role, plan, page, language, version or any trait, differences tested.

    `clear` says which values differ from all the others together. Viewers see no value with
    fewer than five answers, nor what would give it away.
    """
    return ask(levels.breakdown, query, by=query.pop("by"))


@insights.get("/insights/features")
@insights.arguments(schemas.FeaturesSchema, location="query")
@insights.response(200, shape(levels.Features))
@access("admin", role="viewer", scope="insights:read")
def get_features(query: dict[str, Any]) -> Response:
    """What goes with a higher or lower NPS at equal active use: features, or pages.

    From 100 answers on. An association, never an effect.
    """
    return ask(levels.features, query, kind=query.pop("kind"))


@insights.get("/insights/recency")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(recency.Recency))
@access("admin", role="analyst", scope="insights:read")
def get_recency(query: dict[str, Any]) -> Response:
    """What of the 7 days before goes with the answers: a release, or being new.

    From 100 answers on; `level_with` and `level_without` where it does.
    """
    return ask(recency.recency, query)


@insights.get("/insights/trend")
@insights.arguments(schemas.TrendSchema, location="query")
@insights.response(200, shape(over_time.Trend))
@access("admin", role="viewer", scope="insights:read")
def get_trend(query: dict[str, Any]) -> Response:
    """The NPS of each day, week, month or quarter of the project's time zone.

    The period that is still `running` is drawn hollow. Releases and new survey versions mark
    the trend. Without a window: the last 360 days.
    """
    return ask(over_time.trend, query, unit=query.pop("unit"))


@insights.get("/insights/landing")
@insights.arguments(schemas.LandingSchema, location="query")
@insights.response(200, shape(over_time.Landed))
@described(problems=(NotFoundError,))
@access("admin", role="analyst", scope="insights:read")
def get_landing(query: dict[str, Any]) -> Response:
    """Did a release land? The answers since it against those of the 90 days before.

    May be looked at every day without fooling oneself. "Since", never "because of".
    """
    return ask(over_time.landed, query, release_id=query.pop("release_id"))


@insights.get("/insights/drift")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(over_time.Drift))
@access("admin", role="viewer", scope="insights:read")
def get_drift(query: dict[str, Any]) -> Response:
    """Alarms when the score leaves its baseline, one false one in ten years at most.

    Viewers see the alarms alone.
    """
    return ask(over_time.drift, query)


@insights.get("/insights/repeats")
@insights.arguments(schemas.RepeatsSchema, location="query")
@insights.response(200, shape(over_time.Repeats))
@access("admin", role="viewer", scope="insights:read")
def get_repeats(query: dict[str, Any]) -> Response:
    """The same people or other people? The change of those who answered twice."""
    return ask(over_time.repeats, query, split=query.pop("split"))


@insights.get("/insights/active-use")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(people.ActiveUse))
@access("admin", role="viewer", scope="insights:read")
def get_active_use(query: dict[str, Any]) -> Response:
    """Active use beside the score: where categories pile up, and every point with its count."""
    return ask(people.active_use, query)


@insights.get("/insights/active-use/people")
@insights.arguments(schemas.PeopleSchema, location="query")
@insights.response(200, shape(people.People))
@access("admin", role="analyst", scope="insights:read")
def get_people(query: dict[str, Any]) -> Response:
    """The people of a cell, most active use first, and the audience rule that targets them."""
    return ask_page(people.people, query, group=query.pop("group"))


@insights.get("/insights/accounts")
@insights.arguments(schemas.AccountsSchema, location="query")
@insights.response(200, shape(accounts.Accounts))
@access("admin", role="analyst", scope="insights:read")
def get_accounts(query: dict[str, Any]) -> Response:
    """Accounts with their score, coverage and reasons worth a call; most at risk first.

    Without a window: the last 180 days.
    """
    return ask_page(accounts.accounts, query, only_attention=query.pop("attention"))


@insights.get("/insights/answered")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(who.Answered))
@access("admin", role="viewer", scope="insights:read")
def get_answered(query: dict[str, Any]) -> Response:
    """Who answered: the funnel in people, how even it is, and what silence can hide."""
    return ask(who.answered, query, populations=kept().populations)


@insights.get("/insights/comments")
@insights.arguments(schemas.QuestionSchema, location="query")
@insights.response(200, shape(comments.Comments))
@access("admin", role="viewer", scope="insights:read")
def get_comments(query: dict[str, Any]) -> Response:
    """Themes and telling words of the comments, with quotes for those who may read them."""
    return ask(comments.comments, query)


@insights.get("/insights/planning")
@insights.arguments(schemas.PlanSchema, location="query")
@insights.response(200, shape(planning.Plan))
@access("admin", role="viewer", scope="insights:read")
def get_planning(query: dict[str, Any]) -> Response:
    """How many answers are needed, how long they take, and what change could be seen."""
    wanted = {name: query.pop(name) for name in ("change", "half_width", "power")}
    return ask(planning.plan, query, **wanted)


@insights.get("/insights/methods")
@insights.response(200, {"type": "object", "properties": {"rows": {"type": "array"}}})
@access("admin", role="viewer", scope="insights:read")
def list_methods() -> Response:
    """Every method in a sentence; docs/methods.md has the formulas and examples."""
    return answered({"rows": [methods.method(name) for name in methods.names()]})


@insights.get("/insights/methods/<name>")
@insights.response(200, shape(methods.Method))
@described(problems=(NotFoundError,))
@access("admin", role="viewer", scope="insights:read")
def get_method(name: str) -> Response:
    """One method in a sentence."""
    return answered(methods.method(name))

"""Insights: the score by segment, by what people use, over time, and who answered."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Response

from backend.api.admin.common import AdminBlueprint, View, described
from backend.api.admin.insights_common import answered, ask, ask_page, kept, shape
from backend.api.auth import access
from backend.api.schemas import insights as schemas
from backend.domain.errors import DomainError, NotFoundError
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


def _insight(
    path: str,
    question: type[schemas.QuestionSchema],
    table: Any,
    *,
    role: str = "viewer",
    problems: tuple[type[DomainError], ...] = (),
) -> Callable[[View], View]:
    """Make a view the answer to `GET /insights/{path}`, for tokens that may read insights."""

    def mark(view: View) -> View:
        marked: Any = access("admin", role=role, scope="insights:read")(view)
        marked = described(problems=problems)(marked)
        marked = insights.response(200, shape(table))(marked)
        marked = insights.arguments(question, location="query")(marked)
        found: View = insights.get(f"/insights/{path}")(marked)
        return found

    return mark


@_insight("score", schemas.QuestionSchema, levels.Score)
def get_score(query: dict[str, Any]) -> Response:
    """The NPS of a window with its interval, distribution, and whom it speaks for.

    Each user's last answer in the window counts. `level` is weighted to stand for every
    eligible user, `unweighted` is as answered. Under five answers only their number is told.
    """
    return ask(levels.score, query, populations=kept().populations)


@_insight("breakdown", schemas.BreakdownSchema, levels.Breakdown)
def get_breakdown(query: dict[str, Any]) -> Response:
    """The NPS by role, plan, page, language, version or any trait, differences tested.

    `clear` says which values differ from all the others together. Viewers see no value with
    fewer than five answers, nor what would give it away.
    """
    return ask(levels.breakdown, query, by=query.pop("by"))


@_insight("features", schemas.FeaturesSchema, levels.Features)
def get_features(query: dict[str, Any]) -> Response:
    """What goes with a higher or lower NPS at equal active use: features, or pages.

    From 100 answers on. An association, never an effect.
    """
    return ask(levels.features, query, kind=query.pop("kind"))


@_insight("recency", schemas.QuestionSchema, recency.Recency, role="analyst")
def get_recency(query: dict[str, Any]) -> Response:
    """What of the 7 days before goes with the answers: a release, or being new.

    From 100 answers on; `level_with` and `level_without` where it does.
    """
    return ask(recency.recency, query)


@_insight("trend", schemas.TrendSchema, over_time.Trend)
def get_trend(query: dict[str, Any]) -> Response:
    """The NPS of each day, week, month or quarter of the project's time zone.

    The period that is still `running` is drawn hollow. Releases and new survey versions mark
    the trend. Without a window: the last 360 days.
    """
    return ask(over_time.trend, query, unit=query.pop("unit"))


@_insight(
    "landing", schemas.LandingSchema, over_time.Landed, role="analyst", problems=(NotFoundError,)
)
def get_landing(query: dict[str, Any]) -> Response:
    """Did a release land? The answers since it against those of the 90 days before.

    May be looked at every day without fooling oneself. "Since", never "because of".
    """
    return ask(over_time.landed, query, release_id=query.pop("release_id"))


@_insight("drift", schemas.QuestionSchema, over_time.Drift)
def get_drift(query: dict[str, Any]) -> Response:
    """Alarms when the score leaves its baseline, one false one in ten years at most.

    Viewers see the alarms alone.
    """
    return ask(over_time.drift, query)


@_insight("repeats", schemas.RepeatsSchema, over_time.Repeats)
def get_repeats(query: dict[str, Any]) -> Response:
    """The same people or other people? The change of those who answered twice."""
    return ask(over_time.repeats, query, split=query.pop("split"))


@_insight("active-use", schemas.QuestionSchema, people.ActiveUse)
def get_active_use(query: dict[str, Any]) -> Response:
    """Active use beside the score: where categories pile up, and every point with its count."""
    return ask(people.active_use, query)


@_insight("active-use/people", schemas.PeopleSchema, people.People, role="analyst")
def get_people(query: dict[str, Any]) -> Response:
    """The people of a cell, most active use first, and the audience rule that targets them."""
    return ask_page(people.people, query, group=query.pop("group"))


@_insight("accounts", schemas.AccountsSchema, accounts.Accounts, role="analyst")
def get_accounts(query: dict[str, Any]) -> Response:
    """Accounts with their score, coverage and reasons worth a call; most at risk first.

    Without a window: the last 180 days.
    """
    return ask_page(accounts.accounts, query, only_attention=query.pop("attention"))


@_insight("answered", schemas.QuestionSchema, who.Answered)
def get_answered(query: dict[str, Any]) -> Response:
    """Who answered: the funnel in people, how even it is, and what silence can hide."""
    return ask(who.answered, query, populations=kept().populations)


@_insight("comments", schemas.QuestionSchema, comments.Comments)
def get_comments(query: dict[str, Any]) -> Response:
    """Themes and telling words of the comments, with quotes for those who may read them."""
    return ask(comments.comments, query)


@_insight("planning", schemas.PlanSchema, planning.Plan)
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

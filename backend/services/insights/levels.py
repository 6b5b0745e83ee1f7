"""The score of a window, by value of a dimension, and by what people use."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any, Final

import numpy as np
from sqlalchemy.orm import Session

from backend.domain import personal
from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.insights.breakdown import BreakdownRow, breakdown_table, hide_small_cells
from backend.domain.insights.columns import NO_ACCOUNT, Answers, Labelled
from backend.domain.insights.displays import display_columns
from backend.domain.insights.drivers import DriverRow, Kind, features_table
from backend.domain.insights.levels import Population
from backend.domain.insights.score import ScoreTable, score_table
from backend.domain.insights.trend import DAY_MS
from backend.domain.insights.wording import Note, note
from backend.services.insights import few
from backend.services.insights.coarse import joined
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.population import Populations
from backend.services.insights.question import Question
from backend.services.insights.remembered import remembered
from backend.services.insights.view import (
    LABELLED,
    TRAIT,
    USAGE_GROUP,
    View,
    look,
    with_trait,
    with_usage_group,
)
from backend.services.insights.windows import Windows
from backend.storage import asked

# A dimension of thousands of values is a list of people, not a breakdown.
MOST_VALUES: Final = 200
OTHER: Final = "(other)"
DIMENSIONS: Final = (*LABELLED, "survey")
ANSWER_DELAY: Final = "answer_delay"
LATENESS: Final = ("display_number", ANSWER_DELAY)
# How long before the window a first display may lie.
EARLIER_MS: Final = 90 * DAY_MS


class Score(Envelope, ScoreTable):
    """The score of a window."""


class Breakdown(Envelope):
    """The score by value of a dimension."""

    by: str
    rows: list[BreakdownRow]


class FeatureRow(DriverRow):
    """One feature or page with the answers compared and what they may say."""

    n: int
    note: Note | None


class Features(Envelope):
    """Features or pages; `without_usage` answers wait for their usage to be computed."""

    kind: Kind
    without_usage: int
    rows: list[FeatureRow]


def score(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    populations: Populations,
) -> dict[str, Any]:
    """Return the score of a window with its distribution and whom it speaks for.

    Those who may not see single answers get the distribution where it has no small cells.
    """
    view = look(session, windows, project_id, question)
    population = populations.of(session, view)
    table = remembered_score(view, population)
    shown = {**envelope(view, "nps-interval", table["sentence"], table["n"]), **table}
    return shown if question.sees_answers else _few_hidden(view, shown, population)


def breakdown(
    session: Session, windows: Windows, project_id: str, question: Question, by: str
) -> dict[str, Any]:
    """Return the score of each value of `by`, a dimension or a trait.

    Raises:
        InvalidRequestError: a trait that names people, to somebody who may not see them.
    """
    view = look(session, windows, project_id, question, by=by)
    name, view = _dimension(session, windows, view, by)
    answers = view.answers
    if not question.sees_answers:
        answers = joined(answers, name, view.timezone)
    answers = _folded(answers, name)
    rows = breakdown_table(answers, name, view.confidence)
    if not question.sees_answers:
        rows = few.without_bands(hide_small_cells(rows))
    clear = [row["sentence"] for row in rows if row["clear"]]
    sentence = " ".join(clear) or f"No clear differences by {by}."
    return {**envelope(view, "breakdown", sentence), "by": by, "rows": rows}


def features(
    session: Session, windows: Windows, project_id: str, question: Question, kind: Kind
) -> dict[str, Any]:
    """Return each feature or page: who used it, and how they answered at equal use."""
    view = look(session, windows, project_id, question, is_fixed=True)
    known = view.loaded.profiled
    answers = view.answers.select(known)
    work = partial(features_table, answers, kind, view.confidence)
    rows = remembered(view, kind, work, view.confidence)
    marked = [row["sentence"] for row in rows if row["marked"]]
    sentence = " ".join(marked) or f"No clear association with any of {len(rows)} {kind}."
    common = envelope(view, "feature-association", sentence)
    return {
        **common,
        "kind": kind,
        "without_usage": int((~known).sum()),
        "rows": [{**row, "n": common["n"], "note": note(row["n_users"] or 0)} for row in rows],
    }


def _few_hidden(view: View, shown: dict[str, Any], population: Population) -> dict[str, Any]:
    """Leave away the splits, and the estimands, that would tell of fewer than five people."""
    account = view.answers.account
    valued = np.isin(account, [key for key, value in population.value.items() if value > 0])
    left_in = {"users": None, "accounts": account != NO_ACCOUNT, "revenue": valued}
    shown["estimands"] = {
        name: one if left_in[name] is None or few.may_leave_out(view, left_in[name]) else None
        for name, one in shown["estimands"].items()
    }
    if not few.may_count(view, view.answers.score):
        shown["distribution"] = None
    if few.may_count(view, view.answers.y):
        shown["estimands"] = few.without_bands(shown["estimands"])
        return shown
    hidden: dict[str, Any] = few.without_bands(shown)
    return hidden


def remembered_score(view: View, population: Population) -> ScoreTable:
    """Return the score of a view, which a page asks for more than once."""

    def work() -> ScoreTable:
        return score_table(with_usage_group(view.answers), population, view.confidence)

    return remembered(view, "score", work, population, view.confidence)


def _dimension(session: Session, windows: Windows, view: View, by: str) -> tuple[str, View]:
    if by in DIMENSIONS:
        return by, view
    if by == USAGE_GROUP:
        loaded = replace(view.loaded, answers=with_usage_group(view.answers))
        return by, replace(view, loaded=loaded)
    if by == ANSWER_DELAY and not view.question.sees_answers:
        # Beside the display's number it would tell of the few who answered the same day, later.
        fault = FieldError("#/query/by", "Ask for display_number instead.")
        raise InvalidRequestError(errors=[fault])
    if by in LATENESS:
        span = (view.start_ms - EARLIER_MS, view.end_ms)
        shown = asked.ignored(session.connection(), view.project_id, *span)
        user, at = np.array(shown, np.int64).reshape(-1, 2).T
        named = {**view.answers.dimensions, **display_columns(view.answers, user, at)}
        answers = replace(view.answers, dimensions=named)
        return by, replace(view, loaded=replace(view.loaded, answers=answers))
    if not view.question.sees_answers and not personal.without_names({by: ""}):
        fault = FieldError("#/query/by", "This trait names people.")
        raise InvalidRequestError(errors=[fault])
    loaded = with_trait(session, windows, view.project_id, view.loaded, by)
    return TRAIT + by, replace(view, loaded=loaded)


def _folded(answers: Answers, name: str) -> Answers:
    """Keep the most frequent values of a dimension; the others together are "(other)"."""
    column = answers.dimension(name)
    if len(column.labels) <= MOST_VALUES:
        return answers
    counts = np.bincount(column.codes[column.codes >= 0], minlength=len(column.labels))
    kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])
    place = np.full(len(column.labels) + 1, MOST_VALUES, np.int32)
    place[kept] = np.arange(MOST_VALUES)
    place[-1] = -1
    labels = (*(column.labels[i] for i in kept), OTHER)
    folded = Labelled(place[column.codes], labels)
    return replace(answers, dimensions={**answers.dimensions, name: folded})

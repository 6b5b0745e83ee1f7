"""Who answered, and how far the silence of the others can move the number."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypedDict, TypeVar

import numpy as np
from sqlalchemy.orm import Session

from backend.domain.insights.active_use import GROUPS, WINDOW_DAYS, usage_groups
from backend.domain.insights.bias import (
    LoudestVoices,
    Rate,
    Representativity,
    Step,
    bias_sentence,
    funnel,
    loudest_voices,
    merge_cells,
    rate,
    representativity,
    smd_continuous,
    smd_mark,
)
from backend.domain.insights.columns import Answers, Bools, Ints
from backend.domain.insights.privacy import SMALLEST_CELL, suppress
from backend.domain.insights.rows import latest_rows
from backend.services.insights import few
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.levels import remembered_score
from backend.services.insights.population import Populations
from backend.services.insights.question import NO_SEGMENT, Question
from backend.services.insights.remembered import remembered
from backend.services.insights.view import View, look
from backend.services.insights.windows import Windows
from backend.storage import asked

LOW, HIGH = 0, 4
NO_NAME = "unknown"
UNTOLD = "Too few answered, or kept silent, to tell how many."
_Alike = tuple[str, str, int, int, int, int]

_Step = TypeVar("_Step", Rate, Step)


class Cell(NamedTuple):
    """People asked who are alike; `group` is their fifth of active use, -1 unknown.

    `days` are their active days, -1 while unknown.
    """

    role: str
    plan: str
    group: int
    days: int
    asked: int
    answered: int
    commented: int


class CellRow(TypedDict):
    """People asked of one role, plan and usage group, and how many of them answered."""

    cell: str
    asked: int | None
    answered: int | None
    rate: float | None
    lower: float | None
    upper: float | None
    smd: float | None
    mark: str | None


class Answered(Envelope):
    """Everything about who answered; rates in percent, the NPS in points."""

    funnel: list[Step]
    response_rate: Rate
    representativity: Representativity
    active_days_smd: float | None
    active_days_mark: str | None
    loudest_voices: LoudestVoices
    rows: list[CellRow]


def answered(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    populations: Populations,
) -> dict[str, Any]:
    """Return the response funnel, how even it is, and what that can do to the NPS.

    The funnel counts people of the whole window; a segment narrows the scores alone.
    """
    view = look(session, windows, project_id, question, is_fixed=True)
    cells = _cells(session, windows, view)
    shown, scored = sum(c.asked for c in cells), sum(c.answered for c in cells)
    people = {
        **populations.counts(session, view),
        "shown": shown,
        "scored": scored,
        "commented": sum(c.commented for c in cells),
    }
    table = remembered_score(view, populations.of(session, view))
    plain, weighted = table["unweighted"], table["level"]
    merged = merge_cells(*_by_name(cells))
    even = representativity(
        [n for n, _ in merged.values()],
        [k for _, k in merged.values()],
        None if plain["nps"] is None else plain["nps"] / 100,
        _share_of_extremes(plain),
    )
    silent_days = smd_continuous(*_active_days(cells))
    sentence = bias_sentence(
        scored,
        shown,
        _rate_of(cells, LOW),
        _rate_of(cells, HIGH),
        plain["nps"],
        weighted["nps"],
    )
    rows = _rows(merged, even["smd"], view.confidence)
    work = partial(loudest_voices, view.answers, view.loaded.commented)
    voices = remembered(view, "loudest voices", work)
    steps, response = funnel(people, view.confidence), rate(scored, shown, view.confidence)
    if not question.sees_answers:
        rows, even = _hidden(rows), {**even, "smd": [], "chi2": None}
        voices = _few_hidden(voices, view)
        steps, response = _large_steps(steps), _large_steps([response])[0]
        was_shown = next(step for step in steps if step["step"] == "shown")
        if was_shown["n"] is None:
            # Who was sampled but not asked would follow from the number asked, told elsewhere.
            response = {"n": None, "of": None, "rate": None, "lower": None, "upper": None}
            rows = [{**row, "asked": None, "answered": None} for row in rows]
        if response["n"] is None:
            sentence = UNTOLD
            even = {**even, "response_rate": None, "worst_case": None}
    return {
        **envelope(view, "who-answered", sentence),
        "funnel": steps,
        "response_rate": response,
        "representativity": even,
        "active_days_smd": silent_days,
        "active_days_mark": smd_mark(silent_days),
        "loudest_voices": voices,
        "rows": rows,
    }


def _cells(session: Session, windows: Windows, view: View) -> list[Cell]:
    """Count the people asked by the sampling rule, whatever the segment: each person once."""
    everyone = view
    if view.is_segment or not view.question.sees_answers:
        whole = replace(view.question, **NO_SEGMENT)
        everyone = look(session, windows, view.project_id, whole, is_fixed=True, by_person=True)
    loaded = replace(everyone.loaded, answers=everyone.answers.without_usage())
    loaded = loaded.select(everyone.answers.weight > 0)
    loaded = loaded.select(latest_rows(loaded.answers, loaded.answers.user))
    days = np.where(loaded.profiled, loaded.answers.active_days, -1)
    counted = _counted(loaded.answers, usage_groups(loaded.answers), days, loaded.commented)
    span = (view.project_id, view.start_ms, view.end_ms)
    quiet = {p.user: p for p in asked.silent(session.connection(), *span)}
    has_answered = np.isin(np.array(list(quiet), np.int64), loaded.answers.user)
    counted.update(
        (p.role, p.plan, _group(p.midrank), p.active_days, 0, 0)
        for p, has in zip(quiet.values(), has_answered, strict=True)
        if not has
    )
    return [
        Cell(role, plan, group, d, n, n * answers, n * comments)
        for (role, plan, group, d, answers, comments), n in counted.items()
    ]


def _counted(answers: Answers, groups: Ints, days: Ints, wrote: Bools) -> Counter[_Alike]:
    """Count the answerers who are alike: role, plan, group, days, answered, commented."""
    role, plan = answers.dimension("role"), answers.dimension("plan")
    columns = np.stack([role.codes, plan.codes, groups, days, wrote]).astype(np.int64)
    shape = (len(role.labels) + 1, len(plan.labels) + 1, GROUPS + 1, WINDOW_DAYS + 2, 2)
    # -1 stands for unknown in all but the last.
    shift = np.array([[1], [1], [1], [1], [0]])
    keys, n = np.unique(np.ravel_multi_index(tuple(columns + shift), shape), return_counts=True)
    alike = np.stack(np.unravel_index(keys, shape)) - shift
    roles, plans = (*role.labels, ""), (*plan.labels, "")
    return Counter(
        {
            (roles[r], plans[p], g, d, 1, w): int(count)
            for (r, p, g, d, w), count in zip(alike.T.tolist(), n, strict=True)
        }
    )


def _group(midrank: float) -> int:
    return -1 if midrank < 0 else min(GROUPS - 1, int(midrank * GROUPS / 100 + 1e-9))


def _by_name(cells: Sequence[Cell]) -> tuple[dict[str, int], dict[str, int]]:
    people: Counter[str] = Counter()
    answers: Counter[str] = Counter()
    for cell in cells:
        use = NO_NAME if cell.group < 0 else f"use {cell.group + 1} of 5"
        name = f"{cell.role or NO_NAME} / {cell.plan or NO_NAME} / {use}"
        people[name] += cell.asked
        answers[name] += cell.answered
    return dict(people), dict(answers)


def _rows(
    merged: dict[str, tuple[int, int]], smd: Sequence[float | None], confidence: float
) -> list[CellRow]:
    rows: list[CellRow] = []
    for (name, (n, k)), difference in zip(merged.items(), smd, strict=True):
        share = rate(k, n, confidence)
        rows.append(
            {
                "cell": name,
                "asked": n,
                "answered": k,
                "rate": share["rate"],
                "lower": share["lower"],
                "upper": share["upper"],
                "smd": difference,
                "mark": smd_mark(difference),
            }
        )
    return rows


def _hidden(rows: list[CellRow]) -> list[CellRow]:
    """Keep the cells, without numbers where fewer than five people answered or kept silent.

    And without those of as many others as keep them from following from the funnel.
    """
    sizes = [
        min(row["answered"] or 0, (row["asked"] or 0) - (row["answered"] or 0)) for row in rows
    ]
    # A cell in which everybody, or nobody, answered tells of each of its people.
    flags = suppress([max(1, size) for size in sizes])
    return [
        row
        if not flag
        else {
            "cell": row["cell"],
            "asked": None,
            "answered": None,
            "rate": None,
            "lower": None,
            "upper": None,
            "smd": None,
            "mark": None,
        }
        for row, flag in zip(rows, flags, strict=True)
    ]


def _large_steps(steps: Sequence[_Step]) -> list[_Step]:
    """Blank each step of which fewer than five people made it, or did not.

    And the step after, whose share would tell the number.
    """
    hidden: list[bool] = [few.told_of(step["n"] or 0, step["of"] or 0) is None for step in steps]
    # The first step is a share of itself.
    after = [False, *hidden[:-1]]
    found: list[_Step] = []
    for step, hide, is_after in zip(steps, hidden, after, strict=True):
        blank = step.copy()
        if hide or is_after:
            blank["rate"] = blank["lower"] = blank["upper"] = blank["of"] = None
        if hide:
            blank["n"] = None
        found.append(blank)
    return found


def _few_hidden(voices: LoudestVoices, view: View) -> LoudestVoices:
    """Leave the shares away where single scores could be counted back from them.

    Beside the categories they tell of the nines; beside the answers, of those without comment.
    """
    last = latest_rows(view.answers.without_usage(), view.answers.user)
    score, wrote = view.answers.score[last], view.loaded.commented[last]
    counts = np.bincount(score.astype(np.int64) + 11 * wrote, minlength=22)
    if not ((counts == 0) | (counts >= SMALLEST_CELL)).all():
        return {
            "n": voices["n"],
            "answers_0_to_2": None,
            "comments_0_to_2": None,
            "answers_10": None,
            "comments_10": None,
        }
    return voices


def _share_of_extremes(level: Any) -> float | None:
    if level["promoters"] is None or not level["n"]:
        return None
    return float((level["promoters"] + level["detractors"]) / level["n"])


def _active_days(cells: Sequence[Cell]) -> tuple[list[int], list[int]]:
    """Active days of those who answered, and of those who were asked and did not."""
    known = [cell for cell in cells if cell.days >= 0]
    days = [cell.days for cell in known]
    answers = np.repeat(days, [cell.answered for cell in known])
    silent = np.repeat(days, [cell.asked - cell.answered for cell in known])
    return answers.tolist(), silent.tolist()


def _rate_of(cells: Sequence[Cell], group: int) -> float | None:
    inside = [cell for cell in cells if cell.group == group]
    people = sum(cell.asked for cell in inside)
    return 100 * sum(cell.answered for cell in inside) / people if people else None

"""People who answered twice: their change, and from where to where (METHODS section 2)."""

from collections.abc import Sequence
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import Answers, Ints
from backend.domain.insights.numbering import numbered
from backend.domain.insights.planning import detectable
from backend.domain.insights.rows import in_time
from backend.domain.insights.wording import HIDE_BELOW, Note, change_sentence, note, points
from backend.domain.nps import adjusted, normal_quantile


class PairedChange(TypedDict):
    """Mean change on the unit scale; `transitions[from][to]`, detractor, passive, promoter."""

    n: int
    change: float | None
    lower: float | None
    upper: float | None
    transitions: list[list[int]]


class RepeatTable(TypedDict):
    """The change of the people who answered in both periods, in points.

    `n` is None where it would tell somebody of fewer than five people who may not know.
    """

    n: int | None
    change: float | None
    lower: float | None
    upper: float | None
    transitions: list[list[int | None]] | None
    clear: bool
    note: Note | None
    sentence: str


def paired_change(
    before: Sequence[int], after: Sequence[int], confidence: float = 0.95
) -> PairedChange:
    """Return the mean change of the same users' categories (+1, 0, -1).

    It is the change of the people who answered twice, not of the population. Nobody: None.

    Raises:
        ValueError: lengths differ, or a value is not +1, 0 or -1.

    Source: Bonett, Price 2012, for paired data, with the pseudo answers of Rocks 2016.
    """
    z = normal_quantile(confidence)
    first, second = np.asarray(before, np.int64), np.asarray(after, np.int64)
    if len(first) != len(second):
        raise ValueError("before and after differ in length")
    if len(first) and max(abs(first).max(), abs(second).max()) > 1:
        raise ValueError("categories are +1, 0 and -1")
    table = np.bincount(3 * (first + 1) + second + 1, minlength=9).reshape(3, 3).tolist()
    n = len(first)
    if n == 0:
        return {"n": 0, "change": None, "lower": None, "upper": None, "transitions": table}
    d = second - first
    s1, s2 = int(d.sum()), int((d**2).sum())
    lower, upper = adjusted(n, s1, s2, z, bound=2.0)
    return {"n": n, "change": s1 / n, "lower": lower, "upper": upper, "transitions": table}


def repeat_table(answers: Answers, split_ms: int, confidence: float = 0.95) -> RepeatTable:
    """Compare each user's last answer before `split_ms` with the last one from then on."""
    rows, users = _both_sides(answers, split_ms)
    first, second = (answers.y[side].tolist() for side in rows)
    change = paired_change(first, second, confidence)
    shown = change["n"] >= HIDE_BELOW
    lower, upper = change["lower"], change["upper"]
    clear = shown and lower is not None and upper is not None and (lower > 0 or upper < 0)
    value = points(change["change"]) if shown else None
    return {
        "n": len(users),
        "change": value,
        "lower": points(lower) if shown else None,
        "upper": points(upper) if shown else None,
        "transitions": [[*row] for row in change["transitions"]] if shown else None,
        "clear": clear,
        "note": note(change["n"]),
        "sentence": "People who answered twice. "
        + change_sentence(
            value, clear=clear, since="their earlier answer", detectable=_detectable(first, second)
        ),
    }


def _detectable(first: list[int], second: list[int]) -> float | None:
    d = np.subtract(second, first, dtype=np.float64)
    return detectable(float(d.var()) / len(d)) if len(d) else None


def _both_sides(answers: Answers, split_ms: int) -> tuple[tuple[Ints, Ints], Ints]:
    """Rows of each user's last answer before and after, and the users who have both."""
    users, place = numbered(answers.user)
    order = in_time(answers)
    sides = []
    for side in (answers.at < split_ms, answers.at >= split_ms):
        rows = order[side[order]]
        last = np.full(len(users), -1)
        # In the order of time: the last of a user's rows stays.
        last[place[rows]] = rows
        sides.append(last)
    both = (sides[0] >= 0) & (sides[1] >= 0)
    return (sides[0][both], sides[1][both]), users[both]

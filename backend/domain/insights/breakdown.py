"""The score by role, plan, page, language, version or any trait, with tested differences."""

from itertools import pairwise
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from backend.domain.insights.columns import Answers, Floats, Ints
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.estimate import (
    ClusteredDifference,
    SideSums,
    difference_of,
    difference_p,
    side_sums,
    weighted,
)
from backend.domain.insights.levels import account_warnings, sampling_weights
from backend.domain.insights.planning import detectable
from backend.domain.insights.privacy import suppress
from backend.domain.insights.rows import clusters, counts_of, latest
from backend.domain.insights.wording import (
    difference_sentence,
    hidden,
    level,
    may_test,
    points,
)

FALSE_DISCOVERY = 0.10
UNKNOWN = "unknown"
OTHERS = "everyone else"


class BreakdownRow(TypedDict):
    """One value, in points. `difference` is this value minus all the others together.

    `clear` means that the interval excludes 0 and q <= 0.10 over the values tested.
    `detectable` is the smallest difference these answers would usually show.
    """

    value: str | None
    n: int | None
    accounts: int | None
    promoters: int | None
    passives: int | None
    detractors: int | None
    nps: float | None
    lower: float | None
    upper: float | None
    note: str | None
    warnings: list[str]
    difference: float | None
    difference_lower: float | None
    difference_upper: float | None
    p_value: float | None
    q_value: float | None
    clear: bool
    detectable: float | None
    sentence: str


def breakdown_table(
    answers: Answers, dimension: str, confidence: float = 0.95
) -> list[BreakdownRow]:
    """Return one row a value, most answers first; `value` None for answers without one.

    The last answer of each user counts. Values are tested with 20 answers on both sides and
    10 accounts. Cost: O(answers + values x accounts).

    Raises:
        ValueError: there is no such dimension.
    """
    answers = latest(answers.without_usage())
    column = answers.dimension(dimension)
    weights, warnings = sampling_weights(answers)
    cluster, size = clusters(answers)
    order = np.argsort(column.codes, kind="stable")
    values, starts = np.unique(column.codes[order], return_index=True)
    y, w, g = answers.y[order], weights[order], cluster[order]
    everyone = _sums(y, w, g, size)
    slices = [slice(a, b) for a, b in pairwise([*starts, len(answers)])]
    rows = []
    for code, rows_of in zip(values.tolist(), slices, strict=True):
        estimate = weighted(y[rows_of], w[rows_of], g[rows_of], confidence)
        own = _sums(y[rows_of], w[rows_of], g[rows_of], size)
        found = _against_others(own, everyone, confidence)
        shown = level(
            counts_of(y[rows_of][w[rows_of] > 0]),
            estimate["nps"],
            estimate["lower"],
            estimate["upper"],
        )
        about = [*warnings, *account_warnings(estimate, w[rows_of], g[rows_of])]
        value = column.labels[code] if code >= 0 else None
        row: BreakdownRow = {
            "value": value,
            **shown,
            "accounts": estimate["clusters"] if shown["nps"] is not None else None,
            "warnings": about,
            **_nothing_tested(),
        }
        rows.append(row if found is None else _with_difference(row, found))
    return _finished(rows)


def hide_small_cells(rows: list[BreakdownRow]) -> list[BreakdownRow]:
    """Blank the rows that may not be seen by someone who may not see single answers.

    Rows under five answers, and as many others as keep them from following from the total.
    """
    hidden = suppress([row["n"] or 0 for row in rows])
    return [_blank(row) if hide else row for row, hide in zip(rows, hidden, strict=True)]


def _sums(y: npt.NDArray[np.int8], w: Floats, g: Ints, size: int) -> SideSums:
    counted = w > 0
    return side_sums(y.astype(np.float64), w, g, counted, size)


def _against_others(
    own: SideSums, everyone: SideSums, confidence: float
) -> ClusteredDifference | None:
    others: SideSums = {
        "w": everyone["w"] - own["w"],
        "wy": everyone["wy"] - own["wy"],
        "n": everyone["n"] - own["n"],
    }
    accounts = int((everyone["n"] > 0).sum())
    if not may_test(int(own["n"].sum()), int(others["n"].sum()), accounts):
        return None
    # What floats leave behind of an account that has no answer on this side is not weight.
    others["w"] = np.where(others["n"] > 0, others["w"], 0.0)
    others["wy"] = np.where(others["n"] > 0, others["wy"], 0.0)
    return difference_of(own, others, confidence)


def _with_difference(row: BreakdownRow, found: ClusteredDifference) -> BreakdownRow:
    row["difference"] = points(found["difference"])
    row["difference_lower"] = points(found["lower"])
    row["difference_upper"] = points(found["upper"])
    row["p_value"] = difference_p(found)
    row["detectable"] = detectable(found["variance"])
    return row


def _finished(rows: list[BreakdownRow]) -> list[BreakdownRow]:
    """Add q values, what is clear and the sentences; order by number of answers."""
    tested = [(row, row["p_value"]) for row in rows if row["p_value"] is not None]
    for (row, _), q in zip(tested, benjamini_hochberg([p for _, p in tested]), strict=True):
        lower, upper = row["difference_lower"] or 0.0, row["difference_upper"] or 0.0
        row["q_value"] = q
        row["clear"] = q <= FALSE_DISCOVERY and (lower > 0 or upper < 0)
    for row in rows:
        row["sentence"] = difference_sentence(
            row["value"] or UNKNOWN,
            OTHERS,
            row["difference"],
            row["difference_lower"],
            row["difference_upper"],
            clear=row["clear"],
            detectable=row["detectable"],
        )
    return sorted(rows, key=lambda row: (-(row["n"] or 0), row["value"] or ""))


class _Tested(TypedDict):
    difference: float | None
    difference_lower: float | None
    difference_upper: float | None
    p_value: float | None
    q_value: float | None
    clear: bool
    detectable: float | None
    sentence: str


def _nothing_tested() -> _Tested:
    return {
        "difference": None,
        "difference_lower": None,
        "difference_upper": None,
        "p_value": None,
        "q_value": None,
        "clear": False,
        "detectable": None,
        "sentence": "",
    }


def _blank(row: BreakdownRow) -> BreakdownRow:
    return {
        "value": row["value"],
        **hidden(),
        "accounts": None,
        "warnings": [],
        **_nothing_tested(),
    }

"""What those see of a table who may not see single answers (docs/decisions/small-cells.md).

How answers split into categories or scores is told only of whole months of everybody, and only
where every part of every month has five people or none: any two such tables then differ by sums
of such parts. A segment has its NPS and interval alone, in whole points.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from backend.domain.insights.privacy import SMALLEST_CELL
from backend.domain.insights.wording import whole_lower, whole_points, whole_upper
from backend.services.insights.coarse import cells_are_large
from backend.services.insights.view import View

BANDS: Final = ("promoters", "passives", "detractors")
ROUNDED: Final = {
    "nps": whole_points,
    "lower": whole_lower,
    "upper": whole_upper,
    "difference": whole_points,
    "difference_lower": whole_lower,
    "difference_upper": whole_upper,
}
# Categories that lie in one another's sums: ten tells of nine within the promoters.
STEP_OF_SHARES: Final = 10
STEP_OF_VARIANCE: Final = 0.1


def may_count(view: View, codes: npt.NDArray[np.integer[Any]]) -> bool:
    """Say whether the asker may see how many answers have each code."""
    if view.question.sees_answers:
        return True
    return not view.is_segment and cells_are_large(
        view.answers, codes.astype(np.int64), view.timezone
    )


def may_leave_out(view: View, rows: Any) -> bool:
    """Say whether the asker may see a number of `rows` alone beside that of all the answers."""
    flags = np.asarray(rows, np.int64)
    return bool((flags == 1).all()) or may_count(view, flags)


def without_bands(value: Any) -> Any:
    """Return a table whose levels tell no categories, and their NPS in whole points."""
    if isinstance(value, list):
        return [without_bands(one) for one in value]
    if not isinstance(value, dict):
        return value
    found = {name: without_bands(one) for name, one in value.items()}
    if "promoters" in found:
        found |= dict.fromkeys(BANDS)
        # The effective number and the limits together give the variance, which gives the counts.
        found |= {"n_eff": None} if "n_eff" in found else {}
        for name, rounded in ROUNDED.items():
            if found.get(name) is not None:
                found[name] = float(rounded(found[name]))
    return found


def told(n: int) -> int | None:
    """Return a number of people or comments, None for one to four."""
    return None if 0 < n < SMALLEST_CELL else n


def told_of(n: int, of: int) -> int | None:
    """Return a number of `of` people, None where it or the rest is one to four."""
    return None if told(n) is None or told(of - n) is None else n


def told_share(percent: float | None) -> float | None:
    """Return a share in steps of ten percent: themes overlap, and their sum would tell by whom."""
    return None if percent is None else float(STEP_OF_SHARES * round(percent / STEP_OF_SHARES))


def told_variance(variance: float) -> float:
    """Return a variance from 0.1 to 1 in steps: beside the NPS it gives the categories."""
    return max(STEP_OF_VARIANCE, round(variance, 1))

"""How late an answer came: at which display of the survey, and how long after the first.

Those who answer only when asked again are the likest to those who never do: if they say something
else than those who answered at once, silence hides it, too. Source: Lin, Schaeffer 1995.
"""

import numpy as np

from backend.domain.insights.columns import Answers, Codes, Ints, Labelled
from backend.domain.insights.numbering import numbered
from backend.domain.insights.trend import DAY_MS

NUMBERS = ("1st display", "2nd display", "3rd display or later")
DELAYS = ("the same day", "within a week", "later")


def display_columns(answers: Answers, user: Ints, at: Ints) -> dict[str, Labelled]:
    """Return the dimensions `display_number` and `answer_delay` of `answers`.

    Args:
        user, at: each display that got no answer: whose, and when (ms). Those since the person's
            previous answer count; the delay runs from the first of them, and is none without.
    """
    _, place = numbered(np.concatenate([answers.user, user]))
    n = len(answers)
    order = np.lexsort((at, place[n:]))
    shown_at = at[order]
    span = int(max(answers.at.max(initial=0), at.max(initial=0))) + 1
    shown = place[n:][order] * span + shown_at
    since = np.searchsorted(shown, place[:n] * span + _previous(answers, place[:n]))
    ignored = np.searchsorted(shown, place[:n] * span + answers.at) - since
    first = np.append(shown_at, 0)[since]
    days = np.where(ignored > 0, answers.at - first, 0) // DAY_MS
    return {
        "display_number": Labelled(_codes(np.minimum(ignored, len(NUMBERS) - 1)), NUMBERS),
        "answer_delay": Labelled(_codes(np.searchsorted([0, 6], days)), DELAYS),
    }


def _previous(answers: Answers, person: Ints) -> Ints:
    """Return when each answer's person had answered before, 0 for never."""
    order = np.lexsort((answers.key, answers.at, person))
    previous = np.zeros(len(order), np.int64)
    same = person[order][1:] == person[order][:-1]
    previous[order[1:]] = np.where(same, answers.at[order][:-1], 0)
    return previous


def _codes(values: Ints) -> Codes:
    return values.astype(np.int32)

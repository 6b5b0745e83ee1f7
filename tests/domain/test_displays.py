"""Early and late answers: at which display, and how long after the first."""

import numpy as np

from backend.domain.insights.columns import make_answers
from backend.domain.insights.displays import DELAYS, NUMBERS, display_columns
from backend.domain.insights.trend import DAY_MS


def columns(answers, shown):
    user, at = np.array(shown, np.int64).reshape(-1, 2).T
    found = display_columns(answers, user, at)
    return [
        (
            NUMBERS[found["display_number"].codes[i]],
            DELAYS[found["answer_delay"].codes[i]],
        )
        for i in range(len(answers))
    ]


def test_displays_since_the_previous_answer_count():
    days = np.array([10, 20, 30, 30, 40])
    answers = make_answers([9, 8, 7, 6, 5], user=[1, 1, 1, 2, 3], at=days * DAY_MS)
    shown = [(1, 5 * DAY_MS), (1, 25 * DAY_MS), (1, 29 * DAY_MS), (1, 35 * DAY_MS)]
    shown += [(2, 30 * DAY_MS - 1), (9, 1), (3, 32 * DAY_MS), (3, 33 * DAY_MS), (3, 39 * DAY_MS)]

    assert columns(answers, shown) == [
        ("2nd display", "within a week"),
        ("1st display", "the same day"),
        ("3rd display or later", "within a week"),
        ("2nd display", "the same day"),
        ("3rd display or later", "later"),
    ]


def test_without_displays_every_answer_came_at_once():
    answers = make_answers([9, 8], user=[1, 1], at=[5, 7])

    assert columns(answers, []) == [("1st display", "the same day")] * 2
    assert columns(make_answers([]), [(1, 5)]) == []

"""What is kept of a loaded window is given again for the same answers, and for no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np

from backend.domain.insights.columns import make_answers
from backend.services.insights.question import Question
from backend.services.insights.remembered import MOST_KEPT, remembered
from backend.services.insights.view import View
from backend.storage.answers_loaded import whole

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def view_of(*scores: int) -> View:
    n = len(scores)
    answers = make_answers(np.array(scores, np.int64), at=np.arange(n))
    yes = np.ones(n, np.bool_)
    loaded = whole(answers, np.array([b"%03d" % i for i in range(n)]), yes, yes, 0)
    return View("prj_1", Question(sees_answers=True), "UTC", 0, n, NOW, loaded, coarser=False)


def total(view: View) -> int:
    return int(view.answers.score.sum())


def asked(view: View, *given: object) -> int:
    return remembered(view, "total", lambda: total(view), *given)


def test_the_same_answers_are_worked_on_once_however_the_window_moves():
    view = view_of(9, 4)
    later = replace(view, start_ms=1, question=Question(since=NOW, sees_answers=True))

    assert asked(view) == 13
    assert remembered(later, "total", lambda: -1) == 13


def test_other_answers_other_arguments_and_other_askers_get_their_own():
    view = view_of(9, 4)
    asked(view, 0.95)
    part = replace(view, loaded=view.loaded.select(np.array([True, False])))
    viewer = replace(view, question=Question(sees_answers=False))

    assert asked(part, 0.95) == 9
    assert remembered(view, "total", lambda: -1, 0.9) == -1
    assert remembered(viewer, "total", lambda: -2, 0.95) == -2
    assert remembered(view_of(1), "total", lambda: -3, 0.95) == -3


def test_what_is_kept_stays_bounded():
    view = view_of(9)

    for number in range(3 * MOST_KEPT):
        remembered(view, str(number), lambda: 0)

    assert len(view.loaded.beside.results) <= MOST_KEPT

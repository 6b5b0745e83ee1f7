"""Callers that come at the same time are served together, by one of those who wait."""

import threading

import pytest

from backend.domain.errors import StorageUnavailableError
from backend.storage import turns
from backend.storage.turns import Turns

LONG_S = 30


def doubling(groups):
    def serve(group):
        groups.append([piece.work for piece in group])
        for piece in group:
            piece.result = 2 * piece.work

    return serve


def test_one_thread_may_enter_many_and_get_what_came_of_each():
    groups = []
    queue = Turns(doubling(groups), 64)

    pieces = [queue.enter(number) for number in range(5)]
    assert groups == []

    assert [queue.outcome(piece) for piece in pieces] == [0, 2, 4, 6, 8]
    assert groups == [[0, 1, 2, 3, 4]]


def test_who_leads_is_in_the_group_however_many_came_before():
    groups = []
    queue = Turns(doubling(groups), 3)
    early = [queue.enter(number) for number in range(4)]

    assert queue.submit(9) == 18
    assert groups == [[9, 0, 1]]

    assert [queue.outcome(piece) for piece in early] == [0, 2, 4, 6]
    assert groups == [[9, 0, 1], [2, 3]]


def test_the_lead_goes_to_nobody_whose_caller_is_elsewhere():
    queue = Turns(doubling([]), 1)
    absent = queue.enter(1)

    assert queue.submit(2) == 4
    assert queue.submit(3) == 6

    assert queue.outcome(absent) == 2
    assert queue.finish(0)


def test_the_outcome_of_a_piece_that_another_served_is_there_at_once():
    serving, go_on = threading.Event(), threading.Event()

    def serve(group):
        serving.set()
        assert go_on.wait(LONG_S)
        for piece in group:
            piece.error = ValueError(piece.work) if piece.work == "bad" else None

    queue = Turns(serve, 64)
    entered = queue.enter("bad")
    leader = threading.Thread(target=queue.submit, args=("good",))
    leader.start()
    assert serving.wait(LONG_S)
    go_on.set()
    leader.join(LONG_S)

    with pytest.raises(ValueError, match="bad"):
        queue.outcome(entered)


def test_who_gets_no_turn_in_time_is_told_and_nothing_is_done_for_them(monkeypatch):
    monkeypatch.setattr(turns, "ANSWER_WITHIN_S", 0.01)
    serving, go_on, served = threading.Event(), threading.Event(), []

    def serve(group):
        serving.set()
        assert go_on.wait(LONG_S)
        served.extend(piece.work for piece in group)

    queue = Turns(serve, 64)
    leader = threading.Thread(target=queue.submit, args=("first",))
    leader.start()
    assert serving.wait(LONG_S)

    with pytest.raises(StorageUnavailableError):
        queue.submit("second")

    go_on.set()
    leader.join(LONG_S)
    assert served == ["first"]


def test_a_group_that_passes_the_lead_on_is_answered_at_its_own_end():
    first_passed, go_on, groups = threading.Event(), threading.Event(), []

    def serve(group):
        groups.append([piece.work for piece in group])
        if group[0].work == "first":
            queue.pass_on(group)
            first_passed.set()
            assert go_on.wait(LONG_S)

    queue = Turns(serve, 64)
    leader = threading.Thread(target=queue.submit, args=("first",))
    leader.start()
    assert first_passed.wait(LONG_S)

    queue.submit("second")
    assert groups == [["first"], ["second"]]
    assert leader.is_alive()
    assert not queue.finish(0)
    go_on.set()
    leader.join(LONG_S)
    assert queue.finish(0)

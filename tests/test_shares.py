"""Of several workers the one with fewer connections takes the next, and nobody waits for long."""

from concurrent.futures import Future
from types import SimpleNamespace

import pytest

from backend import web_worker
from backend.shares import MOST_WAITS_IN_VAIN, WAIT_S, Shares
from backend.web_worker import _IN_LANE, ThreadWorker, Worker


def places(*counts):
    """Return the places of workers that have so many connections; None takes none."""
    shares = Shares(len(counts))
    given = [shares.begin() for _ in counts]
    for share, count in zip(given, counts, strict=True):
        share.tell(count)
    return given


@pytest.mark.parametrize(
    ("own", "others", "waits"),
    [
        (0, [0], False),
        (1, [0], True),
        (1, [1], False),
        (1, [2], False),
        (3, [9, 2], True),
        (2, [9, 2], False),
        (5, [], False),
        (5, [None], False),
        (5, [None, 4], True),
        (5, [None, 5], False),
    ],
)
def test_whoever_has_more_than_the_least_busy_other_waits(own, others, waits):
    share = places(own, *others)[0]
    assert share.has_more(own) is waits


def test_a_worker_that_has_not_begun_to_take_connections_holds_up_nobody():
    shares = Shares(2)
    first = shares.begin()
    first.tell(7)
    second = shares.begin()
    assert not first.has_more(7)
    second.tell(0)
    assert first.has_more(7)


def test_the_place_of_a_worker_that_ended_is_empty_and_the_next_one_s():
    shares = Shares(2)
    first, second = shares.begin(), shares.begin()
    first.tell(5)
    second.tell(1)
    assert shares.begin() is None

    second.end()
    assert not first.has_more(5)
    third = shares.begin()
    third.tell(2)
    assert first.has_more(5)
    assert shares.begin() is None


def test_nobody_waits_on_for_a_worker_that_takes_nothing():
    first, second = places(5, 1)
    waits = 0
    while first.has_more(5):
        first.waited(in_vain=True)
        waits += 1
    assert waits == MOST_WAITS_IN_VAIN
    # Nor while it is silent, whatever comes and goes here.
    assert not first.has_more(6)

    second.tell(2)
    assert first.has_more(5)


def test_waits_that_were_not_in_vain_use_nothing_up():
    first, _ = places(5, 1)
    for _ in range(3):
        for _ in range(MOST_WAITS_IN_VAIN - 1):
            first.waited(in_vain=True)
        first.waited(in_vain=False)
        assert first.has_more(5)


class Naps:
    """Stands for `time`; says what happens meanwhile."""

    def __init__(self, meanwhile=lambda: None):
        self.taken = []
        self._meanwhile = meanwhile

    def sleep(self, seconds):
        self.taken.append(seconds)
        self._meanwhile()


@pytest.fixture
def worker(monkeypatch):
    """A worker with one connection that listens, without a process; one more waits for it."""
    worker = Worker.__new__(Worker)
    worker.nr_conns, worker._accepting, worker.waiting = 1, True, 1

    def accept(self, _listener):
        self.nr_conns += self.waiting
        self.waiting = 0

    monkeypatch.setattr(ThreadWorker, "accept", accept)
    return worker


@pytest.fixture
def naps(monkeypatch):
    naps = Naps()
    monkeypatch.setattr(web_worker, "time", naps)
    return naps


def test_one_worker_alone_takes_every_connection_at_once(worker, naps):
    worker.accept(None)
    worker._tell_share()
    assert (worker.nr_conns, naps.taken) == (2, [])


def test_a_worker_with_no_more_than_the_others_takes_a_connection_at_once_and_says_so(worker, naps):
    worker.share, other = places(1, 1)
    worker.accept(None)
    assert (worker.nr_conns, naps.taken) == (2, [])
    assert other.has_more(3)
    assert not other.has_more(2)


def test_a_worker_with_more_takes_after_one_short_wait_what_nobody_else_took(worker, naps):
    worker.share, _ = places(1, 0)
    worker.accept(None)
    assert (worker.nr_conns, naps.taken) == (2, [WAIT_S])


def test_a_stuck_worker_costs_the_other_few_waits_in_all(worker, naps):
    worker.share, _ = places(1, 0)
    for _ in range(3 * MOST_WAITS_IN_VAIN):
        worker.waiting = 1
        worker.accept(None)
    assert len(naps.taken) == MOST_WAITS_IN_VAIN


def test_a_wait_in_which_another_took_the_connection_is_not_in_vain(worker, monkeypatch):
    def other_takes():
        worker.waiting = 0

    naps = Naps(other_takes)
    monkeypatch.setattr(web_worker, "time", naps)
    worker.share, _ = places(1, 0)
    for _ in range(3 * MOST_WAITS_IN_VAIN):
        worker.waiting = 1
        worker.accept(None)
    assert worker.nr_conns == 1
    assert len(naps.taken) == 3 * MOST_WAITS_IN_VAIN


def test_connections_that_ended_are_told_before_the_loop_waits_again(worker):
    worker.share, other = places(1, 1)
    worker.tmp = SimpleNamespace(notify=lambda: None)
    worker.nr_conns = 0
    worker.notify()
    assert other.has_more(1)


def test_a_worker_that_is_full_or_about_to_end_is_waited_for_by_nobody(worker):
    worker.share, other = places(0, 5)
    worker.sockets = []
    assert other.has_more(5)
    worker.set_accept_enabled(False)
    assert not other.has_more(5)
    worker.set_accept_enabled(True)
    assert other.has_more(5)


def test_a_connection_that_the_lane_serves_counts(worker):
    left_to_lane = Future()
    left_to_lane.set_result(_IN_LANE)
    worker.finish_request(None, left_to_lane)
    assert worker.nr_conns == 1

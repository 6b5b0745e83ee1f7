"""A thread whose step takes long is told from one that comes along."""

from backend.pace import PAUSE_S, SLOW_S, Pace


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_quick_steps_keep_the_pace():
    clock = Clock()
    pace = Pace(clock)
    for _ in range(3):
        with pace.step():
            clock.now += SLOW_S / 2
            assert pace.is_good()
        assert pace.is_good()


def test_a_long_step_is_told_while_it_lasts_and_for_a_while_after_it():
    clock = Clock()
    pace = Pace(clock)
    with pace.step():
        clock.now += SLOW_S
        assert not pace.is_good()
    assert not pace.is_good()
    clock.now += PAUSE_S
    assert pace.is_good()


def test_a_step_that_fails_is_over():
    clock = Clock()
    pace = Pace(clock)
    try:
        with pace.step():
            raise OSError
    except OSError:
        clock.now += SLOW_S
    assert pace.is_good()

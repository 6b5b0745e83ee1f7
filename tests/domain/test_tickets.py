from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from backend.domain.tickets import ANSWERED, STATES, clamped, moved, takes_answer, takes_first

ISSUED = datetime(2026, 11, 22, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(("old", "new"), list(product(STATES, STATES)))
def test_states_only_move_on_and_an_answer_is_never_taken_back(old, new):
    after = moved(old, new)
    assert after in (old, new)
    if old in ANSWERED:
        assert after in ANSWERED
    if old != "shown":
        assert after != "shown"
    assert moved(after, new) == after


def test_a_dismissal_gives_way_to_an_answer_but_not_to_another_dismissal():
    assert moved("declined", "scored") == "scored"
    assert moved("declined", "later") == "declined"
    assert moved("later", "declined") == "later"
    assert moved("scored", "completed") == "completed"
    assert moved("completed", "scored") == "completed"


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        (None, ISSUED + HOUR),
        (ISSUED, ISSUED),
        (ISSUED + MINUTE, ISSUED + MINUTE),
        (ISSUED - MINUTE, ISSUED + HOUR),
        (ISSUED + HOUR + DAY, ISSUED + HOUR),
        (ISSUED + 2 * HOUR + DAY, ISSUED + HOUR),
        (datetime.min.replace(tzinfo=UTC), ISSUED + HOUR),
    ],
)
def test_a_time_that_cannot_be_is_replaced_by_that_of_arrival(claimed, kept):
    assert clamped(claimed, ISSUED, ISSUED + HOUR) == kept


@pytest.mark.parametrize(
    ("shown_after", "arrived_after", "is_taken"),
    [
        (30 * MINUTE, 30 * MINUTE, True),
        (31 * MINUTE, 31 * MINUTE, False),
        (MINUTE, 7 * DAY, True),
        (MINUTE, 7 * DAY + MINUTE, False),
    ],
)
def test_a_ticket_must_be_shown_within_half_an_hour_but_may_tell_later(
    shown_after, arrived_after, is_taken
):
    assert takes_first(ISSUED, ISSUED + shown_after, ISSUED + arrived_after) is is_taken


def test_a_shown_ticket_takes_an_answer_for_seven_days_and_changes_for_one_more():
    assert takes_answer(ISSUED, None, ISSUED + 7 * DAY)
    assert not takes_answer(ISSUED, None, ISSUED + 7 * DAY + MINUTE)
    answered = ISSUED + 6 * DAY
    assert takes_answer(ISSUED, answered, answered + DAY)
    assert not takes_answer(ISSUED, answered, answered + DAY + MINUTE)

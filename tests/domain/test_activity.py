import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.activity import (
    BITS,
    RECENT_DAYS,
    active_days,
    merge_days,
    merge_recent,
    pack_recent,
    unpack_recent,
)

DAYS = st.lists(st.integers(20_000, 20_100), max_size=30)


@given(DAYS, DAYS, st.integers(20_000, 20_130))
def test_active_days_are_those_of_the_window_whatever_order_they_came_in(first, second, until):
    anchor, bits = merge_days(*merge_days(0, 0, first), second)
    seen = set(first + second)
    if seen and not max(seen) - BITS + 30 < until <= max(seen) + 30:
        return
    expected = {day for day in seen if until - 30 <= day < until}
    assert active_days(anchor, bits, until) == len(expected)


def test_nobody_active_has_no_days():
    assert merge_days(0, 0, []) == (0, 0)
    assert active_days(0, 0, 20_000) == 0


def test_the_day_itself_does_not_count():
    anchor, bits = merge_days(0, 0, [20_000])
    assert active_days(anchor, bits, 20_000) == 0
    assert active_days(anchor, bits, 20_001) == 1
    assert active_days(anchor, bits, 20_030) == 1
    assert active_days(anchor, bits, 20_031) == 0


@pytest.mark.parametrize("gap", [BITS - 1, BITS, 10_000])
def test_bits_always_fit_the_column(gap):
    anchor, bits = merge_days(0, 0, [20_000, 20_000 + gap])
    assert anchor == 20_000 + gap
    assert 0 < bits < 2**63


def test_recent_use_keeps_the_last_day_of_each_name_and_drops_what_is_long_past():
    packed = merge_recent(b"", {7: 20_000, 3: 20_001}, 20_001)
    assert unpack_recent(packed) == {3: 20_001, 7: 20_000}
    assert merge_recent(packed, {7: 19_000}, 20_001) == packed
    later = 20_000 + RECENT_DAYS + 1
    assert unpack_recent(merge_recent(packed, {9: later}, later)) == {3: 20_001, 9: later}


@given(st.dictionaries(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)))
def test_what_is_packed_is_read_back(last_days):
    assert unpack_recent(pack_recent(last_days)) == last_days

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.calendar import DAY_MS, Calendar, day_date, day_number

ZONES = ("UTC", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati")
CALENDARS = {zone: Calendar(zone) for zone in ZONES}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FROM_2020_TO_2030 = st.integers(1_577_836_800_000, 1_893_456_000_000)


@pytest.mark.parametrize("zone", ZONES)
@given(ms=FROM_2020_TO_2030)
def test_days_and_times_are_those_of_a_wall_clock_in_the_zone(zone, ms):
    instant = EPOCH + timedelta(milliseconds=ms)
    local = instant.astimezone(ZoneInfo(zone))
    clock = timedelta(
        hours=local.hour, minutes=local.minute, seconds=local.second,
        microseconds=local.microsecond // 1000 * 1000,
    )  # fmt: skip

    assert CALENDARS[zone].day_and_ms(ms) == (
        day_number(local.date()),
        clock // timedelta(milliseconds=1),
    )
    assert CALENDARS[zone].day(instant) == day_number(local.date())


def test_the_last_millisecond_of_a_day_and_the_first_of_the_next():
    midnight = day_number(date(2026, 11, 22)) * DAY_MS
    assert CALENDARS["UTC"].day_and_ms(midnight - 1) == (day_number(date(2026, 11, 21)), DAY_MS - 1)
    assert CALENDARS["UTC"].day_and_ms(midnight) == (day_number(date(2026, 11, 22)), 0)


def test_day_numbers_are_dates():
    assert day_number(date(1970, 1, 1)) == 0
    assert day_date(day_number(date(2024, 2, 29))) == date(2024, 2, 29)

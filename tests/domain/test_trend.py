"""Buckets of local time, the trend, landings, drift, and people who answered twice."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.domain.insights.columns import labelled, make_answers
from backend.domain.insights.drift import drift
from backend.domain.insights.landing import always_valid_difference, always_valid_series, landing
from backend.domain.insights.repeats import paired_change, repeat_table
from backend.domain.insights.trend import (
    UNITS,
    bucket,
    bucket_days,
    bucket_words,
    date_of,
    hide_small_buckets,
    local_days,
    trend_table,
)
from backend.domain.insights.watch import drift_table

from .worlds import DAY_MS, START_MS, has_nan, random_answers

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe"]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 2_000_000_000_000), min_size=1, max_size=20),
    st.sampled_from(ZONES),
    st.sampled_from(UNITS),
)
def test_columns_of_instants_fall_into_the_buckets_of_single_ones(at, timezone, unit):
    found = bucket_days(local_days(np.array(at), timezone), unit)

    expected = [bucket(datetime.fromtimestamp(t / 1000, UTC), timezone, unit) for t in at]
    assert [date_of(int(day)).isoformat() for day in found] == expected


@pytest.mark.parametrize(
    "text", ["2025-03-30T00:59:59", "2025-03-30T01:00:00", "2025-10-26T01:00:00"]
)
def test_the_hour_when_the_clocks_change_belongs_to_its_own_date(text):
    at = ms(text + "+00:00")
    expected = datetime.fromtimestamp(at / 1000, ZoneInfo("Europe/Berlin")).date()

    assert date_of(int(local_days(np.array([at]), "Europe/Berlin")[0])) == expected


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("2025-01-01T00:00:00Z", "Mars/Base", "day"), "time zone"),
        (("2025-01-01T00:00:00Z", "UTC", "fortnight"), "units"),
        (("2025-01-01T00:00:00", "UTC", "day"), "offset"),
        (("2025-01-01T00:00:00Z", "../etc/passwd", "day"), "time zone"),
    ],
)
def test_what_cannot_be_a_bucket_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        bucket(*given)


def test_a_bucket_is_said_in_words():
    assert [bucket_words("2026-10-01", unit) for unit in UNITS] == [
        "1 October 2026",
        "Week from 1 October 2026",
        "October 2026",
        "Q4 2026",
    ]


def test_each_bucket_counts_the_last_answer_of_each_user_in_it():
    at = [ms("2025-05-05T10:00:00Z"), ms("2025-05-06T10:00:00Z"), ms("2025-06-20T10:00:00Z")]
    answers = make_answers([0, 10, 0] * 6, user=np.repeat(np.arange(6), 3), at=np.tile(at, 6))

    rows = trend_table(answers, "UTC", "month", ms("2025-06-21T00:00:00Z"))

    assert [row["bucket"] for row in rows] == ["2025-05-01", "2025-06-01"]
    assert [row["level"]["nps"] for row in rows] == [100, -100]
    assert [row["running"] for row in rows] == [False, True]
    assert rows[0]["promoter_share"] == 100


def test_buckets_without_answers_are_drawn_as_gaps():
    at = [ms("2025-01-01T00:00:00Z"), ms("2025-01-04T00:00:00Z")]
    rows = trend_table(make_answers([9, 9], at=at), "UTC", "day", at[1])

    assert [row["level"]["n"] for row in rows] == [1, 0, 0, 1]
    assert rows[1]["level"]["note"] == "no answers"


def test_a_bucket_names_the_versions_it_mixes():
    answers = make_answers(
        [9] * 6, at=[START_MS] * 6, dimensions={"survey_version": labelled(["1", "2"] * 3)}
    )

    assert trend_table(answers, "UTC", "day", START_MS)[0]["versions"] == ["1", "2"]


def test_answers_far_apart_do_not_make_a_million_rows():
    rows = trend_table(make_answers([9, 9], at=[0, 250_000 * DAY_MS]), "UTC", "day", 0)

    assert len(rows) == 2


def test_a_change_is_called_once_and_stays_called():
    series = always_valid_series([60, 60, 60], [[0, 1, 8]] * 10 + [[2, 2, 2]] * 30)
    running = [look["p_running"] for look in series]

    assert running == sorted(running, reverse=True)
    assert running[-1] <= 0.05


def test_days_before_any_answer_say_nothing():
    first = always_valid_series([5, 5, 5], [[0, 0, 0]])[0]

    assert first["difference"] is first["lower"] is first["e_value"] is None
    assert first["p_running"] == 1


@given(st.tuples(*[st.integers(0, 10**6)] * 3), st.tuples(*[st.integers(0, 10**6)] * 3))
def test_always_valid_limits_are_in_range_and_never_nan(before, after):
    found = always_valid_difference(before, after)

    assert not has_nan(found)
    assert 0 <= found["p_always"] <= 1
    if found["difference"] is not None:
        assert -2 <= found["lower"] <= found["difference"] <= found["upper"] <= 2


def released(before, after, n=300, account=None):
    """Answers around a release at day 100, one user an answer."""
    g = np.random.default_rng(3)
    old, new = (g.choice([10, 8, 2], n, p=p) for p in (before, after))
    at = START_MS + np.concatenate((g.integers(10, 100, n), g.integers(100, 130, n))) * DAY_MS
    return make_answers(np.concatenate((old, new)), at=at, account=account)


def test_a_release_that_lowers_the_score_is_seen():
    found = landing(released([0.5, 0.3, 0.2], [0.2, 0.3, 0.5]), START_MS + 100 * DAY_MS, "UTC")

    assert found["changed"]
    assert found["difference"] < -30
    assert found["sentence"].startswith("Down ")
    assert "since the release" in found["sentence"]


def test_a_release_that_changes_nothing_is_no_clear_change():
    found = landing(released([0.5, 0.3, 0.2], [0.5, 0.3, 0.2]), START_MS + 100 * DAY_MS, "UTC")

    assert not found["changed"]
    assert (
        found["sentence"]
        == "No clear change since the release; these answers would usually show 18 points or more."
    )


def test_fewer_than_20_answers_after_a_release_say_nothing():
    answers = released([0.5, 0.3, 0.2], [0, 0, 1])
    few = answers.select(np.r_[np.arange(300), np.arange(300, 319)])

    found = landing(few, START_MS + 100 * DAY_MS, "UTC")

    assert found["difference"] is None
    assert not found["changed"]


def test_one_large_account_makes_the_release_test_more_careful():
    p = [0.5, 0.3, 0.2], [0.3, 0.3, 0.4]
    answers = released(*p)
    alone = landing(answers, START_MS + 100 * DAY_MS, "UTC")
    account = np.where(answers.y == -1, 1, 2 + np.arange(600) // 6)
    together = landing(released(*p, account=account), START_MS + 100 * DAY_MS, "UTC")

    assert together["upper"] - together["lower"] > alone["upper"] - alone["lower"]


def watched(change, n_days=250, change_day=150, per_day=6):
    g = np.random.default_rng(8)
    day = np.repeat(np.arange(n_days), per_day)
    p = np.where(day >= change_day, 0.45 + change, 0.45)
    score = np.where(g.random(len(day)) < p, 10, np.where(g.random(len(day)) < 0.6, 8, 2))
    roles = labelled(["admin" if i % 2 else "member" for i in range(len(day))])
    return make_answers(
        score,
        at=START_MS + day * DAY_MS,
        account=np.arange(len(day)) % 40,
        dimensions={"role": roles, "plan": labelled(["pro"] * len(day))},
    )


def test_a_fall_raises_one_alarm_near_its_onset_and_starts_a_new_baseline():
    table = drift_table(watched(-0.4), "UTC", START_MS + 249 * DAY_MS)
    first = date_of(START_MS // DAY_MS)

    assert [alarm["side"] for alarm in table["alarms"]] == ["drop"]
    onset = datetime.fromisoformat(table["alarms"][0]["onset"]).date()
    assert 140 <= (onset - first).days <= 165
    assert table["alarms"][0]["strata"]
    assert table["baseline_from"] == table["alarms"][0]["onset"]
    assert table["sentence"].startswith("Down since about")


def test_without_a_change_there_is_no_alarm():
    table = drift_table(watched(0), "UTC", START_MS + 249 * DAY_MS)

    assert table["alarms"] == []
    assert table["status"] == "watching"
    assert table["sentence"] == "No clear change since the baseline."


def test_below_one_answer_a_day_nothing_is_watched():
    table = drift_table(random_answers(80), "UTC", START_MS + 400 * DAY_MS)

    assert table["status"] == "too few answers to watch"
    assert table["threshold"] is None


def test_a_stratum_without_baseline_does_not_count():
    found = drift({"a": [40, 30, 30]}, [{"b": [0, 0, 50]}] * 20)

    assert found["drop"] == drift({"a": [40, 30, 30]}, [{}] * 20)["drop"]


def test_the_statistics_stay_finite_however_bad_it_gets():
    found = drift({"a": [90, 10, 0]}, [{"a": [0, 0, 5000]}] * 20)

    assert not has_nan(found)
    assert found["alarm"]["side"] == "drop"


def test_monitors_share_the_budget():
    thresholds = [drift({"a": [9, 9, 9]}, [], budget)["threshold"] for budget in (0.1, 0.05)]

    assert thresholds == pytest.approx([1060, 2120])


@given(st.lists(st.tuples(st.integers(-1, 1), st.integers(-1, 1)), max_size=50))
def test_transitions_add_up_to_the_change(pairs):
    found = paired_change([a for a, _ in pairs], [b for _, b in pairs])
    table = np.array(found["transitions"])

    assert table.sum() == found["n"] == len(pairs)
    if pairs:
        moved = sum(table[i][j] * (j - i) for i in range(3) for j in range(3))
        assert found["change"] == pytest.approx(moved / len(pairs))
        assert -2 <= found["lower"] <= found["change"] <= found["upper"] <= 2


def test_people_who_answered_twice_are_followed_across_the_split():
    n = 20
    answers = make_answers(
        [2] * n + [10] * n + [0],
        user=[*range(n), *range(n), 999],
        at=[START_MS] * n + [START_MS + 50 * DAY_MS] * n + [START_MS],
    )

    found = repeat_table(answers, START_MS + 10 * DAY_MS)

    assert found["n"] == n
    assert found["change"] == 200
    assert found["transitions"] == [[0, 0, n], [0, 0, 0], [0, 0, 0]]
    assert found["sentence"].startswith("People who answered twice. Up 200 points")


@pytest.mark.parametrize("given", [([1], [1, 0]), ([2], [0])])
def test_pairs_that_do_not_match_are_refused(given):
    with pytest.raises(ValueError, match=r"length|categories"):
        paired_change(*given)


def test_small_buckets_are_hidden_with_another_that_they_could_be_worked_out_from():
    day = np.repeat([0, 1, 2], [3, 20, 9])
    rows = trend_table(make_answers([9] * 32, at=START_MS + day * DAY_MS), "UTC", "day", START_MS)

    shown = [row["level"]["n"] for row in hide_small_buckets(rows)]

    assert shown == [None, 20, None]
    assert "3" not in str(hide_small_buckets(rows)[0]["level"])

"""Draws, slots and pacing against the reference of METHODS section 8."""

import json
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import sampling
from backend.domain.sampling import (
    Sampling,
    first_slot,
    murmur3,
    next_draw,
    paced_rate,
    unit_hash,
)
from backend.domain.timestamps import midnight

VECTORS = Path(__file__).parents[1] / "vectors"
REFERENCE = json.loads((VECTORS / "nps_stats.json").read_text(encoding="utf-8"))["functions"]
CASES = json.loads((VECTORS / "sampling.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.parametrize(
    ("name", "case"),
    [(name, c) for name in ("unit_hash", "phase_day", "pacing") for c in REFERENCE[name]],
    ids=lambda value: value if isinstance(value, str) else value["name"],
)
def test_the_reference_numbers_come_out_exactly(name, case):
    assert getattr(sampling, name)(**case["input"]) == case["expected"]


@pytest.mark.parametrize("case", CASES, ids=range(len(CASES)))
def test_a_shared_case_is_drawn_as_written(case):
    given_ = case["input"]
    if case["function"] == "unit_hash":
        assert unit_hash(**given_) == case["expected"]
    else:
        slot = first_slot(Sampling.from_dict(given_["sampling"]), given_["user"])
        assert (slot and slot.isoformat()) == case["expected"]


# Published MurmurHash3_x86_32 values with seed 0.
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (b"", 0),
        (b"hello", 0x248BFA47),
        (b"hello, world", 0x149BBB7F),
        (b"The quick brown fox jumps over the lazy dog", 0x2E4FF723),
    ],
)
def test_the_hash_is_murmur3(text, expected):
    assert murmur3(text) == expected


@given(st.text(), st.sampled_from(["sample", "phase"]))
def test_every_draw_lies_in_the_unit_interval_and_stays(user, purpose):
    u = unit_hash(purpose, "salt", user)

    assert 0 <= u < 1
    assert u == unit_hash(purpose, "salt", user)


def test_a_lone_surrogate_is_drawn_as_a_browser_encodes_it():
    assert unit_hash("sample", "s", "a\ud800b") == unit_hash("sample", "s", "a\ufffdb")


def test_two_salts_share_no_more_people_than_chance():
    users = [f"user-{n}" for n in range(20_000)]
    both = sum(
        unit_hash("sample", "a", u) < 0.2 and unit_hash("sample", "b", u) < 0.2 for u in users
    )

    assert 0.9 < both / (0.04 * len(users)) < 1.1


@given(st.text(), st.floats(0, 1), st.floats(0, 1))
def test_raising_a_rate_never_removes_anybody(user, one, other):
    u = unit_hash("sample", "salt", user)

    if u < min(one, other):
        assert u < max(one, other)


@given(st.text(), st.integers(0, 400))
def test_a_first_slot_lies_within_the_spread(user, spread_days):
    start = date(2026, 10, 1)

    slot = first_slot(Sampling("s", spread_days=spread_days, started_on=start), user)

    assert slot is not None
    assert 0 <= (slot - start).days < max(1, spread_days)


def test_first_slots_are_spread_evenly():
    plan = Sampling("s", spread_days=10, started_on=date(2026, 10, 1))
    counts = [0] * 10
    for n in range(20_000):
        slot = first_slot(plan, f"user-{n}")
        assert slot is not None
        counts[(slot - date(2026, 10, 1)).days] += 1

    assert 1_850 < min(counts) <= max(counts) < 2_150


def test_the_paced_rate_is_the_one_in_force_when_the_rest_ended():
    paced = (
        (datetime(2026, 1, 1, tzinfo=UTC), 0.1),
        (datetime(2026, 6, 1, tzinfo=UTC), 0.3),
        (datetime(2026, 9, 1, tzinfo=UTC), 0.2),
    )
    plan = Sampling("s", spread_days=365, started_on=date(2026, 1, 1), paced=paced)
    now = datetime(2026, 11, 1, tzinfo=UTC)

    assert paced_rate(plan, date(2026, 2, 1), None, now) == 0.1
    assert paced_rate(plan, date(2026, 2, 1), datetime(2026, 7, 1, tzinfo=UTC), now) == 0.3
    assert paced_rate(plan, date(2026, 2, 1), datetime(2026, 10, 1, tzinfo=UTC), now) == 0.2


def test_a_place_in_the_sample_is_decided_at_slot_then_rest_then_the_next_slot():
    paced = ((datetime(2026, 1, 1, tzinfo=UTC), 0.3),)
    plan = Sampling("s", spread_days=90, started_on=date(2026, 1, 1), paced=paced)
    slot, now = date(2026, 2, 1), datetime(2026, 3, 1, tzinfo=UTC)
    rested_at = datetime(2026, 3, 20, tzinfo=UTC)

    assert next_draw(plan, slot, None, 0.1, datetime(2026, 1, 5, tzinfo=UTC)) == midnight(slot)
    assert next_draw(plan, slot, rested_at, 0.1, now) == rested_at
    assert next_draw(plan, slot, None, 0.1, now) is None
    assert next_draw(plan, slot, None, 0.9, now) == datetime(2026, 5, 2, tzinfo=UTC)


def test_without_pacing_the_rate_is_the_rate():
    assert paced_rate(Sampling("s", rate=0.4), None, None, datetime(2026, 1, 1, tzinfo=UTC)) == 0.4

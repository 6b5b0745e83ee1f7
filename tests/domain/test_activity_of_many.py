"""Arrays of people come to the same as one person after another."""

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import activity
from backend.domain.activity_of_many import Activity, Done, added_up, gathered, merge

KEYS, NAMES = st.integers(1, 6), st.sampled_from([1, 2, 255, 256, 70_000, 2**32 - 1])
DAYS = st.integers(20_000, 20_200)
INSTANTS = st.integers(1_700_000_000_000, 1_800_000_000_000)
USES = st.lists(st.tuples(DAYS, NAMES), min_size=1, max_size=6)
PARTS = st.lists(st.tuples(KEYS, INSTANTS, INSTANTS, USES), min_size=1, max_size=12)
EVENTS = st.lists(
    st.tuples(KEYS, DAYS, NAMES, st.integers(0, 9), st.integers(0, 86_399_999), INSTANTS),
    min_size=1,
    max_size=20,
)


def done(parts):
    """Return (key, first, last, [(day, name)]) as arrays, in the order given."""
    people = np.array([(*part[:3], len(part[3])) for part in parts], np.int64).reshape(-1, 4)
    uses = np.array([use for part in parts for use in part[3]], np.int64).reshape(-1, 2)
    return Done(*people.T, *uses.T)


def listed(found):
    ends = np.cumsum(found.counts).tolist()
    uses = list(zip(found.days.tolist(), found.names.tolist(), strict=True))
    people = zip(*(each.tolist() for each in found[:3]), [0, *ends], ends, strict=False)
    return [(key, first, last, uses[begin:end]) for key, first, last, begin, end in people]


def one_by_one(parts):
    people = defaultdict(lambda: ([], [], []))
    for key, first, last, uses in parts:
        people[key][0].append(first)
        people[key][1].append(last)
        people[key][2].extend(uses)
    return [(key, min(a), max(b), uses) for key, (a, b, uses) in sorted(people.items())]


@given(PARTS)
def test_what_is_gathered_is_everybodys_own(parts):
    assert listed(gathered(done(parts))) == one_by_one(parts)


@given(PARTS, st.integers(1, 4))
def test_pieces_are_the_whole(parts, size):
    pieces = [listed(piece) for piece in gathered(done(parts)).pieces(size)]
    assert [person for piece in pieces for person in piece] == one_by_one(parts)
    assert all(len(piece) <= size for piece in pieces)


@given(PARTS)
def test_what_two_ids_did_is_one_persons(parts):
    both = gathered(done(parts)).under(np.array([9] * len({part[0] for part in parts})))
    ((key, first, last, uses),) = listed(both)
    assert (key, first) == (9, min(part[1] for part in parts))
    assert last == max(part[2] for part in parts)
    assert sorted(uses) == sorted(use for part in parts for use in part[3])


def before(past):
    """Return one person's activity: days and recent use."""
    day, bits = activity.merge_days(0, 0, [day for day, _ in past])
    recent = activity.merge_recent(b"", {}, day)
    for used, name in past:
        recent = activity.touch_recent(recent, name, used)
    return day, bits, activity.drop_old(recent, day) if recent else b""


@given(st.lists(st.tuples(st.lists(st.tuples(DAYS, NAMES), max_size=6), USES), min_size=1))
def test_a_merge_of_many_is_that_of_each(people):
    known = [before(past) for past, _ in people]
    expected = []
    for (day, bits, recent), (_, uses) in zip(known, people, strict=True):
        after, after_bits = activity.merge_days(day, bits, [used for used, _ in uses])
        for used, name in uses:
            recent = activity.touch_recent(recent, name, used)
        last = activity.unpack_recent(activity.drop_old(recent, after))
        expected.append((after, after_bits, last))
    parts = [(key, 0, 0, uses) for key, (_, uses) in enumerate(people)]
    columns = [np.array([each[at] for each in known], np.int64) for at in (0, 1)]
    now = Activity(*columns, [recent for *_, recent in known])
    once = merge(now, done(parts))
    assert found(once) == expected
    twice = merge(once, done(parts))
    assert found(twice) == expected
    assert list(twice.recent) == list(once.recent)


def found(merged):
    days, bits = merged.anchors.tolist(), merged.bits.tolist()
    last = [activity.unpack_recent(recent) for recent in merged.recent]
    return list(zip(days, bits, last, strict=True))


@given(EVENTS)
def test_events_are_added_up_by_person_day_and_name(events):
    rows, people = added_up(np.array(events, np.int64))
    expected = {}
    for key, day, name, engaged, ms, _ in events:
        count, total, first = expected.get((key, day, name), (0, 0, ms))
        expected[key, day, name] = (count + 1, total + engaged, min(first, ms))
    assert rows.tolist() == [[*key, *sums] for key, sums in sorted(expected.items())]
    instants = defaultdict(list)
    for key, *_, at in events:
        instants[key].append(at)
    assert listed(people) == [
        (key, min(at), max(at), [(day, name) for own, day, name in sorted(expected) if own == key])
        for key, at in sorted(instants.items())
    ]

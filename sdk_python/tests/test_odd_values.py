"""Whatever people put into properties: nothing is raised, lost, or fatal to the other events."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import uuid
from dataclasses import dataclass
from pathlib import PurePosixPath

import pytest

from zeroten.cleaning import clean
from zeroten.encoding import Encoder, standard_encoder
from zeroten.testing import recording_client


class Color(enum.Enum):
    RED = "red"


class Bare:
    pass


class Broken:
    def __str__(self):
        raise RuntimeError("no text")


@dataclass
class Plan:
    name: str
    seats: int


class BrokenDict(dict):
    def items(self):
        raise RuntimeError("no items")


CIRCLE: dict = {"name": "round"}
CIRCLE["self"] = CIRCLE
DEEP: list = []
for _ in range(2000):
    DEEP = [DEEP]

UTC_NOON = dt.datetime(2026, 11, 22, 12, tzinfo=dt.timezone.utc)
ODD = {
    "datetime": (UTC_NOON, "2026-11-22T12:00:00Z"),
    "naive datetime": (dt.datetime(2026, 11, 22, 12), "2026-11-22T12:00:00"),  # noqa: DTZ001
    "date": (dt.date(2026, 11, 22), "2026-11-22"),
    "time": (dt.time(8, 30), "08:30:00"),
    "timedelta": (dt.timedelta(minutes=1), 60.0),
    "Decimal": (decimal.Decimal("19.99"), 19.99),
    "UUID": (uuid.UUID(int=7), "00000000-0000-0000-0000-000000000007"),
    "NaN": (float("nan"), None),
    "infinity": (float("inf"), None),
    "bytes": (b"caf\xc3\xa9", "café"),
    "set": ({3, 1, 2}, [1, 2, 3]),
    "tuple": ((1, 2), [1, 2]),
    "Enum": (Color.RED, "red"),
    "dataclass": (Plan("pro", 5), {"name": "pro", "seats": 5}),
    "path": (PurePosixPath("/a/b"), "/a/b"),
    "object": (Bare(), "<Bare>"),
    "object whose text fails": (Broken(), "<Broken>"),
    "lone surrogate": ("a\ud800b", "a?b"),
    "2^70": (2**70, str(2**70)),
    "an integer of 10,000 digits": (10**10_000, hex(10**10_000)[:1024]),
    "40 KB text": ("x" * 40_000, "x" * 1023 + "…"),
    "2 MB text": ("y" * 2_000_000, "y" * 1023 + "…"),
    "exception": (ValueError("oops"), "oops"),
}


@pytest.fixture(params=["msgspec", "standard library"])
def client(request):
    client = recording_client()
    if request.param == "standard library":
        client._encode = Encoder(standard_encoder()).encode
    yield client
    client.close()


@pytest.mark.parametrize(("value", "expected"), ODD.values(), ids=ODD.keys())
def test_an_odd_value_arrives_as_the_nearest_json(client, value, expected):
    assert client.track("u-1", "opened", {"odd": value, "good": 1})

    (event,) = client.events
    assert event["properties"] == {"odd": expected, "good": 1}


def test_circles_and_depth_are_cut(client):
    assert client.track("u-1", "opened", {"circle": CIRCLE, "deep": DEEP})

    (event,) = client.events
    assert event["properties"]["circle"]["name"] == "round"
    assert _levels(event["properties"]) <= 6


def test_odd_keys_become_names_the_server_takes(client):
    keys = {1: 1, None: 2, (1, 2): 3, "": 4, "tab\there": 5, "k" * 300: 6, "del\x7f": 7}

    assert client.track("u-1", "opened", keys)

    (event,) = client.events
    assert list(event["properties"]) == ["1", "None", "(1, 2)", "_", "tabhere", "k" * 128, "del"]


def test_properties_that_are_no_dict_do_not_lose_the_event(client):
    for odd in ([1, 2], "text", BrokenDict(a=1), 7):
        assert client.track("u-1", "opened", odd)

    assert len(client.events) == 4


def test_too_many_and_too_large_values_are_trimmed_to_the_servers_limits(client):
    many = {f"key {n}": "é" * 1000 for n in range(150)}
    nested = {"rows": [[1] * 100 for _ in range(100)]}

    assert client.track("u-1", "many", many)
    assert client.track("u-1", "nested", nested)

    first, second = client.events
    assert len(json.dumps(first, ensure_ascii=False).encode()) <= 32 * 1024
    assert 0 < len(first["properties"]) <= 100
    assert _values(second["properties"]) <= 500


def test_a_change_of_the_dict_after_the_call_changes_nothing(client):
    properties = {"step": 1, "nested": {"a": 1}}
    client.track("u-1", "opened", properties)
    properties["step"] = 2
    properties["nested"]["a"] = 2

    (event,) = client.events
    assert event["properties"] == {"step": 1, "nested": {"a": 1}}


def test_changed_events_are_counted_and_plain_ones_are_not():
    client = recording_client()
    client.track("u-1", "opened", {"text": 'with "quotes"\n', "list": [1, 2.5, None, {"a": "b"}]})
    client.track("u-1", "opened", {"set": {1}})
    client.close()

    assert client.stats().coerced == 1


def test_ids_that_cannot_be_sent_are_refused_and_counted():
    client = recording_client()
    refused = [
        client.track(None, "opened"),
        client.track("", "opened"),
        client.track("x" * 201, "opened"),
        client.track("a\nb", "opened"),
        client.track("a\ud800", "opened"),
        client.track("u-1", ""),
        client.track("u-1", None),
        client.track("u-1", "opened", timestamp="yesterday"),
        client.group("u-1", None),
        client.track("u-1", "opened", anonymous_id="\x00"),
    ]
    assert not any(refused)
    assert client.events == []
    assert sum(client.stats().dropped.values()) == len(refused) == client.stats().called
    client.close()


def test_no_call_raises_whatever_it_is_given(client):
    broken = Broken()
    calls = [
        client.track(broken, broken, broken, account_id=broken),
        client.track("u-1", "opened", timestamp=broken),
        client.track("u-1", "opened", message_id=broken),
        client.identify(broken, broken),
        client.group("u-1", broken, broken),
        client.page("u-1", broken),
        client.page("u-1", "", None),
    ]

    assert not any(calls)
    assert client.page("u-1", "/reports", [1, 2])
    assert client.identify("u-1", [("a", 1)])
    assert len(client.events) == 2
    assert client.stats().called == len(calls) + 2


def test_ids_of_other_types_become_text_and_long_message_ids_a_hash():
    client = recording_client()
    assert client.track(42, "opened", message_id="order-7")
    assert client.track(uuid.UUID(int=7), "opened", message_id="x" * 300)
    assert client.track("名前\u00a0é", "opened", message_id="x" * 300)

    first, second, third = client.events
    assert (first["userId"], first["messageId"]) == ("42", "order-7")
    assert second["userId"] == str(uuid.UUID(int=7))
    assert len(second["messageId"]) == 64
    assert third["messageId"] == second["messageId"]
    client.close()


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (UTC_NOON, "2026-11-22T12:00:00.000Z"),
        (dt.datetime(2026, 11, 22, 12), "2026-11-22T12:00:00.000Z"),  # noqa: DTZ001
        (1_790_000_000, "2026-09-21T14:13:20.000Z"),
        ("2026-11-22T13:00:00+01:00", "2026-11-22T12:00:00.000Z"),
        ("2026-11-22T12:00:00Z", "2026-11-22T12:00:00.000Z"),
    ],
)
def test_a_callers_time_is_sent_in_utc(given, sent):
    client = recording_client()
    client.track("u-1", "opened", timestamp=given)
    assert client.events[0]["timestamp"] == sent
    client.close()


def test_clean_never_raises_on_a_mapping_that_breaks():
    assert clean(BrokenDict(a=1)) == ({}, True)
    assert clean(None) == ({}, False)


def _levels(value) -> int:
    if not isinstance(value, (dict, list)):
        return 0
    items = value.values() if isinstance(value, dict) else value
    return 1 + max((_levels(item) for item in items), default=0)


def _values(value) -> int:
    if not isinstance(value, (dict, list)):
        return 1
    items = value.values() if isinstance(value, dict) else value
    return 1 + sum(_values(item) for item in items)

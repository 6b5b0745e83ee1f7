"""Batches read in a second process: the same as read here, and never missed when it is away."""

import gzip
import json
import os
import random
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from backend.api.ingest.reader import WORTH_BYTES, Reader
from backend.api.ingest.reading import read
from backend.domain.errors import DomainError
from backend.domain.pages import PageRule
from backend.services.ingest_batch import Batch, Terms
from backend.storage.models import Name, UsageDay, User
from tests.contracts.serving import eventually

NOW = datetime.now(UTC).replace(microsecond=0)
NOW_MS = int(NOW.timestamp() * 1000)
RULES = (PageRule("/reports/**", "/any-report"),)
TERMS = Terms("Pacific/Auckland", RULES, frozenset({"f1"}), NOW_MS)


def event(number, **more):
    at = NOW - timedelta(hours=7 * number % 500)
    return {
        "type": "track",
        "event": f"f{number % 9}",
        "userId": f"u{number % 30}",
        "messageId": f"m{number}",
        "timestamp": at.isoformat(),
        "properties": {"plan": "pro", "seats": number},
    } | more


def mixed():
    """Every kind of event, some about browsers, some twice."""
    draw = random.Random(4)
    kinds = (
        {},
        {"anonymousId": "b1"},
        {"userId": None, "anonymousId": "b2"},
        {"type": "page", "properties": {"path": "/reports/7", "engaged_ms": 1200}},
        {"type": "screen", "name": "Home"},
        {"type": "identify", "traits": {"role": "admin", "email": "a@example.com"}},
        {"type": "group", "groupId": "acme", "traits": {"size": 3}},
        {"type": "alias", "previousId": "b9"},
        {"messageId": "m1"},
        {"messageId": None},
    )
    return [event(number, **draw.choice(kinds)) for number in range(150)]


def faulty():
    """Events with every fault that is found at another place of reading."""
    events = [event(number) for number in range(150)]
    events[3] |= {"event": ""}
    events[5] |= {"timestamp": "yesterday"}
    events[7] |= {"timestamp": "2020-01-01T00:00:00Z"}
    events[9] |= {"properties": {"a": "x" * 2000}}
    events[11] |= {"ignored": "x" * 33_000}
    events[13] |= {"type": "page", "properties": {}}
    events[15] = [1, 2]
    events[17] |= {"event": "a\x00b"}
    return events


def body(events, **more):
    return json.dumps({"batch": events} | more).encode()


BODIES = {
    "mixed": body(mixed()),
    "sent by a wrong clock": body(mixed(), sentAt=(NOW - timedelta(hours=3)).isoformat()),
    "faulty": body(faulty()),
    "all faulty": body([event(number, event="") for number in range(150)]),
    "as many as allowed": body([event(number) for number in range(2500)]),
    "one too many": body([event(number) for number in range(2501)]),
    "odd letters": body([event(number, userId="Zoë \U0001f600 \\ \x7f") for number in range(99)]),
    "no times": body([event(number, timestamp=None) for number in range(150)]),
    "no message ids": body([event(number, messageId=None) for number in range(150)]),
    "no events": b'{"batch": [], "more": "' + b"x" * WORTH_BYTES + b'"}',
    "no batch": b'{"more": "' + b"x" * WORTH_BYTES + b'"}',
    "no array": b'{"batch": {}, "more": "' + b"x" * WORTH_BYTES + b'"}',
    "cut off": body(mixed())[:-9],
    "no JSON": b"\x80\x04." * WORTH_BYTES,
    "no UTF-8": body(mixed()).replace(b"pro", b"\xff"),
    "1e400": body([*mixed(), event(1, properties={"a": 7777})]).replace(b"7777", b"1e400"),
    "nested": b'{"batch": ' + b"[" * WORTH_BYTES + b"]" * WORTH_BYTES + b"}",
}


@pytest.fixture(scope="module")
def reader():
    """A reader whose second process is ready."""
    made = Reader(processors=2)
    made.open()
    beside(made, BODIES["mixed"])
    yield made
    made.close()


def beside(reader, body, terms=TERMS):
    """Return the batch as the second process reads it, once it does."""

    def tried():
        found = reader.read(body, terms)
        return None if isinstance(found, Batch) else found

    # A process takes its time on a busy machine.
    return eventually(tried, within_s=60)


class Elsewhere:
    """Has everything read in the second process."""

    def __init__(self, reader):
        self._reader = reader

    def read(self, body, terms):
        return beside(self._reader, body, terms)


def told(work):
    """Return what `work` makes, or what it says is wrong."""
    try:
        return work()
    except DomainError as error:
        return type(error), error.detail, error.errors


def pid_of(reader):
    return reader._beside.pid


def threads():
    return [each for each in threading.enumerate() if each.name == "batch-reader"]


@pytest.mark.parametrize("key", [None, "night-run-7"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_batch_says_the_same_wherever_it_is_read(reader, body, key):
    assert len(body) >= WORTH_BYTES
    terms = TERMS._replace(key=key)
    assert told(lambda: beside(reader, body, terms).reading) == told(
        lambda: read(body, terms).reading
    )


def test_what_is_rare_is_the_same_too(reader):
    there, here = beside(reader, BODIES["mixed"]), read(BODIES["mixed"], TERMS)
    assert there.reading.armed
    assert there.without({"m2", "m3"}) == here.without({"m2", "m3"})
    erased = {("u3", False), ("b1", True)}
    refused = there.refusing(erased).reading
    assert refused == here.refusing(erased).reading
    assert refused.answer["errors"][0]["code"] == "user-erased"


def rows(db, project):
    """Return what is stored of a project, without its own numbers."""
    with db.read() as session:
        days = select(User.user_id, Name.name, UsageDay.day, UsageDay.count, UsageDay.engaged_ms)
        days = days.join(User, User.key == UsageDay.user_key)
        days = days.join(Name, Name.id == UsageDay.name_id)
        people = select(User.user_id, User.is_anonymous, User.traits)
        return [
            sorted(map(repr, session.execute(query.where(User.project_id == project.id))))
            for query in (days, people)
        ]


def test_the_same_is_stored_and_answered(app, client, db, make_project, reader):
    state = app.extensions["zeroten"]
    requests = [
        (BODIES["mixed"], {}),
        (gzip.compress(BODIES["faulty"]), {"Content-Encoding": "gzip"}),
        (BODIES["mixed"], {}),
        (BODIES["no message ids"], {"Idempotency-Key": "k"}),
        (BODIES["no message ids"], {"Idempotency-Key": "k"}),
        (BODIES["cut off"], {}),
        (BODIES["one too many"], {}),
        (gzip.compress(BODIES["mixed"])[:-9], {"Content-Encoding": "gzip"}),
    ]
    answers, stored = [], []
    for each in (Reader(processors=2), Elsewhere(reader)):
        app.extensions["zeroten"] = replace(state, reader=each)
        project = make_project()
        base = {"Authorization": f"Bearer {project.secret_key}", "Content-Type": "application/json"}
        sent = [client.post("/v1/batch", data=body, headers=base | more) for body, more in requests]
        answers.append([(one.status_code, without_id(one.json)) for one in sent])
        stored.append(rows(db, project))
    assert answers[0] == answers[1]
    assert [status for status, _ in answers[0]] == [200, 200, 200, 200, 200, 400, 413, 400]
    assert stored[0] == stored[1]
    assert all(stored[0])


def without_id(document):
    return {name: value for name, value in document.items() if name != "instance"}


def test_a_process_killed_in_its_work_and_one_that_hangs_keep_nobody_from_an_answer():
    reader, others = Reader(processors=2, pause_s=0), threads()
    reader.open()
    try:
        beside(reader, BODIES["mixed"])
        first = pid_of(reader)
        os.kill(first, signal.SIGSTOP)
        with ThreadPoolExecutor(10) as pool:
            # More than there are connections; those that have one wait until it is killed.
            found = list(pool.map(lambda _: reader.read(BODIES["mixed"], TERMS), range(10)))
        assert Batch in map(type, found)
        assert all(each.reading == read(BODIES["mixed"], TERMS).reading for each in found)

        beside(reader, BODIES["mixed"])
        assert pid_of(reader) != first
        with pytest.raises(ProcessLookupError):
            os.kill(first, 0)  # not even a zombie is left
        os.kill(pid_of(reader), signal.SIGKILL)
        assert told(lambda: reader.read(BODIES["one too many"], TERMS)) == told(
            lambda: read(BODIES["one too many"], TERMS)
        )
    finally:
        reader.close()
    eventually(lambda: threads() == others, within_s=60)


def test_a_small_batch_and_a_single_processor_start_no_process():
    small = body([event(1)])
    for reader, sent in (
        (Reader(processors=2), small),
        (Reader(processors=1), BODIES["mixed"]),
    ):
        before = threads()
        reader.open()
        assert isinstance(reader.read(sent, TERMS), Batch)
        assert threads() == before
        reader.close()


def test_a_process_that_is_closed_while_it_starts_ends():
    reader = Reader(processors=2)
    before = threads()
    reader.open()
    assert isinstance(reader.read(BODIES["mixed"], TERMS), Batch)
    reader.close()
    eventually(lambda: threads() == before, within_s=60)
    assert isinstance(reader.read(BODIES["mixed"], TERMS), Batch)
    assert threads() == before

"""Batches of usage events (abuse cases 31, 33 to 37 and 47)."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select

from backend.services.clock import utc_now
from backend.storage.models import Name, UsageDay, User
from tests.contracts.serving import make_project, send, track


def counted(project):
    """Return how often each name was used in the project."""
    query = (
        select(Name.name, UsageDay.count)
        .join(Name, Name.id == UsageDay.name_id)
        .where(Name.project_id == project.id)
    )
    totals = {}
    with project.server.db.read() as session:
        for name, count in session.execute(query):
            totals[name] = totals.get(name, 0) + count
    return totals


def result(stored=0, duplicates=0, rejected=0):
    return {"stored": stored, "duplicates": duplicates, "rejected": rejected}


def outcome(answer):
    assert answer.status == 200, answer
    return {name: answer.json[name] for name in ("stored", "duplicates", "rejected")}


def test_the_same_batch_sent_twice_counts_once_and_gets_the_same_answer(project):
    events = [track(number) for number in range(5)]
    first, second = project.batch(events), project.batch(events)
    assert first.status == second.status == 200
    assert first.json == second.json == result(stored=5) | {"errors": []}
    assert counted(project) == {"export_csv": 5}


def test_a_batch_with_a_key_is_counted_once_whatever_stands_in_it(project):
    key = {"Idempotency-Key": "night-run-7"}
    first = project.batch([track(1, messageId=None)] * 3, headers=key)
    again = project.batch([track(1, messageId=None)] * 3, headers=key)
    other = project.batch([track(2, event="other")], headers=key)
    assert first.json == again.json == other.json
    assert counted(project) == {"export_csv": 3}


def test_a_key_belongs_to_one_project(server, project):
    other = make_project(server)
    key = {"Idempotency-Key": "k"}
    assert outcome(project.batch([track()], headers=key)) == result(stored=1)
    assert outcome(other.batch([track()], headers=key)) == result(stored=1)
    assert counted(other) == {"export_csv": 1}


def test_one_batch_sent_twenty_times_at_once_counts_once(project):
    events = [track(number) for number in range(50)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: project.batch(events), range(20)))
    assert {answer.status for answer in answers} == {200}
    assert {json.dumps(answer.json) for answer in answers} == {json.dumps(answers[0].json)}
    assert counted(project) == {"export_csv": 50}


def test_a_message_counts_once_in_one_batch_and_in_another(project):
    assert outcome(project.batch([track(1), track(1), track(2)])) == result(2, duplicates=1)
    assert outcome(project.batch([track(2), track(3)])) == result(1, duplicates=1)
    assert counted(project) == {"export_csv": 3}


def test_batches_that_share_messages_count_each_once_when_they_come_at_once(project):
    batches = [[track(number) for number in range(start, start + 40)] for start in range(20)]
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(project.batch, batches))
    assert sum(outcome(answer)["stored"] for answer in answers) == 59
    assert counted(project) == {"export_csv": 59}


def test_traits_that_arrive_at_once_are_all_kept(server, project):
    def identify(number):
        return project.batch(
            [
                {"type": "identify", "userId": "u1", "traits": {f"t{number}": number}},
                {"type": "group", "userId": "u1", "groupId": "acme", "traits": {f"g{number}": 1}},
                track(number),
            ]
        )

    with ThreadPoolExecutor(10) as pool:
        assert {answer.status for answer in pool.map(identify, range(20))} == {200}
    with server.db.read() as session:
        user = session.scalars(select(User).where(User.project_id == project.id)).one()
        assert user.traits == {f"t{number}": number for number in range(20)}


def test_one_bad_event_in_a_hundred_does_not_fail_its_neighbours(project):
    events = [track(number) for number in range(100)]
    events[41] = track(41, event="")
    answer = project.batch(events)
    assert outcome(answer) == result(99, rejected=1)
    [fault] = answer.json["errors"]
    assert (fault["index"], fault["messageId"], fault["code"]) == (41, "m41", "invalid-event")


def test_the_list_of_faults_ends_at_a_hundred_and_says_so(project):
    answer = project.batch([track(number, event="") for number in range(150)])
    assert outcome(answer) == result(rejected=150)
    assert len(answer.json["errors"]) == 100
    assert answer.json["errors_truncated"] is True


BAD_EVENTS = {
    "no type": {"type": None},
    "an unknown type": {"type": "erase"},
    "no person": {"userId": None},
    "a user of 201": {"userId": "x" * 201},
    "a user with NUL": {"userId": "a\x00b"},
    "a user true": {"userId": True},
    "an event of 201": {"event": "x" * 201},
    "an event with ESC": {"event": "a\x1b"},
    "a message id of 101": {"messageId": "x" * 101},
    "a message id with NUL": {"messageId": "x\x00"},
    "nesting 7": {"properties": json.loads('{"a":' * 7 + "1" + "}" * 7)},
    "101 keys": {"properties": {str(number): 1 for number in range(101)}},
    "a key of 129": {"properties": {"k" * 129: 1}},
    "a key with NUL": {"properties": {"a\x00b": 1}},
    "2^53": {"properties": {"a": 2**53}},
    "2^70": {"properties": {"a": 2**70}},
    "a text of 1,025": {"properties": {"a": "x" * 1025}},
    "501 values": {"properties": {"a": list(range(500))}},
    "properties an array": {"properties": [1]},
    "more than 32 KiB": {"ignored": "x" * 33_000},
    "a page with NUL": {"type": "page", "properties": {"path": "/a\x00b"}},
    "a page of no path": {"type": "page", "properties": {}},
    "a group of no id": {"type": "group"},
}


@pytest.mark.parametrize("change", BAD_EVENTS.values(), ids=BAD_EVENTS)
def test_a_bad_event_is_rejected_and_the_rest_is_stored(project, change):
    answer = project.batch([track(1), track(2, **change), track(3)])

    assert outcome(answer) == result(2, rejected=1)
    assert answer.json["errors"][0]["index"] == 1
    assert len(answer.body) < 1000
    assert counted(project) == {"export_csv": 2}


def at(delta):
    return (utc_now() + delta).isoformat()


BAD_TIMES = {
    "naive": "2026-11-22T08:00:00",
    "year 10000": "10000-01-01T00:00:00Z",
    "year 1": "0001-01-01T00:00:00+14:00",
    "30 February": "2026-02-30T08:00:00Z",
    "25 hours ahead": at(timedelta(hours=25)),
    "401 days ago": at(-timedelta(days=401)),
    "a number": 1790000000,
    "words": "yesterday",
}


@pytest.mark.parametrize("timestamp", BAD_TIMES.values(), ids=BAD_TIMES)
def test_an_event_of_an_impossible_time_is_rejected(project, timestamp):
    answer = project.batch([track(1), track(2, timestamp=timestamp)])
    assert outcome(answer) == result(1, rejected=1)
    assert answer.json["errors"][0]["code"] == "invalid-time"


@pytest.mark.parametrize("hours", [23, -399 * 24])
def test_an_event_of_a_time_within_the_limits_is_counted(project, hours):
    answer = project.batch([track(1, timestamp=at(timedelta(hours=hours)))])
    assert outcome(answer) == result(1)


@pytest.mark.parametrize("sent_at", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "é"])
def test_a_senseless_time_of_sending_is_no_server_error(project, sent_at):
    answer = project.batch([track(1)], headers={"X-Sent-At": sent_at})
    assert outcome(answer) == result(1)


def test_hostile_keys_are_stored_as_data(server, project):
    traits = {"__proto__": 1, "constructor": 2, "$where": "1", "a.b": 3, "'; DROP TABLE users": 4}
    answer = project.batch([{"type": "identify", "userId": "u1", "traits": traits}])
    assert outcome(answer) == result(1)
    with server.db.read() as session:
        user = session.scalars(select(User).where(User.project_id == project.id)).one()
        assert user.traits == traits


def test_a_gzip_bomb_gets_413_and_takes_no_memory(server, project):
    bomb = gzip.compress(b"\0" * 10_000_000, 9)
    project.batch([track()])
    before = peak_bytes(server)

    answers = [
        project.batch(None, body=bomb, headers={"Content-Encoding": "gzip"}) for _ in range(5)
    ]

    assert {(answer.status, answer.slug) for answer in answers} == {(413, "payload-too-large")}
    assert peak_bytes(server) - before < 16 * 1024 * 1024


def peak_bytes(server):
    peaks = [
        int(line.split()[1]) * 1024
        for pid in server.worker_pids()
        for line in Path(f"/proc/{pid}/status").read_text().splitlines()
        if line.startswith("VmHWM")
    ]
    return max(peaks)


def test_a_batch_as_large_as_allowed_is_counted(project):
    events = [track(number, userId=f"u{number % 50}") for number in range(2500)]
    body = gzip.compress(json.dumps({"batch": events}).encode())
    answer = project.batch(None, body=body, headers={"Content-Encoding": "gzip"})
    assert outcome(answer) == result(2500)
    assert counted(project) == {"export_csv": 2500}


@pytest.mark.parametrize("scheme", ["Bearer", "Basic"])
def test_each_event_has_an_address_of_its_own_too(project, scheme):
    import base64

    key = project.given.secret_key
    token = key if scheme == "Bearer" else base64.b64encode(f"{key}:".encode()).decode()
    headers = {"Authorization": f"{scheme} {token}", "Content-Type": "application/json"}
    bodies = {
        "track": {"event": "export_csv"},
        "page": {"properties": {"path": "/reports/42?token=x"}},
        "identify": {"traits": {"role": "admin"}},
        "group": {"groupId": "acme"},
    }
    for kind, body in bodies.items():
        document = json.dumps({"userId": "u1"} | body).encode()
        answer = send(project.server, "POST", f"/v1/{kind}", document, headers)
        assert outcome(answer) == result(1)
    assert counted(project) == {"export_csv": 1, "/reports/:id": 1}

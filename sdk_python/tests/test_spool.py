"""The spool: whose files are taken over, what a torn file gives back, and what when it fails."""

from __future__ import annotations

import json
import os
import time

import pytest
from sdk_python.tests.fault_server import FaultServer

from zeroten.batch import SEPARATOR
from zeroten.spool import Spool, read_batch

DEAD = "http://127.0.0.1:9"
NAME = "0123456789abcdef"


def event(number: int) -> bytes:
    return json.dumps({"type": "track", "messageId": f"{NAME}-{number}"}).encode()


def test_a_batch_reads_back_as_it_was_sealed(tmp_path):
    chunk = Spool(tmp_path, NAME).open_chunk(f"{NAME}.1")
    for number in range(100):
        chunk.append(event(number))

    torn = read_batch(chunk.path)
    sealed = chunk.seal()

    assert (torn.key, torn.count, torn.events) == (sealed.key, sealed.count, sealed.events)
    assert not torn.has_own_ids


@pytest.mark.parametrize(
    "last",
    [event(2)[:-5], event(2)[:5] + b"\0\0" + event(2)[7:] + SEPARATOR, event(2)[:-1] + SEPARATOR],
    ids=["its end is missing", "its middle is missing", "it is no JSON"],
)
def test_a_last_record_that_was_not_finished_is_left_out(tmp_path, last):
    path = tmp_path / f"{NAME}.1.events"
    path.write_bytes(event(1) + SEPARATOR + last + bytes(1000))

    assert read_batch(path).events == event(1)


def test_a_hosts_own_message_id_is_recognised_in_the_file(tmp_path):
    path = tmp_path / f"{NAME}.1.events"
    path.write_bytes(b'{"type":"track","messageId":"order-7"}' + SEPARATOR)

    assert read_batch(path).has_own_ids


def test_the_folder_of_a_living_process_is_left_alone(tmp_path):
    living = Spool(tmp_path, "a" * 16)
    living.open_chunk("k").append(event(1))
    other = Spool(tmp_path, "b" * 16)

    assert list(other.adopt()) == []
    living.close()
    assert [batch.count for batch in other.adopt()] == [1]


def test_other_things_in_the_folder_are_left_alone(tmp_path):
    (tmp_path / "notes").mkdir()
    (tmp_path / "readme.txt").write_text("hello")

    assert list(Spool(tmp_path, NAME).adopt()) == []
    assert list((tmp_path / "notes").iterdir()) == []


def test_a_delivered_spool_leaves_nothing_behind(server, make_client, tmp_path):
    client = make_client(spool=tmp_path / "spool")
    for number in range(1200):
        client.track("u-1", "opened", {"number": number})
    assert client.close(20)

    assert list((tmp_path / "spool").iterdir()) == []
    assert len(server.events) == 1200


def test_events_are_readable_by_their_owner_alone(make_client, tmp_path):
    client = make_client(host=DEAD, spool=tmp_path / "spool")
    client.track("u-1", "opened")

    root = tmp_path / "spool"
    modes = {path.stat().st_mode & 0o077 for path in [root, *root.rglob("*")]}
    assert modes == {0}


def test_a_spool_that_cannot_be_written_is_said_once_and_events_wait_in_memory(
    server, make_client, tmp_path, caplog
):
    (tmp_path / "file").write_text("not a folder")
    client = make_client(spool=tmp_path / "file", flush_at=10)

    for number in range(50):
        assert client.track("u-1", "opened", {"number": number})
    assert client.flush(20)

    assert len(server.events) == 50
    assert len([r for r in caplog.records if "wait in memory" in r.message]) == 1


def test_a_full_disk_costs_nothing_but_the_spool(server, make_client, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("zeroten.spool.os.posix_fallocate", full)
    client = make_client(spool=tmp_path / "spool")

    assert client.track("u-1", "opened")
    assert client.flush(20)
    assert len(server.events) == 1


def test_events_older_than_the_servers_memory_of_keys_expire_and_are_counted(make_client, tmp_path):
    folder = tmp_path / NAME
    folder.mkdir()
    for number, age_days in enumerate((8, 6)):
        path = folder / f"{NAME}.{number}.events"
        path.write_bytes(event(number) + SEPARATOR)
        os.utime(path, (time.time() - age_days * 86_400,) * 2)
    client = make_client(spool=tmp_path)

    client.flush(20)

    stats = client.stats()
    assert (stats.recovered, stats.stored, stats.dropped) == (2, 1, {"expired": 1})


def test_a_refused_key_leaves_the_spool_for_the_next_start(server, make_client, tmp_path):
    server.faults = [401]
    first = make_client(spool=tmp_path)
    first.track("u-1", "opened")
    first.flush(5)
    assert first.stats().kept == 1
    first.close(1)

    second = make_client(spool=tmp_path)
    assert second.flush(5)
    assert len(server.events) == 1


def test_halves_of_a_spooled_batch_survive_too(make_client, tmp_path):
    small = FaultServer()
    small.max_events = 40
    small.faults = [200, 200]
    client = make_client(host=small.url, spool=tmp_path, flush_interval_s=30)
    for number in range(100):
        client.track("u-1", "opened", {"number": number})

    assert client.flush(10)
    assert len(small.events) == 100
    client.close(1)
    assert list(tmp_path.iterdir()) == []
    small.stop()

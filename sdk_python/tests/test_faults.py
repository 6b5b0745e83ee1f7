"""Outages, refusals and full queues: what is lost is what the server named as bad, and counted."""

from __future__ import annotations

import logging
import threading
import time

import pytest
from sdk_python.tests.fault_server import FaultServer

import zeroten
from zeroten import retry
from zeroten.transport import Reply, retry_after_s


def accounts_for_all(stats: zeroten.Stats) -> bool:
    outcomes = stats.stored + stats.duplicates + stats.rejected + sum(stats.dropped.values())
    return stats.called + stats.recovered == outcomes + stats.waiting + stats.kept


def track(client, count: int, name: str = "opened") -> None:
    for number in range(count):
        assert client.track("u-1", name, {"number": number})


def test_an_outage_loses_nothing_and_the_client_comes_back_by_itself(make_client):
    first = FaultServer()
    port = first.port
    client = make_client(host=first.url)
    track(client, 100, "before")
    assert client.flush(20)
    first.stop()

    for number in range(1000):
        client.track("u-1", "meanwhile", {"number": number})
        time.sleep(0.002)
    assert not client.flush(0.2)
    second = FaultServer(port)
    track(client, 100, "after")

    assert second.wait_for(1100, timeout_s=20) == 1100
    assert set(second.copies.values()) == {1}
    assert client.flush(20)
    assert accounts_for_all(client.stats())
    second.stop()


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503])
def test_a_passing_refusal_is_tried_again_with_the_same_bytes(server, make_client, status):
    server.faults = [status]
    client = make_client()

    track(client, 500)
    assert client.flush(20)

    assert len(server.events) == 500
    assert len({(key, body) for _, key, body, _ in server.requests}) == 1
    assert len(server.requests) == 2


def test_too_large_for_the_server_is_split_until_it_fits(server, make_client):
    server.max_events = 70
    client = make_client(flush_interval_s=30)

    track(client, 300)
    assert client.flush(20)

    assert len(server.events) == 300
    assert set(server.copies.values()) == {1}
    assert client.stats().stored == 300


@pytest.mark.parametrize("status", [400, 422])
def test_one_refused_batch_is_tried_in_halves_and_loses_nothing(server, make_client, status):
    server.faults = [status]
    client = make_client(flush_interval_s=30)

    track(client, 300)
    assert client.flush(20)

    assert len(server.events) == 300


def test_a_server_that_refuses_for_good_costs_few_requests_and_is_counted(server, make_client):
    server.faults = [400] * 100
    dropped = []
    client = make_client(flush_interval_s=30, on_drop=lambda *drop: dropped.append(drop))

    track(client, 400)
    assert not client.flush(20)

    assert len(server.requests) == 15  # 1 + 2 + 4 + 8
    assert client.stats().dropped == {"refused_400": 400}
    assert dropped == [("refused_400", 50)] * 8


def test_events_named_as_bad_are_rejected_alone(server, make_client):
    dropped = []
    client = make_client(on_drop=lambda *drop: dropped.append(drop))

    track(client, 99)
    client.track("u-1", "bad")
    assert not client.flush(20)

    assert len(server.events) == 99
    assert client.stats().rejected == 1
    assert dropped == [("rejected", 1)]


def test_a_refused_key_stops_the_client_and_is_said_once(server, make_client, caplog):
    server.faults = [401] * 10
    client = make_client(flush_interval_s=30)

    track(client, 50)
    assert not client.flush(20)
    refused = [client.track("u-1", "later") for _ in range(5)]

    assert not any(refused)
    assert len(server.requests) == 1
    assert [record.levelno for record in caplog.records].count(logging.ERROR) == 1
    assert client.stats().dropped == {"refused_401": 55}


def test_a_page_that_is_not_our_answer_does_not_count_as_delivered():
    assert retry.judge(Reply(200, b"<html>log in</html>"), 10, 0) is retry.Verdict.RETRY
    assert retry.judge(Reply(200, b'{"success": true}'), 10, 0) is retry.Verdict.DELIVERED


def test_a_full_queue_refuses_new_events_and_accounts_for_every_one(make_client, caplog):
    drops = []
    client = make_client(
        host="http://127.0.0.1:9",
        max_queue_events=1000,
        on_drop=lambda reason, count: drops.append((reason, count)),
    )

    taken = sum(client.track("u-1", "opened", {"n": n}) for n in range(3000))
    client.close(0.1)

    assert taken == 1000
    stats = client.stats()
    assert stats.called == 3000
    assert stats.dropped == {"queue_full": 2000, "closed": 1000}
    assert accounts_for_all(stats)
    assert sum(count for _, count in drops) == 3000
    assert len([record for record in caplog.records if "lost" in record.message]) == 1


def test_the_queue_is_bounded_in_bytes(make_client):
    client = make_client(host="http://127.0.0.1:9", max_queue_bytes=100_000, gzip=False)

    taken = sum(client.track("u-1", "opened", {"text": "x" * 1000}) for _ in range(200))

    assert 70 <= taken <= 95
    assert client.stats().waiting_bytes <= 100_000


def test_the_server_is_told_what_was_dropped(server, make_client):
    server.faults = [("slow", 0.5)]
    client = make_client(max_queue_events=100)

    taken = sum(client.track("u-1", "opened") for _ in range(150))
    client.flush(5)
    client.track("u-1", "again")
    client.flush(5)

    assert taken == 100
    reports = [headers.get("Zeroten-Dropped") for *_, headers in server.requests]
    assert [report for report in reports if report] == ["queue_full=50"]


def test_on_drop_that_raises_or_tracks_does_no_harm(server, make_client):
    def on_drop(reason, count):
        client.flush(1)
        raise RuntimeError("host bug")

    server.faults = [400]
    client = make_client(on_drop=on_drop)

    assert client.track("u-1", "opened")
    assert not client.flush(20)
    assert client.track("u-1", "opened")
    assert client.flush(20)


def test_threads_share_a_client_without_loss(server, make_client):
    client = make_client(max_queue_events=100_000)
    threads = [threading.Thread(target=track, args=(client, 1000, f"t{n}")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert client.flush(20)
    assert len(server.events) == 8000
    assert set(server.copies.values()) == {1}


def test_a_long_outage_and_its_end_are_said_once_each(server, make_client, caplog, monkeypatch):
    monkeypatch.setattr("zeroten.sender._OUTAGE_S", 0.3)
    server.faults = [503] * 6
    client = make_client()

    track(client, 10)
    for _ in range(8):
        client.flush(0.2)

    said = [record.message for record in caplog.records]
    assert len(said) == 2
    assert "10 events wait" in said[0]
    assert "answers again" in said[1]
    assert len(server.events) == 10


def test_a_slow_server_does_not_slow_the_caller(server, make_client):
    server.faults = [("slow", 1.0)] * 3
    client = make_client(flush_at=10)

    started = time.perf_counter()
    track(client, 2000)

    assert time.perf_counter() - started < 0.8
    assert client.flush(20)


def test_a_connection_that_the_server_closed_while_idle_is_opened_anew(
    server, make_client, monkeypatch
):
    monkeypatch.setattr("zeroten.transport._REST_S", 0.0)
    client = make_client()
    track(client, 1)
    assert client.flush(20)
    server._server.cut_all()
    time.sleep(0.05)

    track(client, 1)
    assert client.flush(20)
    assert client.stats().retries == 0


def test_a_connection_reset_in_use_costs_one_request_a_try(server, make_client):
    client = make_client()
    track(client, 1)
    assert client.flush(20)
    server.faults = ["reset", "lost"]

    track(client, 1)
    assert client.flush(20)
    assert len(server.requests) == 4
    assert client.stats().retries == 2
    assert len(server.events) == 2


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("3", 3.0), ("0", 0.0), ("-5", 0.0), ("soon", None), (None, None), ("nan", None),
     ("Sun, 22 Nov 2026 08:00:10 GMT", 10.0), ("Sun, 22 Nov 2026 07:00:00 GMT", 0.0)],
)  # fmt: skip
def test_retry_after_is_read_as_seconds_or_date(header, seconds):
    now = 1795334400.0  # 2026-11-22 08:00:00 UTC
    assert retry_after_s(header, now) == seconds


def test_pauses_have_full_jitter_up_to_a_minute_and_heed_the_server_up_to_ten():
    for failures in (1, 3, 8, 1000):
        pauses = [retry.delay_s(failures) for _ in range(200)]
        limit = min(60.0, 0.5 * 2 ** min(failures, 10))
        assert 0.1 <= min(pauses) < 0.4 * limit
        assert 0.6 * limit < max(pauses) <= limit
    assert 3.0 <= retry.delay_s(1, 3.0) <= 3.3
    assert 600 <= retry.delay_s(1, 86_400) <= 605

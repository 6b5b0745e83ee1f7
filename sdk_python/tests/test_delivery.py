"""Events reach the server in batches, whatever the server does meanwhile."""

from __future__ import annotations

import zlib


def test_an_event_arrives_with_who_what_and_when(server, make_client):
    client = make_client()

    assert client.track("u-1", "export_csv", {"rows": 3}, account_id="acme")
    assert client.flush(20)

    (event,) = server.events.values()
    assert event["type"] == "track"
    assert event["userId"] == "u-1"
    assert event["event"] == "export_csv"
    assert event["properties"] == {"rows": 3}
    assert event["context"] == {"groupId": "acme"}
    assert event["timestamp"].endswith("Z")


def test_every_kind_of_call_has_its_type_on_the_wire(server, make_client):
    client = make_client()

    client.identify(7, {"role": "admin"}, anonymous_id="a-1")
    client.group("u-1", "acme", {"plan": "pro"})
    client.page("u-1", "/reports/:id?secret=1", {"language": "en"})
    assert client.flush(20)

    identify, group, page = server.events.values()
    assert (identify["type"], identify["userId"], identify["anonymousId"]) == (
        "identify",
        "7",
        "a-1",
    )
    assert (group["type"], group["groupId"], group["traits"]) == ("group", "acme", {"plan": "pro"})
    assert (page["type"], page["name"]) == ("page", "/reports/:id")
    assert page["properties"] == {"path": "/reports/:id", "language": "en"}


def test_events_go_out_compressed_in_batches_of_500(server, make_client):
    client = make_client(flush_interval_s=30)

    for number in range(1200):
        assert client.track("u-1", "opened", {"number": number})
    assert client.flush(20)

    assert len(server.events) == 1200
    assert len(server.requests) == 3
    assert all(headers["Content-Encoding"] == "gzip" for *_, headers in server.requests)
    assert zlib.decompress(server.requests[0][2], 31).startswith(b'{"batch":[{"type"')


def test_a_connection_reset_twice_loses_and_doubles_nothing(server, make_client):
    server.faults = ["lost", "reset"]
    client = make_client()

    for number in range(300):
        client.track("u-1", "opened", {"number": number})
    assert client.flush(20)

    assert len(server.events) == 300
    bodies = {key: body for _, key, body, _ in server.requests}
    assert all(body == bodies[key] for _, key, body, _ in server.requests)
    assert client.stats().stored == 300


def test_retry_after_is_a_minimum(server, make_client):
    server.faults = [(429, {"Retry-After": "1"}), (503, {"Retry-After": "1"})]
    client = make_client()

    client.track("u-1", "opened")
    assert client.flush(20)

    times = [at for at, *_ in server.requests]
    assert len(times) == 3
    assert all(1.0 <= later - earlier < 1.5 for earlier, later in zip(times, times[1:]))


def test_a_batch_with_the_hosts_own_message_ids_leaves_repeats_to_the_server(server, make_client):
    client = make_client()

    client.track("u-1", "paid", message_id="order-7")
    assert client.flush(20)
    client.track("u-1", "paid", message_id="order-7")
    assert client.flush(20)

    assert [key for _, key, *_ in server.requests] == [None, None]
    assert len(server.events) == 1
    assert client.stats().duplicates == 1

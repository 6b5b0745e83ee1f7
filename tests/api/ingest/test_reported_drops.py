"""What senders say they lost is counted where operators look."""

import pytest


@pytest.fixture
def send(client, project):
    def call(header):
        event = {"type": "track", "event": "export", "userId": "u1"}
        sent = client.post(
            "/v1/batch",
            json={"batch": [event]},
            headers={"Authorization": f"Bearer {project.secret_key}", "Zeroten-Dropped": header},
        )
        assert sent.status_code == 200

    return call


@pytest.fixture
def counted(client, project):
    """The reasons and counts of the project."""

    def read():
        name = f'zeroten_sender_dropped_events_total{{project="{project.id}",reason="'
        lines = client.get("/metrics").text.splitlines()
        parts = (line[len(name) :].split('"} ') for line in lines if line.startswith(name))
        return {reason: float(count) for reason, count in parts}

    return read


def test_drops_are_added_up_by_reason(send, counted):
    send("queue_full=120, closed=3")
    send("queue_full=5")
    assert counted() == {"queue_full": 125, "closed": 3}


@pytest.mark.parametrize("header", ["", "queue_full", "a=-1", "a=1e9", "<b>=1", "a=0", "=", "a==1"])
def test_what_is_no_report_is_passed_over(send, counted, header):
    send(header)
    assert counted() == {}


def test_a_sender_cannot_fill_the_memory_with_reasons(send, counted):
    for number in range(8):
        send(",".join(f"r{number}_{each}=1" for each in range(40)))
    found = counted()
    assert len(found) <= 51
    assert found["other"] > 0
    assert sum(found.values()) <= 8 * 20

"""Every line that the server logs is one JSON object, gunicorn's own lines too."""

import json

from tests.contracts.serving import Server, raw


def test_every_line_of_the_log_is_an_object_with_time_level_and_event(tmp_path):
    server = Server(tmp_path / "data", more={"LOG_LEVEL": "DEBUG"}).start()
    raw(server, b"GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n")
    raw(server, b"GET /healthz HTTP/9.9\r\nX: \x1b[2J\r\n\r\n")
    assert server.stop() == 0

    lines = [json.loads(line) for line in server.log.splitlines()]

    assert all({"event", "level", "timestamp"} <= line.keys() for line in lines), lines
    assert any("Listening at" in line["event"] for line in lines)
    assert any("Worker exiting" in line["event"] for line in lines)

"""Sends requests with broken bytes and structure to a real server: no 5xx, no hang.

`python -m tests.fuzz.mutations 20000` starts a server on SQLite, then one on PostgreSQL, and sends
that many to each plane of each.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench.server import postgresql
from tests.contracts.serving import Server, make_project

ANSWER_WITHIN_S = 15
ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, 2**70, 1e308, 0.1, "", "x" * 300, "\x00", "\u202e", "\ud83d\ude00",
    [], {}, [[]], {"__proto__": 1}, "2026-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "../../etc",
)  # fmt: skip
Send = tuple[str, str, dict[str, str], dict[str, Any]]


def seeds(publishable: str, secret: str, token: str) -> dict[str, list[Send]]:
    """Return good requests of each plane, to be broken."""
    page = {"Origin": "https://app.example.com", "Content-Type": "text/plain"}
    server = {"Authorization": f"Bearer {secret}", "Content-Type": "application/json"}
    admin = {
        "Authorization": f"Bearer {token}", "Content-Type": "application/json", "If-Match": "*",
    }  # fmt: skip
    event = {"type": "track", "event": "e", "userId": "u", "messageId": "m", "properties": {"a": 1}}
    ask = {"publishable_key": publishable, "user_id": "u", "page": "/x", "traits": {"a": [1]}}
    said = {"publishable_key": publishable, "ticket": "tk_" + "a" * 22, "revision": 1}
    return {
        "widget": [
            ("POST", "/v1/decide", page, ask),
            ("POST", "/v1/responses", page, said | {"state": "scored", "score": 1, "answers": {}}),
        ],
        "events": [
            ("POST", "/v1/batch", server, {"batch": [event, event], "sentAt": "x"}),
            ("POST", "/v1/identify", server, {"userId": "u", "traits": {"a": {"b": 1}}}),
        ],
        "admin": [
            ("POST", "/api/v1/surveys", admin, {"name": "x", "content": {}, "targeting": {}}),
            ("PATCH", "/api/v1/privacy", admin, {"events_days": 400}),
            ("POST", "/api/v1/invitations", admin, {"email": "a@example.com", "role": "viewer"}),
            ("POST", "/api/v1/session", admin, {"email": "a@example.com", "password": "x"}),
            ("POST", "/api/v1/session/links", admin, {"token": "x", "password": "y", "name": "z"}),
        ],
    }


def broken_value(value: Any, dice: random.Random) -> Any:
    """Return the document with one place of it changed, removed or added to."""
    if dice.random() < 0.3 or not isinstance(value, dict | list) or not value:
        return dice.choice(ODD)
    if isinstance(value, list):
        at = dice.randrange(len(value))
        return [*value[:at], broken_value(value[at], dice), *value[at + 1 :]]
    name = dice.choice(list(value))
    if dice.random() < 0.2:
        return {key: inner for key, inner in value.items() if key != name}
    if dice.random() < 0.2:
        return value | {str(dice.choice(ODD)): dice.choice(ODD)}
    return value | {name: broken_value(value[name], dice)}


def broken_bytes(body: bytes, dice: random.Random) -> bytes:
    """Return the body with a byte changed, a piece cut out or said twice."""
    at = dice.randrange(len(body))
    kind: Callable[[], bytes] = dice.choice(
        (
            lambda: body[:at] + bytes([dice.randrange(256)]) + body[at + 1 :],
            lambda: body[:at],
            lambda: body[:at] + body[at // 2 :],
            lambda: body[:at] + b"[" * dice.randrange(2_000) + body[at:],
        )
    )
    return kind()


def fuzz(address: str, sends: list[Send], count: int, seed: int = 1) -> Counter[int]:
    """Send `count` broken requests one after another; return how often each status came.

    Raises:
        AssertionError: a 5xx, or no answer in time.
    """
    dice = random.Random(seed)
    statuses: Counter[int] = Counter()
    parts = urlsplit(address)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=ANSWER_WITHIN_S)
    for _ in range(count):
        method, path, headers, document = dice.choice(sends)
        broken = broken_value(document, dice) if dice.random() < 0.7 else document
        body = json.dumps(broken).encode()
        if dice.random() < 0.4:
            body = broken_bytes(body, dice)
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        answer.read()
        statuses[answer.status] += 1
        assert answer.status < 500, (answer.status, method, path, body[:500])
    connection.close()
    return statuses


def main(count: int = 20_000) -> None:
    """Fuzz every plane of a server of our own, on both databases."""
    every_plane("SQLite", count)
    with postgresql() as url:
        every_plane("PostgreSQL", count, url)


def every_plane(name: str, count: int, database_url: str = "") -> None:
    """Fuzz every plane of a server on a database; print what was answered."""
    with tempfile.TemporaryDirectory() as folder:
        server = Server(Path(folder), database_url).start()
        try:
            project = make_project(server)
            project.survey()
            known = project.given
            sent = seeds(known.publishable_key, known.secret_key, known.owner_token)
            for plane, sends in sent.items():
                started_s = time.monotonic()
                statuses = fuzz(server.url, sends, count)
                rate = count / (time.monotonic() - started_s)
                print(f"{name}, {plane}: {dict(sorted(statuses.items()))}, {rate:.0f} a second")
        finally:
            server.stop()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))

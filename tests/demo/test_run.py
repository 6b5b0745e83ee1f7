"""`python -m demo` for real: it serves, leaves its keys, and ends when told."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from demo.announce import INSIGHTS

ROOT = Path(__file__).resolve().parents[2]
SMALL = {"ZEROTEN_DEMO_ACCOUNTS": "4", "ZEROTEN_DEMO_USERS": "30", "ZEROTEN_DEMO_DAYS": "40"}


class Demo:
    """A running demo."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.process = subprocess.Popen(
            [sys.executable, "-m", "demo"],
            cwd=ROOT,
            env=os.environ | SMALL | {"PORT": str(port), "ZEROTEN_DATA": str(data)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def says(self) -> dict[str, Any]:
        return json.loads((self.data / "demo.json").read_text())

    def until_ready(self) -> dict[str, Any]:
        until = time.monotonic() + 40
        while not (self.data / "demo.json").exists():
            assert self.process.poll() is None, self.process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        return self.says

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        if self.process.poll() is None:
            self.process.send_signal(number)
        out, err = self.process.communicate(timeout=15)
        return self.process.returncode, out, err


@pytest.fixture
def start() -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def begin(data: Path, port: int) -> Demo:
        started.append(Demo(data, port))
        return started[-1]

    yield begin
    for demo in started:
        demo.end()


def free_port() -> int:
    """Return a port that is free together with the next one."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except OSError:
                continue
            return port


def post(address: str, body: dict[str, Any], **headers: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        address, json.dumps(body).encode(), {"Content-Type": "application/json", **headers}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.status, json.loads(response.read() or b"{}")


def get(known: dict[str, Any], address: str) -> dict[str, Any]:
    """Read from the admin plane."""
    request = urllib.request.Request(
        f"{known['api']}/{address}", headers={"Authorization": f"Bearer {known['admin_token']}"}
    )
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.loads(response.read())


def ask(known: dict[str, Any], user: str, origin: str) -> dict[str, Any]:
    """Ask as the demo page does for `user`."""
    body = {"publishable_key": known["publishable_key"], "user_id": user, "page": "/reports/42"}
    return post(f"{known['url']}/v1/decide", body, Origin=origin)[1]


def answer(known: dict[str, Any], decision: dict[str, Any], origin: str) -> None:
    """Answer as the widget does."""
    body = {"publishable_key": known["publishable_key"], "ticket": decision["ticket"]}
    body |= {"revision": 1, "state": "completed", "score": 9, "comment": "Said in a test"}
    body |= {"language": "en"}
    assert post(f"{known['url']}/v1/responses", body, Origin=origin)[0] == 201


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def test_it_serves_stops_and_starts_again_with_the_same_keys(start, tmp_path):
    port = free_port()
    demo = start(tmp_path / "data", port)
    known = demo.until_ready()
    origin = known["demo_page"].rstrip("/")

    assert stat.S_IMODE((tmp_path / "data/demo.json").stat().st_mode) == 0o600
    person = {"user": "demo-visitor-1", "role": "admin"}
    assert post(f"{origin}/api/session", person)[1]["traits"]["role"] == "admin"
    assert post(f"{origin}/api/actions/search", person) == (200, {"event": "search"})
    decision = ask(known, "demo-visitor-1", origin)
    assert decision["show"] is True
    answer(known, decision, origin)
    assert get(known, "responses?limit=1")["items"][0]["comment"] == "Said in a test"
    assert all(get(known, address) for _, address in INSIGHTS)

    status, out, err = demo.end()
    assert (status, err) == (0, "")
    assert all(f'"{known["api"]}/{address}"' in out for _, address in INSIGHTS)
    assert is_free(port)
    assert is_free(port + 1)
    assert not (tmp_path / "data/demo.json").exists()

    began = time.monotonic()
    again = start(tmp_path / "data", port)
    secrets = ("project_id", "publishable_key", "secret_key", "admin_token")
    assert {name: again.until_ready()[name] for name in secrets} == {
        name: known[name] for name in secrets
    }
    assert time.monotonic() - began < 60  # the promise is 10 s; a busy machine may take longer
    assert again.end(signal.SIGINT)[0] == 0


def test_it_says_what_stands_in_its_way_and_which_server_failed(start, tmp_path):
    port, data = free_port(), tmp_path / "data"
    demo = start(data, port)
    known = demo.until_ready()

    status, _, err = start(tmp_path / "other", port).end(0)
    assert (status, f"Port {port}" in err) == (2, True)
    status, _, err = start(data, free_port()).end(0)
    assert (status, "already runs on the data folder" in err) == (2, True)
    assert demo.says == known

    os.kill(known["pids"]["product"], signal.SIGKILL)
    status, _, err = demo.end(0)
    assert (status, "The demo product ended" in err) == (1, True)

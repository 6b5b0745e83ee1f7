"""The demo's two servers: started, watched, stopped."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

from demo.console import DemoError
from demo.settings import Settings
from demo.world import Keys

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN_S = 60.0
STOPS_WITHIN_S = 6.0
LOG_LINES = 15

_PR_SET_PDEATHSIG = 1


class Child:
    """One server process with its log.

    It leads a session of its own, so that Ctrl-C reaches only us and we stop it in order.
    """

    def __init__(
        self, name: str, command: Sequence[str], environ: Mapping[str, str], log: Path, ready: str
    ) -> None:
        self.name = name
        self.log = log
        self.ready = ready
        with log.open("wb") as out:
            self.process = subprocess.Popen(  # noqa: S603 - our own servers
                command,
                cwd=ROOT,
                env=dict(environ),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )

    def check(self) -> None:
        """Raise DemoError, with the end of its log, when it is no longer there."""
        status = self.process.poll()
        if status is not None:
            raise DemoError(
                f"{self.name} ended with status {status}. The end of {self.log}:\n\n"
                + "\n".join(f"  {line}" for line in self.last_lines()),
                status=1,
            )

    def last_lines(self) -> list[str]:
        """Return the end of its log."""
        return self.log.read_text(errors="replace").splitlines()[-LOG_LINES:]

    def answers(self) -> bool:
        """Say whether it serves."""
        try:
            with urllib.request.urlopen(self.ready, timeout=2) as response:  # noqa: S310
                return bool(response.status == 200)
        except (OSError, urllib.error.HTTPError):
            return False

    def stop(self) -> None:
        """Ask it to end."""
        if self.process.poll() is None:
            self.process.terminate()

    def wait(self, until: float) -> None:
        """Wait for its end until the monotonic time `until`; then end it with all it started."""
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def start(settings: Settings, keys: Keys) -> list[Child]:
    """Start Zeroten's server and the demo product's."""
    logs = settings.data_dir / "logs"
    logs.mkdir(exist_ok=True)
    gunicorn = [sys.executable, "-m", "gunicorn"]
    # Embedded whatever the shell has set: the demo lives in its data folder.
    common = {
        name: value
        for name, value in os.environ.items()
        if name not in ("DATABASE_URL", "JOBS_IN_PROCESS", "WEB_PROCESSES")
    } | {
        # gunicorn's control socket lies in the home folder, and two servers would share it.
        "GUNICORN_CMD_ARGS": "--no-control-socket",
    }
    server = Child(
        "The Zeroten server",
        [*gunicorn, "-c", "backend/gunicorn_conf.py", "backend.wsgi:app"],
        common
        | {
            "HOST": settings.host,
            "PORT": str(settings.port),
            "ZEROTEN_DATA": str(settings.data_dir),
            # Not every browser keeps a `Secure` cookie of plain HTTP, even of this machine.
            "INSECURE_COOKIES": "1" if settings.is_local else "0",
        },
        logs / "server.log",
        f"{settings.url}/readyz",
    )
    product = Child(
        "The demo product",
        [*gunicorn, "-c", "demo/product/gunicorn_conf.py", "demo.product.wsgi:app"],
        common
        | {
            "DEMO_BIND": f"{_bracketed(settings.host)}:{settings.product_port}",
            "ZEROTEN_HOST": settings.url,
            "ZEROTEN_SECRET_KEY": keys.secret_key,
            "ZEROTEN_PUBLISHABLE_KEY": keys.publishable_key,
        },
        logs / "product.log",
        f"{settings.product_url}/healthz",
    )
    return [server, product]


def wait_until_ready(children: Sequence[Child]) -> None:
    """Return when every child serves.

    Raises:
        DemoError: one has ended, or is not ready in time.
    """
    until = time.monotonic() + READY_WITHIN_S
    for child in children:
        while not child.answers():
            for each in children:
                each.check()
            if time.monotonic() > until:
                raise DemoError(f"{child.name} is not ready; see {child.log}.", status=1)
            time.sleep(0.1)


def watch(children: Sequence[Child]) -> None:
    """Return never, unless by DemoError, when one has ended."""
    while True:
        for child in children:
            child.check()
        time.sleep(0.5)


def stop(children: Sequence[Child]) -> None:
    """End all of them, together, within some seconds."""
    until = time.monotonic() + STOPS_WITHIN_S
    # The product first: it hands its last events to the server.
    for child in reversed(children):
        child.stop()
        child.wait(until)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _end_with_parent() -> None:
    """Have the kernel stop the child when we are killed without a chance to (Linux only)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

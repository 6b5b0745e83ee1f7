"""`python -m zeroten check`: is the key right, the clock right, the server there? One screen."""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from email.utils import parsedate_to_datetime

from .batch import Batch
from .configuration import problem_of
from .encoding import Stamp, standard_encoder
from .retry import Verdict, judge, result_of
from .transport import HttpTransport, Reply
from .version import __version__

MAX_SKEW_S = 60


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return the exit status, 0 when all is well."""
    parser = argparse.ArgumentParser(prog="python -m zeroten")
    commands = parser.add_subparsers(dest="command", required=True)
    check = commands.add_parser("check", help="try key, clock and network with one test event")
    check.add_argument("--host", default=os.environ.get("ZEROTEN_HOST", ""))
    check.add_argument("--secret-key", default=os.environ.get("ZEROTEN_SECRET_KEY", ""))
    check.add_argument("--timeout-s", type=float, default=10.0)
    given = parser.parse_args(arguments)
    lines = diagnose(given.secret_key, given.host, given.timeout_s)
    for is_good, name, text in lines:
        print(f"{'ok  ' if is_good else 'FAIL'}  {name:<8} {text}")
    return 0 if all(is_good for is_good, *_ in lines) else 1


def diagnose(secret_key: str, host: str, timeout_s: float) -> list[tuple[bool, str, str]]:
    """Return what was found: (is it good, what was tried, what to know or to do)."""
    lines = [(True, "sdk", f"zeroten {__version__}, Python {platform.python_version()}, {_json()}")]
    problem = problem_of(secret_key, host)
    if problem:
        return [*lines, (False, "setup", problem)]
    note = "" if host.startswith("https:") else " (unencrypted: only within one machine or network)"
    lines.append((True, "setup", f"{host} with key {secret_key[:8]}…{note}"))
    transport = HttpTransport(host, secret_key, timeout_s=timeout_s)
    started = time.monotonic()
    reply = transport.send(_test_batch())
    took_ms = (time.monotonic() - started) * 1000
    transport.close()
    if reply.status == 0:
        return [*lines, (False, "network", f"no answer: {reply.error}")]
    lines.append((True, "network", f"answered {reply.status} in {took_ms:.0f} ms"))
    return [*lines, _clock(reply), _event(reply)]


def _test_batch() -> Batch:
    stamp = Stamp()
    event = {
        "type": "track",
        "anonymousId": "zeroten-check",
        "event": "zeroten_check",
        "properties": {"python": platform.python_version()},
        "messageId": stamp.message_id(),
        "timestamp": stamp.now(),
    }
    batch = Batch(f"{stamp.prefix}.check", 1, standard_encoder()(event))
    batch.pack(gzip=True)
    return batch


def _clock(reply: Reply) -> tuple[bool, str, str]:
    try:
        skew_s = time.time() - parsedate_to_datetime(reply.date).timestamp()
    except (TypeError, ValueError):
        return True, "clock", "the server sends no Date, so not compared"
    if abs(skew_s) > MAX_SKEW_S:
        return False, "clock", f"this machine is {skew_s:+.0f} s off the server; run NTP"
    return True, "clock", "within a minute of the server's"


def _event(reply: Reply) -> tuple[bool, str, str]:
    if judge(reply, 1, 0) is not Verdict.DELIVERED:
        return False, "event", _why(reply)
    result = result_of(reply, 1)
    if result is not None and result.rejected:
        return False, "event", f"the test event was rejected: {result.errors}"
    return True, "event", "one test event (zeroten_check) was stored"


def _why(reply: Reply) -> str:
    if reply.status == 401:
        return "the secret key is unknown or revoked; copy it again from the project's keys"
    if reply.status == 403:
        return "the key is not allowed to write events; use a secret key (sk_…)"
    if 300 <= reply.status < 400:
        return "the server redirects; set ZEROTEN_HOST to its final address"
    try:
        problem = json.loads(reply.body)
        return f"{problem['code']}: {problem.get('detail') or problem.get('title')}"
    except (ValueError, KeyError, TypeError, AttributeError):
        return f"status {reply.status} without a Zeroten answer; is ZEROTEN_HOST right?"


def _json() -> str:
    try:
        import msgspec
    except ImportError:
        return "standard json (pip install zeroten[fast] makes a call twice as fast)"
    return f"msgspec {msgspec.__version__}"


if __name__ == "__main__":
    sys.exit(main())

"""Runs small programs that use the SDK, to see how events survive the end of a process."""

from __future__ import annotations

import os
import subprocess
import sys

PREAMBLE = """
import os, signal, sys, threading, time, warnings
import zeroten
warnings.simplefilter("ignore", DeprecationWarning)  # forking with threads is what is tested
client = zeroten.Client("sk_test", spool=os.environ.get("SPOOL"), max_queue_events=10**6)
"""


def start(code: str, host: str, *, spool=None, preamble: str = PREAMBLE) -> subprocess.Popen:
    """Start a program; its `client` sends to `host`."""
    env = {**os.environ, "ZEROTEN_HOST": host}
    if spool is not None:
        env["SPOOL"] = str(spool)
    return subprocess.Popen(
        [sys.executable, "-c", preamble + code],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run(code: str, host: str, *, spool=None, timeout_s: float = 60) -> str:
    """Run a program to its end; return what it printed."""
    process = start(code, host, spool=spool)
    try:
        out, err = process.communicate(timeout=timeout_s)
    finally:
        process.kill()
    assert process.returncode == 0, err
    return out

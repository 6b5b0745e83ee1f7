"""What a call of the Python SDK costs, beside the least it could cost and beside other SDKs.

    python -m bench.sdk            # the product and the floor
    python -m bench.sdk --peers    # also posthog, Segment and mixpanel, put into var/bench-peers

Each figure is the median of several rounds; in each round every subject runs in a process of its
own, one after another, so that a busy machine disturbs all alike.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "var" / "bench-peers"
ROUNDS = 5
PEER_ROUNDS = 3

# Calls measured: enough for a p99, few enough that the slow ones end.
OURS = {"floor": 50_000, "zeroten": 50_000, "zeroten_stdlib": 50_000, "zeroten_spool": 50_000}
OTHERS = {"posthog": 5_000, "segment": 5_000, "mixpanel": 2_000}

# figure of a subject, unit, name of the row
FIGURES = (
    ("p50_us", "us", "sdk_track_us"),
    ("p99_us", "us", "sdk_track_p99_us"),
    ("outage_p99_us", "us", "sdk_track_p99_outage_us"),
    ("caller_cpu_us", "us", "sdk_caller_cpu_us"),
    ("cpu_us", "us", "sdk_cpu_us"),
    ("events_s", "events/s", "sdk_events_s"),
    ("bytes", "bytes", "sdk_bytes_event"),
    ("rss_100k_mb", "MB", "sdk_rss_100k_mb"),
)


def run(*, peers: bool | None = None) -> Iterable[dict[str, object]]:
    """Measure and return rows of name, value, unit, floor and ratio (value ÷ floor).

    `peers` (default: whether `--peers` or BENCH_PEERS=1 was given) adds rows of other SDKs, named
    `…[posthog]` and so on.
    """
    if peers is None:
        peers = "--peers" in sys.argv or bool(os.environ.get("BENCH_PEERS"))
    if peers:
        _install_peers()
    measured = _measure(OTHERS if peers else {})
    for subject in (*OURS, *OTHERS):
        if subject != "floor" and subject in measured:
            yield from _rows(subject, measured)


def _rows(subject: str, measured: dict[str, dict[str, list[float]]]) -> Iterator[dict[str, object]]:
    for figure, unit, name in FIGURES:
        if figure in measured[subject]:
            value = median(measured[subject][figure])
            floor = median(measured["floor"][figure])
            yield {
                "name": name if subject == "zeroten" else f"{name}[{subject}]",
                "value": round(value, 2),
                "unit": unit,
                "floor": round(floor, 2),
                "ratio": round(value / floor, 3) if floor else None,
            }


def _measure(others: dict[str, int]) -> dict[str, dict[str, list[float]]]:
    measured: dict[str, dict[str, list[float]]] = {}
    with _sink() as (port, received):
        for number in range(ROUNDS):
            for subject, calls in {**OURS, **(others if number < PEER_ROUNDS else {})}.items():
                before = received()
                figures = _subject(subject, port, calls, "calls")
                # measure_calls sends everything twice
                figures["bytes"] = (received() - before) / (2 * calls)
                if subject != "mixpanel":  # it sends in the call, so that nothing waits
                    figures |= _subject(subject, port, _outage_calls(subject), "outage")
                for figure, value in figures.items():
                    measured.setdefault(subject, {}).setdefault(figure, []).append(value)
    return measured


def _outage_calls(subject: str) -> int:
    return 100_000 if subject in OURS else 20_000


def _subject(name: str, port: int, calls: int, mode: str) -> dict[str, float]:
    python = sys.executable if name in OURS else str(PEERS / "bin" / "python")
    ran = subprocess.run(
        [python, str(ROOT / "bench" / "sdk_subject.py"), name, str(port), str(calls), mode],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,  # peers log a line for each event they lose
        timeout=300,
        check=True,
    )
    figures: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return figures


@contextmanager
def _sink() -> Iterator[tuple[int, Callable[[], int]]]:
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "bench" / "sdk_sink.py")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin and process.stdout
    ask, answers = process.stdin, process.stdout
    port = int(answers.readline())

    def received() -> int:
        ask.write("\n")
        ask.flush()
        return int(answers.readline())

    try:
        yield port, received
    finally:
        ask.close()
        process.wait(10)


def _install_peers() -> None:
    marker = PEERS / ".installed"
    wanted = (ROOT / "requirements" / "bench.txt").read_text()
    if marker.exists() and marker.read_text() == wanted:
        return
    venv.create(PEERS, with_pip=True)
    requirements = str(ROOT / "requirements" / "bench.txt")
    python = str(PEERS / "bin" / "python")
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    marker.write_text(wanted)


if __name__ == "__main__":
    for row in run():
        print(json.dumps(row), flush=True)

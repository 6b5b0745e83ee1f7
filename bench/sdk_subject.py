"""Measures one SDK in a fresh process; prints one JSON object of figures.

    python sdk_subject.py <name> <port> <calls> calls|outage

Imports nothing of this repository but by name, so that it also runs in the peers' environment.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

Track = Callable[[str, str, dict[str, Any]], Any]
DEAD_PORT = 9  # discard: nobody listens


def main() -> None:
    """Measure, print, and end without waiting for what an outage left over."""
    name, port, calls, mode = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    events = realistic_events(calls)
    track, flush = SUBJECTS[name](port if mode == "calls" else DEAD_PORT)
    figures = (
        measure_calls(track, flush, events) if mode == "calls" else measure_outage(track, events)
    )
    print(json.dumps(figures), flush=True)

    os._exit(0)


def realistic_events(count: int) -> list[tuple[str, str, dict[str, Any]]]:
    """Return arguments of calls: 20,000 users, 60 features, six properties; 220 bytes as JSON."""
    return [
        (
            f"user-{n * 7919 % 20_000}",
            f"feature_{n % 60}",
            {
                "plan": ("free", "team", "pro")[n % 3],
                "role": ("admin", "editor", "viewer")[n % 3],
                "rows": n * 31 % 5000,
                "duration_ms": n % 977 + 0.5,
                "is_trial": n % 5 == 0,
                "page": "/reports/:id",
            },
        )
        for n in range(count)
    ]


def measure_calls(track: Track, flush: Callable[[], Any], events: list[Any]) -> dict[str, float]:
    """Return costs with the server there: first untimed for rate and CPU, then call by call."""
    gc.collect()
    count = len(events)
    wall, cpu, caller = time.perf_counter(), time.process_time(), time.thread_time()
    for user_id, event, properties in events:
        track(user_id, event, properties)
    caller = time.thread_time() - caller
    flush()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    took = timed(track, events)
    flush()
    return {
        "p50_us": took[count // 2] / 1000,
        "p99_us": took[count * 99 // 100] / 1000,
        "caller_cpu_us": caller / count * 1e6,
        "cpu_us": cpu / count * 1e6,
        "events_s": count / wall,
    }


def measure_outage(track: Track, events: list[Any]) -> dict[str, float]:
    """Return costs while nobody listens: the slow calls, and the memory of what waits."""
    for user_id, event, properties in events[:100]:
        track(user_id, event, properties)  # threads, imports and buffers are not the events'
    gc.collect()
    before = rss_bytes()
    took = timed(track, events)
    time.sleep(1.0)
    gc.collect()
    rss = (rss_bytes() - before) / len(events) * 100_000 / 1e6
    return {"outage_p99_us": took[len(took) * 99 // 100] / 1000, "rss_100k_mb": rss}


def timed(track: Track, events: list[Any]) -> list[int]:
    """Return the nanoseconds of each call, sorted."""
    clock = time.perf_counter_ns
    took = [0] * len(events)
    for index, (user_id, event, properties) in enumerate(events):
        started = clock()
        track(user_id, event, properties)
        took[index] = clock() - started
    took.sort()
    return took


def rss_bytes() -> int:
    """Return the resident memory of this process."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _floor(port: int) -> tuple[Track, Callable[[], Any]]:
    client = importlib.import_module("bench.sdk_floor").FloorClient(port)
    return client.track, client.flush


def _zeroten(port: int, *, standard_json: bool = False) -> tuple[Track, Callable[[], Any]]:
    if standard_json:
        sys.modules["msgspec"] = None  # type: ignore[assignment]  # as if it were not installed
    zeroten = importlib.import_module("zeroten")
    client = zeroten.Client(
        "sk_bench",
        host=f"http://127.0.0.1:{port}",
        max_queue_events=10**7,
        max_queue_bytes=10**9,
    )
    return client.track, lambda: client.flush(60)


def _zeroten_spool(port: int) -> tuple[Track, Callable[[], Any]]:
    zeroten = importlib.import_module("zeroten")
    folder = tempfile.TemporaryDirectory()
    client = zeroten.Client(
        "sk_bench",
        host=f"http://127.0.0.1:{port}",
        max_queue_events=10**7,
        max_queue_bytes=10**9,
        spool=folder.name,
    )

    def flush() -> None:
        client.flush(60)
        assert folder

    return client.track, flush


def _posthog(port: int) -> tuple[Track, Callable[[], Any]]:
    client = importlib.import_module("posthog").Posthog(
        "phc_bench", host=f"http://127.0.0.1:{port}", max_queue_size=10**6, gzip=True
    )

    def track(user_id: str, event: str, properties: dict[str, Any]) -> Any:
        return client.capture(event, distinct_id=user_id, properties=properties)

    return track, client.flush


def _segment(port: int) -> tuple[Track, Callable[[], Any]]:
    client = importlib.import_module("segment.analytics.client").Client(
        "bench", host=f"http://127.0.0.1:{port}", max_queue_size=10**6, gzip=True
    )
    return client.track, client.flush


def _mixpanel(port: int) -> tuple[Track, Callable[[], Any]]:
    mixpanel = importlib.import_module("mixpanel")
    address = f"http://127.0.0.1:{port}/track"
    consumer = mixpanel.BufferedConsumer(events_url=address, retry_limit=0)
    client = mixpanel.Mixpanel("bench", consumer=consumer)

    def track(user_id: str, event: str, properties: dict[str, Any]) -> None:
        try:
            client.track(user_id, event, properties)
        except mixpanel.MixpanelException:
            return  # it raises into the caller when nobody listens

    return track, consumer.flush


SUBJECTS: dict[str, Callable[[int], tuple[Track, Callable[[], Any]]]] = {
    "floor": _floor,
    "zeroten": _zeroten,
    "zeroten_stdlib": lambda port: _zeroten(port, standard_json=True),
    "zeroten_spool": _zeroten_spool,
    "posthog": _posthog,
    "segment": _segment,
    "mixpanel": _mixpanel,
}

if __name__ == "__main__":
    main()

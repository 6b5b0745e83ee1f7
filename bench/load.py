"""A small closed-loop load generator: a fixed set of kept-alive connections, one event loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from statistics import quantiles


@dataclass(frozen=True, slots=True)
class Load:
    """What one round gave: requests a second, latencies in ms, and how many were not 2xx."""

    rate: float
    p50_ms: float
    p99_ms: float
    failed: int


def post(path: str, body: bytes, headers: dict[str, str]) -> bytes:
    """Return the bytes of one HTTP/1.1 POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


def run(port: int, requests: Iterator[bytes], *, connections: int, seconds: float) -> Load:
    """Send requests over `connections` connections, each waiting for its answer.

    Ends after `seconds`, or when there are no more requests and all were answered.
    """
    return asyncio.run(_run(port, requests, connections, seconds))


async def _run(port: int, requests: Iterator[bytes], connections: int, seconds: float) -> Load:
    latencies: list[float] = []
    failed = 0
    started = time.perf_counter()
    end = started + seconds

    async def one() -> None:
        nonlocal failed
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end and (request := next(requests, None)) is not None:
            sent = time.perf_counter()
            writer.write(request)
            status = await _answer(reader)
            latencies.append(time.perf_counter() - sent)
            failed += not 200 <= status < 300
        writer.close()

    await asyncio.gather(*(one() for _ in range(connections)))
    took = time.perf_counter() - started
    cuts = quantiles(latencies, n=100)
    return Load(len(latencies) / took, cuts[49] * 1000, cuts[98] * 1000, failed)


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    status = int(head[9:12])
    length = next(
        int(line[15:]) for line in head.split(b"\r\n") if line[:15].lower() == b"content-length:"
    )
    await reader.readexactly(length)
    return status


def in_turn(rounds: int, *measures: Callable[[], Load]) -> list[list[Load]]:
    """Run the measures A B A B …, so that a change of the machine's speed meets both."""
    results: list[list[Load]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, found in zip(measures, results, strict=True):
            found.append(measure())
    return results

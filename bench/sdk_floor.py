"""The floor: the least an event SDK can do. Encode, append, one thread, one connection, gzip.

No bounds, no retries, no ids that survive a fork, no cleaning of values: whatever the product
costs more than this is the price of what it promises.
"""

from __future__ import annotations

import http.client
import itertools
import os
import threading
import time
import zlib
from typing import Any

import msgspec


class FloorClient:
    """Tracks events into one shared buffer that a daemon thread posts every 500."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._encode = msgspec.json.Encoder().encode
        self._prefix = os.urandom(8).hex()
        self._ids = itertools.count()
        self._lock = threading.Lock()
        self._buffer = bytearray()
        self._count = 0
        self._ready: list[bytes] = []
        self._wake = threading.Event()
        self._is_idle = threading.Event()
        self._is_idle.set()
        self._connection: http.client.HTTPConnection | None = None
        threading.Thread(target=self._run, daemon=True).start()

    def track(self, user_id: str, event: str, properties: dict[str, Any]) -> bool:
        """Encode and append."""
        raw = self._encode(
            {
                "type": "track",
                "event": event,
                "properties": properties,
                "userId": user_id,
                "messageId": f"{self._prefix}-{next(self._ids):x}",
                "timestamp": time.time(),
            }
        )
        with self._lock:
            self._buffer += raw
            self._buffer += b","
            self._count += 1
            if self._count >= 500:
                self._close_chunk()
        return True

    def flush(self) -> None:
        """Wait until all is sent."""
        with self._lock:
            if self._count:
                self._close_chunk()
        while self._ready or not self._is_idle.is_set():
            time.sleep(0.001)

    def _close_chunk(self) -> None:
        self._ready.append(bytes(self._buffer))
        self._buffer.clear()
        self._count = 0
        self._wake.set()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            self._is_idle.clear()
            while self._ready:
                chunk = self._ready[0]
                try:
                    self._post(b'{"batch":[' + chunk[:-1] + b"]}")
                except (OSError, http.client.HTTPException):
                    self._connection = None
                    time.sleep(0.5)
                    continue
                self._ready.pop(0)
            self._is_idle.set()

    def _post(self, body: bytes) -> None:
        packer = zlib.compressobj(1, zlib.DEFLATED, 31)
        body = packer.compress(body) + packer.flush()
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        self._connection.request("POST", "/v1/batch", body, {"Content-Encoding": "gzip"})
        self._connection.getresponse().read()

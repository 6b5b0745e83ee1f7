"""A loopback server of the batch protocol that fails on request and keeps a ledger."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class FaultServer:
    """`faults` is a list of what the next requests get; empty means 200.

    A fault is a status, (status, headers), "reset" (cut before the answer, nothing stored),
    "lost" (stored, then cut before the answer) or ("slow", seconds).
    """

    def __init__(self, port: int = 0) -> None:
        self.faults: list = []
        self.requests: list = []  # (time, key, body bytes, headers)
        self.events: dict = {}  # message id -> event
        self.copies: dict = {}  # message id -> times stored
        self.keys: dict = {}  # batch key -> answer
        self.max_events = 2500
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), _Handler)
        self._server.faults = self
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._server.cut_all()

    def next_fault(self):
        with self._lock:
            return self.faults.pop(0) if self.faults else 200

    def store(self, key: str, events: list) -> dict:
        with self._lock:
            if key in self.keys:
                return self.keys[key]
            answer = {"stored": 0, "duplicates": 0, "rejected": 0, "errors": []}
            for index, event in enumerate(events):
                message_id = event["messageId"]
                if event.get("event") == "bad":
                    answer["rejected"] += 1
                    answer["errors"].append(
                        {"index": index, "messageId": message_id, "code": "invalid-event"}
                    )
                elif message_id in self.events:
                    answer["duplicates"] += 1
                else:
                    self.events[message_id] = event
                    answer["stored"] += 1
                self.copies[message_id] = self.copies.get(message_id, 0) + 1
            if key:
                self.keys[key] = answer
            return answer

    def named(self, name: str) -> list:
        return [event for event in self.events.values() if event.get("event") == name]

    def wait_for(self, count: int, timeout_s: float = 10.0) -> int:
        deadline = time.monotonic() + timeout_s
        while len(self.events) < count and time.monotonic() < deadline:
            time.sleep(0.01)
        return len(self.events)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # Twelve children connect at once: a full backlog would make some of them back off for seconds.
    request_queue_size = 128
    faults: FaultServer

    def __init__(self, *args) -> None:
        self.open: set = set()
        super().__init__(*args)

    def process_request(self, request, client_address) -> None:
        self.open.add(request)
        super().process_request(request, client_address)

    def cut_all(self) -> None:
        for request in list(self.open):
            with contextlib.suppress(OSError):
                request.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_) -> None:
        """A client that was killed is part of the test."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one write an answer, else Nagle's algorithm holds it for 40 ms
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        owner = self.server.faults
        body = self.rfile.read(int(self.headers["Content-Length"]))
        key = self.headers["Idempotency-Key"]
        owner.requests.append((time.monotonic(), key, body, dict(self.headers)))
        fault = owner.next_fault()
        if isinstance(fault, tuple) and fault[0] == "slow":
            time.sleep(fault[1])
            fault = 200
        if fault == "reset":
            self.reset()
            return
        if self.headers["Content-Encoding"] == "gzip":
            body = zlib.decompress(body, 31)
        events = json.loads(body, parse_constant=_refuse)["batch"]
        if len(events) > owner.max_events:
            fault = 413
        headers = {}
        if isinstance(fault, tuple):
            fault, headers = fault[0], dict(fault[1])
        answer: dict = {"code": "fault"}
        if fault in (200, "lost"):
            answer = owner.store(key, events)
        if fault == "lost":
            self.reset()
            return
        raw = json.dumps(answer).encode()
        self.send_response_only(fault)
        self.send_header("Date", headers.pop("Date", self.date_time_string()))
        self.send_header("Content-Length", str(len(raw)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(raw)

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            super().finish()
        self.server.open.discard(self.request)

    def log_message(self, *_) -> None:
        """Quiet."""


def _refuse(constant: str) -> float:
    raise ValueError(constant)

"""A product's own web server, whose pages a benchmark of the widget opens."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

KINDS = {".js": "text/javascript", ".json": "application/json"}


class Host(ThreadingHTTPServer):
    """Serves `pages` by their paths; what else is asked of it gets an empty object."""

    daemon_threads = True
    pages: dict[str, str]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Host

    def do_GET(self) -> None:
        path = self.path.split("?")[0]
        body = self.server.pages.get(path, "{}").encode()
        name = path if path in self.server.pages else ".json"
        kind = next((KINDS[end] for end in KINDS if name.endswith(end)), "text/html")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        # What a page sends as it goes waits for no answer.
        with suppress(ConnectionError):
            self.wfile.write(body)

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.do_GET()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def hosting() -> Iterator[Host]:
    """Run a host on a free port; its pages are to be put up."""
    with Host(("127.0.0.1", 0), _Handler) as host:
        host.pages = {}
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()

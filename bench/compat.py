"""Unmodified Segment and RudderStack clients against the real server, counted exactly.

`python -m bench.compat` installs them into a folder of their own (`requirements/compat.txt` and
`@segment/analytics-node` by npm), sends 1,000 events with each: plainly, with events so large
that batches come near the limits, and through a gateway that refuses two requests of three with
429 or 503 and cuts some answers off after the server has stored the batch.
"""

from __future__ import annotations

import gzip
import http.client
import json
import os
import re
import subprocess
import sys
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from zlib import crc32

from sqlalchemy import text

from backend.storage.db import Database
from bench.compat_clients import EVENTS
from bench.server import Bench, serve

NODE_CLIENT = "@segment/analytics-node@3.1.0"
HERE = Path(__file__).resolve().parent
# RudderStack's client puts 100 events into a batch whatever their size; 1 MiB is the most we take.
LARGE = 9_000
_MESSAGE_ID = re.compile(rb'"messageId" ?: ?"([^"]+)"')


def main() -> int:
    """Print a row a client and way; 1 when any count is not exact."""
    exact = True
    with TemporaryDirectory() as folder:
        commands = _install(Path(folder))
        for way, filling, is_hindered in (
            ("plain", 0, False),
            ("large", LARGE, False),
            ("hindered", 0, True),
        ):
            for name, command in commands.items():
                with serve() as bench, _gateway(bench.port, is_hindered) as (port, statuses):
                    url = f"http://127.0.0.1:{port}"
                    # Node's client takes the key second, as the others do.
                    subprocess.run(
                        [*command, url, bench.secret_key, str(filling)],
                        check=True, timeout=300, capture_output=True, cwd=folder,
                    )  # fmt: skip
                    found = _counted(bench)
                row = {"client": name, "way": way, "sent": EVENTS, "counted": found}
                print(json.dumps(row | {"statuses": statuses}), flush=True)
                exact = exact and found == EVENTS and 413 not in statuses
    return 0 if exact else 1


def _install(folder: Path) -> dict[str, list[str]]:
    """Install the clients; return the command that runs each."""
    venv.create(folder / "venv", with_pip=True)
    python = str(folder / "venv" / "bin" / "python")
    requirements = str(HERE.parent / "requirements" / "compat.txt")
    subprocess.run([python, "-m", "pip", "install", "-q", "-r", requirements], check=True)
    subprocess.run(
        ["npm", "install", "--no-audit", "--no-fund", "--silent", NODE_CLIENT],
        check=True, cwd=folder,
    )  # fmt: skip
    script = folder / "client.mjs"
    script.write_text((HERE / "compat_client.mjs").read_text())
    clients = str(HERE / "compat_clients.py")
    return {
        "segment": [python, clients, "segment"],
        "rudder": [python, clients, "rudder"],
        "node": ["node", str(script)],
    }


@contextmanager
def _gateway(port: int, is_hindered: bool) -> Iterator[tuple[int, dict[int, int]]]:
    """Pass requests on; when hindering, refuse two of three and lose some answers.

    By the tries of each batch, not by requests: by chance one batch would be refused more often
    than its client tries.
    """
    tries: dict[bytes, int] = {}
    statuses: dict[int, int] = {}

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            is_gzip = self.headers.get("Content-Encoding") == "gzip"
            # Each try says anew when it was sent, so that only what is in it is the same.
            found = _MESSAGE_ID.search(gzip.decompress(body) if is_gzip else body)
            batch = found[1] if found else body
            number = tries[batch] = tries.get(batch, 0) + 1
            if is_hindered and number % 3:
                self._tell(429 if number % 3 == 1 else 503, b"{}", {"Retry-After": "1"})
                return
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
            connection.request("POST", self.path, body, dict(self.headers))
            answer = connection.getresponse()
            content = answer.read()
            connection.close()
            if is_hindered and number == 3 and crc32(batch) % 4 == 0:
                self._tell(503, b"{}", {"Retry-After": "1"})
            else:
                self._tell(answer.status, content, {})

        def _tell(self, status: int, content: bytes, headers: dict[str, str]) -> None:
            statuses[status] = statuses.get(status, 0) + 1
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.server_port, statuses
    finally:
        server.shutdown()
        server.server_close()


def _counted(bench: Bench) -> int:
    db = Database(bench.database_url)
    with db.read() as session:
        count = session.execute(text("SELECT coalesce(sum(count), 0) FROM usage_days")).scalar_one()
    db.close()
    return int(count)


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    sys.exit(main())

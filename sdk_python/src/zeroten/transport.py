"""One kept-alive connection to the server, by `http.client` alone.

requests or httpx cost three to five times the CPU a request and would be a dependency.
"""

from __future__ import annotations

import base64
import codecs
import http.client
import time
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Protocol
from urllib.parse import urlsplit

from .batch import Batch
from .encoding import Stamp
from .version import __version__

# `socket.getaddrinfo` imports this codec when it first runs, which is in the sender's thread. A
# child forked at that moment inherits the import's lock with nobody to release it, and could never
# connect.
codecs.lookup("idna")

# Load balancers close idle connections, usually after 60 s; better to open a new one than to
# learn of it from a lost request.
_IDLE_S = 30.0

# A connection that fails after at least this much rest was most likely closed by the other side
# meanwhile, and is opened anew at once; one in use that fails is a fault, and waits its turn.
_REST_S = 2.0


@dataclass(frozen=True)
class Reply:
    """The server's answer; status 0 means that none came, and `error` says why."""

    status: int
    body: bytes = b""
    retry_after_s: float | None = None
    error: str = ""
    date: str = ""


class Transport(Protocol):
    """Sends one batch and returns the answer; must not raise."""

    def send(self, batch: Batch, *, dropped: str = "") -> Reply:
        """Try once. `dropped` tells the server what was lost before, as `reason=count` pairs."""

    def close(self) -> None:
        """Let go of the connection."""


class HttpTransport:
    """POSTs batches to `{host}/v1/batch` with the secret key as Basic user name."""

    def __init__(self, host: str, secret_key: str, *, timeout_s: float) -> None:
        """Raises ValueError when `host` is no http or https address."""
        self._is_tls, self._host, self._port, path = _parts(host)
        self._path = path + "/v1/batch"
        self._timeout_s = timeout_s
        token = base64.b64encode(f"{secret_key}:".encode()).decode("ascii")
        self._headers = {
            "Authorization": f"Basic {token}",
            "Content-Type": "application/json",
            "User-Agent": f"zeroten-python/{__version__}",
        }
        self._connection: http.client.HTTPConnection | None = None
        self._used_at = 0.0
        self._stamp = Stamp()

    def send(self, batch: Batch, *, dropped: str = "") -> Reply:
        """POST the batch; over a rested connection found dead, once more (its key allows that)."""
        headers = dict(self._headers)
        if not batch.has_own_ids:
            headers["Idempotency-Key"] = batch.key
        if batch.is_gzip:
            headers["Content-Encoding"] = "gzip"
        if batch.tries:
            headers["X-Retry-Count"] = str(batch.tries)
        # The body is sealed, so the time of sending, by which the server corrects a wrong clock,
        # travels beside it: within it, a batch that waited out an outage would seem to lag.
        headers["X-Sent-At"] = self._stamp.now()
        if dropped:
            headers["Zeroten-Dropped"] = dropped
        has_rested = self._is_open() and time.monotonic() - self._used_at >= _REST_S
        reply = self._try(batch.body, headers)
        if has_rested and reply.status == 0 and "timed out" not in reply.error:
            reply = self._try(batch.body, headers)
        return reply

    def close(self) -> None:
        """Close the connection; the next send opens another."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _is_open(self) -> bool:
        if self._connection is not None and time.monotonic() - self._used_at > _IDLE_S:
            self.close()
        return self._connection is not None

    def _try(self, body: bytes, headers: dict[str, str]) -> Reply:
        try:
            connection = self._open()
            connection.request("POST", self._path, body, headers)
            response = connection.getresponse()
            # Enough for the list of 100 errors; an endless body must not hold the sender.
            answer = response.read(65536)
            if response.will_close or not response.isclosed():
                self.close()
            self._used_at = time.monotonic()
            return Reply(
                response.status,
                answer,
                retry_after_s(response.getheader("Retry-After")),
                date=response.getheader("Date") or "",
            )
        except Exception as error:
            self.close()
            return Reply(0, error=str(error) or type(error).__name__)

    def _open(self) -> http.client.HTTPConnection:
        if self._connection is None:
            kind = http.client.HTTPSConnection if self._is_tls else http.client.HTTPConnection
            self._connection = kind(self._host, self._port, timeout=self._timeout_s)
        return self._connection


def _parts(host: str) -> tuple[bool, str, int | None, str]:
    try:
        url = urlsplit(host)
        port = url.port
    except ValueError:
        url, port = urlsplit(""), None
    if url.scheme not in ("http", "https") or not url.hostname or not host.isascii():
        raise ValueError("host must be an address like https://zeroten.example.com")
    return url.scheme == "https", url.hostname, port, url.path.rstrip("/")


def retry_after_s(text: str | None, now: float | None = None) -> float | None:
    """Read a Retry-After header, seconds or an HTTP date; None when absent or senseless."""
    if not text:
        return None
    if text.strip().lstrip("-").isdigit():
        return max(0.0, float(text))
    try:
        moment = parsedate_to_datetime(text).timestamp()
    except (TypeError, ValueError):
        return None
    return max(0.0, moment - (time.time() if now is None else now))

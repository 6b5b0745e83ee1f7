"""Several statements to PostgreSQL in one packet and one round trip.

psycopg's pipeline sends each statement by itself, at 50 to 100 µs of the client and a wake-up of
the server each. Here they go out together: prepared once a connection, by libpq's own calls.
"""

from __future__ import annotations

import select
from collections.abc import Sequence
from itertools import count
from typing import Any, Final

import psycopg
from psycopg import pq
from psycopg.adapt import Transformer
from sqlalchemy import Connection, Engine, event

_numbers = count()
# By statement, the name it has on every connection.
_names: Final[dict[str, bytes]] = {}
_KEPT: Final = "zeroten_prepared"
_BROKEN: Final = (pq.ExecStatus.FATAL_ERROR, pq.ExecStatus.PIPELINE_ABORTED)


def forget_after_rollbacks(engine: Engine) -> None:
    """Prepare anew what psycopg drops: after a rollback it deallocates all, not its own alone."""

    @event.listens_for(engine, "rollback")
    @event.listens_for(engine, "rollback_savepoint")
    def _forget(connection: Connection, *_of_savepoint: Any) -> None:
        if not connection.invalidated:
            connection.connection.info.pop(_KEPT, None)


class Rows:
    """What a statement of a trip returned; there once the trip is over."""

    __slots__ = ("_next", "_rows")

    def __init__(self) -> None:
        self._rows: list[tuple[Any, ...]] = []
        self._next = 0

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Return all rows."""
        return self._rows

    def fetchone(self) -> tuple[Any, ...] | None:
        """Return the next row; None after the last."""
        self._next += 1
        return self._rows[self._next - 1] if self._next <= len(self._rows) else None

    def take(self, rows: list[tuple[Any, ...]]) -> None:
        """Be given the rows."""
        self._rows = rows


class Trip:
    """Gathers statements, with `%s` for parameters, and sends them.

    Args:
        info: of the pooled connection, where its prepared statements are remembered.
    """

    def __init__(self, driver: psycopg.Connection[Any], info: dict[Any, Any]) -> None:
        self._driver = driver
        self._known: set[str] = info.setdefault(_KEPT, set())
        self._calls: list[tuple[str, list[bytes | None], Rows]] = []

    def execute(self, text: str, parameters: Sequence[Any] = ()) -> Rows:
        """Have a statement run with the others; its rows are there after `send`."""
        rows = Rows()
        self._calls.append((text, [_written(each) for each in parameters], rows))
        return rows

    def commit(self) -> None:
        """End the transaction after what was gathered so far."""
        self.execute("COMMIT")

    def send(self) -> None:
        """Send what was gathered, in the transaction that is open or a new one.

        Raises:
            psycopg.Error: of the first statement that failed; those after it did not run.
        """
        if not self._calls:
            return
        server = self._driver.pgconn
        if server.transaction_status == pq.TransactionStatus.IDLE:
            self._calls.insert(0, ("BEGIN", [], Rows()))
        takers: list[Rows | None] = []
        server.enter_pipeline_mode()
        try:
            for text, parameters, rows in self._calls:
                name = _name(text)
                if text not in self._known:
                    self._known.add(text)
                    # The server may have it still: what was forgotten must not pile up there.
                    server.send_close_prepared(name)
                    server.send_prepare(name, _numbered(text))
                    takers += (None, None)
                server.send_query_prepared(name, parameters)
                takers.append(rows)
            server.pipeline_sync()
            self._take(server, takers)
            server.exit_pipeline_mode()
        except BaseException:
            self._known.clear()  # of some it is not known whether the server has them
            if server.pipeline_status == pq.PipelineStatus.ON or not _is_quiet(server):
                self._driver.close()
            raise

    def _take(self, server: Any, takers: Sequence[Rows | None]) -> None:
        """Read what came of each statement, up to the end of the trip."""
        _flush(server)
        failed: pq.abc.PGresult | None = None
        for taker in takers:
            result = _result(server)
            _result(server)  # None: the end of this statement
            if result.status in _BROKEN:
                failed = failed or result
            elif taker is not None and result.ntuples:
                reader = Transformer(self._driver)
                reader.set_pgresult(result)
                taker.take(reader.load_rows(0, result.ntuples, tuple))
        _result(server)  # the sync
        if failed is not None:
            server.exit_pipeline_mode()
            raise psycopg.errors.error_from_result(failed, encoding="utf-8")


def _flush(server: Any) -> None:
    """Send all, and take in what comes meanwhile, so that neither side waits for the other."""
    while server.flush():
        if _wait(server, select.POLLIN | select.POLLOUT) & select.POLLIN:
            server.consume_input()


def _result(server: Any) -> Any:
    while server.is_busy():
        _wait(server, select.POLLIN)
        server.consume_input()
    return server.get_result()


def _wait(server: Any, events: int) -> int:
    poller = select.poll()
    poller.register(server.socket, events)
    return poller.poll()[0][1]


def _is_quiet(server: Any) -> bool:
    return bool(server.transaction_status != pq.TransactionStatus.ACTIVE)


def _name(text: str) -> bytes:
    return _names.get(text) or _names.setdefault(text, b"zeroten_%d" % next(_numbers))


def _numbered(text: str) -> bytes:
    """Return the statement with `$1`, `$2`, … for `%s`."""
    first, *others = text.split("%s")
    parts = [first, *(f"${number}{part}" for number, part in enumerate(others, 1))]
    return "".join(parts).encode()


def _written(value: Any) -> bytes | None:
    """Return a parameter as PostgreSQL reads it from text."""
    if value is None:
        return None
    if isinstance(value, str):
        if "\0" in value:  # libpq would send what comes before it
            raise psycopg.DataError("PostgreSQL's texts hold no NUL")
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, list):
        return b"{" + b",".join(map(_element, value)) + b"}"
    return repr(value).encode()


def _element(value: int | str) -> bytes:
    if isinstance(value, int):
        return b"%d" % value
    return ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"').encode()

"""Reads many rows on the driver, some hundred at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, cast

from sqlalchemy import Connection

# Small pieces stay in the processor's cache: 20,000 rows at a time take half as long again.
PIECE: Final = 500


def pieces(connection: Connection, text: str, *parameters: Any) -> Iterator[list[Any]]:
    """Yield the rows of a statement some hundred at a time."""
    driver = cast(Any, connection.connection.dbapi_connection)
    if connection.dialect.name == "sqlite":
        cursor = driver.execute(text.replace("JOINED(", "printf("), parameters)
        while rows := cursor.fetchmany(PIECE):
            yield rows
        return
    # A cursor on the server: the driver would otherwise hold the whole window as text first.
    with driver.cursor(name="answers") as cursor:
        text = text.replace("%", "%%").replace("?", "%s").replace("JOINED(", "format(")
        cursor.execute(text, parameters, binary=True)
        while rows := cursor.fetchmany(PIECE):
            yield rows

"""Tables as CSV: one line a row, nested members with dots between the names."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from backend.services.exports import safe_cell


def table_csv(rows: Iterable[Mapping[str, Any]]) -> str:
    """Return rows as CSV (RFC 4180) with a header line; no rows give an empty file.

    Columns are those of all rows in the order they are first met. Numbers stay numbers, lists
    are JSON, and no text can be taken for a formula.
    """
    flat = [_flat(row) for row in rows]
    columns = list(dict.fromkeys(name for row in flat for name in row))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    if columns:
        writer.writerow(columns)
    writer.writerows([_cell(row.get(name)) for name in columns] for row in flat)
    return text.getvalue()


def _flat(row: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _cell(value: Any) -> str | int | float:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    return safe_cell(value if isinstance(value, str) else msgspec.json.encode(value).decode())

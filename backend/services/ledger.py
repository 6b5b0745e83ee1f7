"""The erasures in a file beside the database: a restored backup must not bring anybody back.

One JSON object a line: first the key of the ids' HMACs, encrypted like every secret, then one line
an erased id. Keep the file when you restore a backup, and back it up for itself.
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from backend.services.vault import Vault

FILE: Final = "erasures.jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """One erased id."""

    project_id: str
    id_hmac: bytes
    mode: str
    erased_at: datetime


class Ledger:
    """The file of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / FILE

    def add(self, vault: Vault, key: bytes, entries: Iterable[Entry]) -> None:
        """Append entries; they are on disk when this returns."""
        lines = [_line(entry) for entry in entries]
        self._path.parent.mkdir(parents=True, exist_ok=True)
        is_new = not self._path.exists()
        if is_new:
            lines.insert(0, {"key": vault.encrypt(b64encode(key).decode()).decode()})
        with self._path.open("ab") as file:
            file.write(b"".join(msgspec.json.encode(line) + b"\n" for line in lines))
            file.flush()
            os.fsync(file.fileno())
        if is_new:
            self._path.chmod(0o600)

    def read(self, vault: Vault) -> tuple[bytes | None, Sequence[Entry]]:
        """Return the key and the entries; a line cut short by a crash is passed over."""
        if not self._path.exists():
            return None, ()
        key, entries = None, []
        for line in self._path.read_bytes().splitlines():
            try:
                found: dict[str, Any] = msgspec.json.decode(line)
            except msgspec.DecodeError:
                continue
            if "key" in found:
                key = b64decode(vault.decrypt(found["key"].encode()))
            else:
                entries.append(_entry(found))
        return key, entries


def _line(entry: Entry) -> dict[str, Any]:
    return {
        "project_id": entry.project_id,
        "id_hmac": entry.id_hmac.hex(),
        "mode": entry.mode,
        "erased_at": entry.erased_at.isoformat(),
    }


def _entry(line: dict[str, Any]) -> Entry:
    return Entry(
        line["project_id"],
        bytes.fromhex(line["id_hmac"]),
        line["mode"],
        datetime.fromisoformat(line["erased_at"]),
    )

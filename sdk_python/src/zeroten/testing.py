"""For a host's own tests: a client that records what would be sent.

from zeroten.testing import recording_client

client = recording_client()
client.track("u-1", "export_csv")
assert client.events == [...]
"""

from __future__ import annotations

import json
from typing import Any

from .batch import Batch
from .client import Client
from .transport import Reply


class RecordingTransport:
    """Takes every batch, keeps its events, opens no connection."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []

    def send(self, batch: Batch, *, dropped: str = "") -> Reply:
        """Keep the events and answer as the server would; `dropped` is of no use here."""
        events = json.loads(b"[" + batch.unpacked() + b"]")
        self.batches.append(events)
        answer = {"stored": len(events), "duplicates": 0, "rejected": 0, "errors": []}
        return Reply(200, json.dumps(answer).encode())

    def close(self) -> None:
        """Nothing to close."""


class RecordingClient(Client):
    """A `Client` with all its encoding and batching, but no network."""

    def __init__(self, **options: Any) -> None:
        """Takes the options of `Client`; key and host are not needed."""
        self.recorder = RecordingTransport()
        super().__init__("sk_test", transport=self.recorder, **options)

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events so far, in order, as the server would see them."""
        self.flush(5.0)
        return [event for batch in self.recorder.batches for event in batch]

    def named(self, event: str) -> list[dict[str, Any]]:
        """Return the tracked events of that name."""
        return [one for one in self.events if one.get("event") == event]

    def clear(self) -> None:
        """Forget what was recorded so far."""
        self.flush(5.0)
        self.recorder.batches.clear()


def recording_client(**options: Any) -> RecordingClient:
    """Return a client whose `events` are what would have been sent."""
    return RecordingClient(**options)

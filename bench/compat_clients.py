"""Sends 1,000 events through an unmodified client: `compat_clients.py NAME URL KEY [bytes]`."""

from __future__ import annotations

import importlib
import sys

EVENTS = 1_000


def client(name: str, url: str, key: str) -> object:
    """Return the client, given only the host and the key."""
    if name == "segment":
        return importlib.import_module("segment.analytics.client").Client(key, host=url)
    return importlib.import_module("rudderstack.analytics.client").Client(key, host=url)


def main(name: str, url: str, key: str, filling: int) -> None:
    """Track, identify in between, and wait until all is sent."""
    sender = client(name, url, key)
    for number in range(EVENTS):
        sender.track(  # type: ignore[attr-defined]
            user_id=f"u{number % 50}",
            event=f"{name}_feature_{number % 10}",
            properties={f"p{place}": "x" * 1_000 for place in range(filling // 1_000)},
        )
        if number % 100 == 0:
            sender.identify(user_id=f"u{number % 50}", traits={"plan": "pro"})  # type: ignore[attr-defined]
    sender.flush()  # type: ignore[attr-defined]
    sender.join()  # type: ignore[attr-defined]


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))

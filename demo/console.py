"""What the demo tells the person at the terminal."""

from __future__ import annotations

import sys


def say(line: str = "") -> None:
    """Print a line at once, also into a pipe."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class DemoError(Exception):
    """The demo cannot go on; the text says why and what to do. `status` is the exit status."""

    def __init__(self, text: str, status: int = 2) -> None:
        super().__init__(text)
        self.status = status

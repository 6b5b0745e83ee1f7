"""Says whether batches come faster than they are written."""

from __future__ import annotations

import time
from typing import Final

# So long after batches waited for each other more are expected to.
BUSY_S: Final = 1.0


class Load:
    """High while batches wait for each other, and for a second after that."""

    def __init__(self) -> None:
        self._high_until = 0.0

    def met(self, batches: int) -> None:
        """Take note that so many are written together."""
        if batches > 1:
            self._high_until = time.monotonic() + BUSY_S

    @property
    def is_high(self) -> bool:
        """Whether more are expected to meet."""
        return time.monotonic() < self._high_until

"""Tells when what is done step by step in one thread has come to a halt."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

# A step takes milliseconds; one that takes so long waits for something that may go on for longer.
SLOW_S: Final = 1.0
# So long after such a step none is counted on.
PAUSE_S: Final = 5.0


class Pace:
    """The pace of one thread's steps, which others may ask for.

    Args:
        clock: returns seconds of a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._slow_until = 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        """Time what is done in the block."""
        self._began = began = self._clock()
        try:
            yield
        finally:
            self._began = None
            if self._clock() - began >= SLOW_S:
                self._slow_until = self._clock() + PAUSE_S

    def is_good(self) -> bool:
        """Say whether a step begun now may be expected to end soon."""
        now, began = self._clock(), self._began
        return now >= self._slow_until and (began is None or now - began < SLOW_S)

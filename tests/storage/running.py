"""Work in a thread, whose outcome a test asks for later."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


class Running:
    """Calls `work` in a thread at once."""

    def __init__(self, work: Callable[[], Any]) -> None:
        self._error: BaseException | None = None
        self.result: Any = None
        self._work = work
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def error(self, within_s: float = 20) -> BaseException | None:
        """Wait for the end and return what was raised, if anything."""
        self._thread.join(within_s)
        assert not self._thread.is_alive(), "it did not end"
        return self._error

    def _run(self) -> None:
        try:
            self.result = self._work()
        except BaseException as error:
            self._error = error


def wait_until(holds: Callable[[], Any], within_s: float = 10) -> None:
    """Wait until `holds()` is true; fail when that takes too long."""
    deadline = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.002)

"""Callers that come at the same time are served together: one does the work of all who wait.

Whoever comes first leads: takes what has queued, does it at once, wakes the next leader and then
those it worked for. There is no thread of its own, which cost two switches a request and made a
decision half as fast (docs/decisions/group-commit.md).
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from backend.domain.errors import StorageUnavailableError

ANSWER_WITHIN_S: Final = 14.0


class Piece:
    """What one caller wants done, and what came of it."""

    __slots__ = ("error", "is_done", "is_leader", "is_waited_for", "result", "wake", "work")

    def __init__(self, work: Any) -> None:
        self.work = work
        self.is_done = False
        self.is_leader = False
        self.is_waited_for = False
        self.result: Any = None
        self.error: BaseException | None = None
        # Held until the piece is done or its caller is to lead: a bare lock is the cheapest wait.
        self.wake = threading.Lock()
        self.wake.acquire()


class Turns:
    """Hands groups of at most `most` pieces to `serve`, one group after another.

    `serve` sets the result or the error of every piece, and raises nothing. It may `pass_on` the
    lead before it is done.
    """

    def __init__(self, serve: Callable[[list[Piece]], None], most: int) -> None:
        self._serve = serve
        self._most = most
        self._waiting: deque[Piece] = deque()
        self._mutex = threading.Lock()
        self._is_led = False
        # Groups of which nobody is answered yet: more than one when the lead is passed on early.
        self._served = 0

    def submit(self, work: Any) -> Any:
        """Return what `serve` made of `work`.

        Raises:
            StorageUnavailableError: it did not get its turn in time; nothing was done.
            Exception: the error of the piece.
        """
        return self.outcome(self.enter(work))

    def enter(self, work: Any) -> Piece:
        """Have `work` done with the next group, whoever leads that; its `outcome` is to be got."""
        piece = Piece(work)
        with self._mutex:
            self._waiting.append(piece)
        return piece

    def outcome(self, piece: Piece) -> Any:
        """Return what `serve` made of a piece, having led if nobody else did.

        Raises:
            StorageUnavailableError, Exception: as `submit`.
        """
        self.settle(piece)
        if piece.error is not None:
            raise piece.error
        return piece.result

    def settle(self, piece: Piece) -> None:
        """Return when the piece has its result or error, having led if nobody else did."""
        with self._mutex:
            piece.is_waited_for = True
            if not self._is_led and not piece.is_done:
                self._is_led = piece.is_leader = True
        if not piece.is_done and not piece.is_leader:
            self._wait(piece)
        if not piece.is_done:
            self._lead(piece)

    def pass_on(self, group: list[Piece]) -> None:
        """Let the next group be served, though nobody of `group` is answered yet."""
        successor = None
        with self._mutex:
            if not group[0].is_leader:
                return
            group[0].is_leader = False
            # One whose caller is there to lead.
            successor = next((each for each in self._waiting if each.is_waited_for), None)
            if successor is None:
                self._is_led = False
            else:
                successor.is_leader = True
        if successor is not None:
            successor.wake.release()

    def finish(self, within_s: float) -> bool:
        """Wait until nothing is done or waits; say whether it came to that."""
        end = time.monotonic() + within_s
        while (self._is_led or self._served) and time.monotonic() < end:
            time.sleep(0.005)
        return not self._is_led and not self._served

    def _wait(self, piece: Piece) -> None:
        """Return when the piece is done, or when its caller is to lead."""
        if piece.wake.acquire(timeout=ANSWER_WITHIN_S):
            return
        with self._mutex:
            if not piece.is_leader and piece in self._waiting:
                self._waiting.remove(piece)
                piece.error, piece.is_done = StorageUnavailableError(retry_after_s=2), True
                return
        # It is being done this moment: its end is near, and must be known.
        piece.wake.acquire()

    def _lead(self, own: Piece) -> None:
        """Serve one group, which has `own` in it, and pass the lead on."""
        with self._mutex:
            # Its own is in it, however many entered before.
            self._waiting.remove(own)
            most = min(self._most - 1, len(self._waiting))
            group = [own, *(self._waiting.popleft() for _ in range(most))]
            self._served += 1
        self._serve(group)
        for piece in group:
            piece.is_done = True
        # First, so that the next group is served while this one's callers wake up.
        self.pass_on(group)
        with self._mutex:
            self._served -= 1
        for piece in group:
            if piece is not own:
                piece.wake.release()

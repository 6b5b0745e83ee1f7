"""How many connections each worker has, seen by all of them, so that each takes its share.

The kernel wakes every worker for a connection, and whoever calls `accept` first has it: eight
that come at the same moment are often all one worker's, and while they are kept the others idle
(docs/decisions/shared-connections.md). The counts lie in memory that the master makes before it
forks. Nothing locks it: each worker writes its own place only, and to read a count that has just
changed costs one short wait, or spares one.
"""

from __future__ import annotations

from mmap import mmap
from typing import Final

# So long the others, woken at the same time, have the first call on a connection.
WAIT_S: Final = 0.0005
# So often in a row a worker waits while nobody else takes the connection. Then those with fewer
# are busy or stuck, and it waits no more until the least busy one has another count.
MOST_WAITS_IN_VAIN: Final = 20

_COUNT_BYTES: Final = 4
_TAKES_NONE: Final = -1


class Shares:
    """The counts of a server's workers, in places that its master gives out and takes back."""

    def __init__(self, places: int) -> None:
        self.counts = memoryview(mmap(-1, places * _COUNT_BYTES)).cast("i")
        self.free = list(range(places))
        for place in self.free:
            self.counts[place] = _TAKES_NONE

    def begin(self) -> Share | None:
        """Return the place of a worker to be forked, or None when all are in use.

        A worker without a place takes what comes, and the others wait for it as little as for
        one that has not said yet that it takes connections.
        """
        return Share(self, self.free.pop(0)) if self.free else None


class Share:
    """One worker's place among the counts."""

    def __init__(self, shares: Shares, place: int) -> None:
        self._shares = shares
        self._place = place
        self._least: int | None = None
        self._waits_in_vain = 0

    def tell(self, connections: int | None) -> None:
        """Let the others know how many connections this worker has; None when it takes no more."""
        self._shares.counts[self._place] = _TAKES_NONE if connections is None else connections

    def has_more(self, connections: int) -> bool:
        """Say whether to leave the next connection to another worker for `WAIT_S`.

        So it is where another has fewer than `connections`, until that has shown to be in vain.
        """
        least = self._least_of_others()
        if least != self._least:
            self._least, self._waits_in_vain = least, 0
        is_hopeful = self._waits_in_vain < MOST_WAITS_IN_VAIN
        return is_hopeful and least is not None and least < connections

    def waited(self, *, in_vain: bool) -> None:
        """Note whether another worker took the connection, or in vain nobody did."""
        self._waits_in_vain = self._waits_in_vain + 1 if in_vain else 0

    def end(self) -> None:
        """Give the place back, in the master, once the worker has ended."""
        self.tell(None)
        self._shares.free.append(self._place)

    def _least_of_others(self) -> int | None:
        counts = self._shares.counts.tolist()
        del counts[self._place]
        return min((count for count in counts if count != _TAKES_NONE), default=None)

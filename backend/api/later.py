"""Answers that are worked out together with others, where the server asks for that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

# In a request's environment: the server reads a `Later` as such (`backend/lane.py`).
TAKES_LATER: Final = "zeroten.takes_later"


@dataclass(frozen=True, slots=True)
class Later:
    """An answer to come.

    Args:
        is_ready: has what waits with it done; False when this one takes time of its own.
        answer: returns the body, having started the response.
    """

    is_ready: Callable[[], bool]
    answer: Callable[[], Iterable[bytes]]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.answer())

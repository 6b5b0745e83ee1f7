"""A ticket's life and how an answer's states move (security model, section 7)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

UNSHOWN_FOR: Final = timedelta(minutes=30)
FIRST_ANSWER_FOR: Final = timedelta(days=7)
REVISIONS_FOR: Final = timedelta(hours=24)
AHEAD: Final = timedelta(hours=24)

STATES: Final = ("shown", "scored", "completed", "declined", "later")
ANSWERED: Final = ("scored", "completed")
ENDED: Final = ("completed", "declined", "later")
_RANK: Final = {"shown": 0, "declined": 1, "later": 1, "scored": 2, "completed": 3}


def moved(old: str, new: str) -> str:
    """Return the state after `new` arrives on top of `old`: states only move on.

    An answer outweighs a dismissal: who scores and then closes has answered.
    """
    return new if _RANK[new] > _RANK[old] else old


def clamped(claimed: datetime | None, issued_at: datetime, now: datetime) -> datetime:
    """Return when the page says it happened, if that can be; else when it arrived."""
    if claimed is None or not issued_at <= claimed <= now + AHEAD:
        return now
    return min(claimed, now)


def takes_first(issued_at: datetime, happened_at: datetime, now: datetime) -> bool:
    """Say whether a ticket without any response yet may get one.

    It must have been shown within half an hour. An answer given offline says when that was and
    may arrive later, within the time that a shown ticket has.
    """
    return happened_at <= issued_at + UNSHOWN_FOR and now <= issued_at + FIRST_ANSWER_FOR


def takes_answer(issued_at: datetime, answered_at: datetime | None, now: datetime) -> bool:
    """Say whether a ticket that was shown still takes an answer, or a change of one."""
    if answered_at is None:
        return now <= issued_at + FIRST_ANSWER_FOR
    return now <= answered_at + REVISIONS_FOR

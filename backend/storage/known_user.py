"""What is known of one person, and how the rows of all their ids are read as one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from backend.domain.visitor import HISTORY_TIMES, SurveyHistory


@dataclass(frozen=True, slots=True)
class KnownAccount:
    """An account with what servers said of it."""

    key: int
    id: str
    traits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KnownUser:
    """What a decision needs of a user, with their past by survey and how often they answered.

    Args:
        armed: by survey and event, from and until when (ms since 1970) a server armed it.
        linked_to: the key of the user that all rows of the person point to, their own too;
            None until a browser or an earlier id turns out to be theirs (`storage/links.py`).
        is_new: added by this very transaction, so that nobody else can know the row yet.
    """

    key: int
    user_id: str
    first_seen_at: datetime
    traits: Mapping[str, Any] = field(default_factory=dict)
    account: KnownAccount | None = None
    last_shown_at: datetime | None = None
    open_ticket_until: datetime | None = None
    activity_day: int = 0
    activity_bits: int = 0
    recent_use: bytes = b""
    armed: Mapping[str, Mapping[str, Sequence[int]]] = field(default_factory=dict)
    linked_to: int | None = None
    is_anonymous: bool = False
    last_seen_at: datetime | None = None
    history: Mapping[str, SurveyHistory] = field(default_factory=dict)
    answers: Mapping[str, int] = field(default_factory=dict)
    is_new: bool = False

    @property
    def person_key(self) -> int:
        """The key of the user that stands for all rows of the person."""
        return self.key if self.linked_to is None else self.linked_to


def joined(user: KnownUser, others: Iterable[KnownUser]) -> KnownUser:
    """Return the user with the clocks of `others`: the latest of each, the earliest first sight.

    Traits, use and the number of answers stay the user's own.
    """
    for other in others:
        history = dict(user.history)
        for survey_id, past in other.history.items():
            history[survey_id] = _later(history.get(survey_id), past)
        user = replace(
            user,
            first_seen_at=min(user.first_seen_at, other.first_seen_at),
            last_shown_at=_latest(user.last_shown_at, other.last_shown_at),
            open_ticket_until=_latest(user.open_ticket_until, other.open_ticket_until),
            armed=_armed(user.armed, other.armed),
            history=history,
        )
    return user


def reading(own: KnownUser, user: KnownUser) -> KnownUser:
    """Return `own` with the clocks of both and the facts of `user`, who is only read."""
    return replace(
        joined(own, [user]),
        traits=user.traits,
        account=user.account,
        activity_day=user.activity_day,
        activity_bits=user.activity_bits,
        recent_use=user.recent_use,
    )


def _later(own: SurveyHistory | None, other: SurveyHistory) -> SurveyHistory:
    if own is None:
        return other
    times = {name: _latest(getattr(own, name), getattr(other, name)) for name in HISTORY_TIMES}
    # The score belongs to whichever answer came last.
    source = other if times["answered_at"] != own.answered_at else own
    return SurveyHistory(**times, last_score=source.last_score)


def _armed(
    own: Mapping[str, Mapping[str, Sequence[int]]], other: Mapping[str, Mapping[str, Sequence[int]]]
) -> Mapping[str, Mapping[str, Sequence[int]]]:
    """Return what either armed; of the same event the later."""
    if not other:
        return own
    merged = {survey: dict(events) for survey, events in own.items()}
    for survey, events in other.items():
        kept = merged.setdefault(survey, {})
        for event, entry in events.items():
            kept[event] = max(list(entry), list(kept.get(event, entry)))
    return merged


def _latest(one: datetime | None, other: datetime | None) -> datetime | None:
    if one is None or other is None:
        return one or other
    return max(one, other)

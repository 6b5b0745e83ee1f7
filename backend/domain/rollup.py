"""What the events of one batch say of each person, and when it was on their project's calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from backend.domain import limits
from backend.domain.calendar import DAY_MS, STEP_MS, Calendar
from backend.domain.events import (
    FEATURE,
    INVALID_EVENT,
    INVALID_TIME_FAULT,
    PAGE,
    Facts,
    Fault,
    Link,
    Person,
    WireEvent,
    text_id,
)
from backend.domain.values import is_name, masked

_PAST_MS: Final = limits.EVENT_PAST_DAYS * DAY_MS
_FUTURE_MS: Final = limits.EVENT_FUTURE_HOURS * 3_600_000
# A difference below a minute is the network's, not a wrong clock.
_SKEW_MS: Final = 60_000


Use = list[tuple[int, int, int, int, int]]
"""Somebody's use in one batch, event by event: (local day, place of the name in the batch, engaged
ms, ms of the day, instant). Bare tuples, added up once for all batches written together."""


@dataclass(slots=True)
class Rollup:
    """The effect of a batch.

    `names` numbers each (kind, name) of the batch in the order met; `users` and `anonymous` have
    the use by the sender's id; facts and links keep the order they came in.
    """

    names: dict[tuple[str, str], int] = field(default_factory=dict)
    users: dict[str, Use] = field(default_factory=lambda: defaultdict(list))
    anonymous: dict[str, Use] = field(default_factory=lambda: defaultdict(list))
    facts: list[Facts] = field(default_factory=list)
    links: dict[Link, None] = field(default_factory=dict)

    def people(self) -> set[Person]:
        """Return everybody it names; of an alias the user alone, for the rest may be either."""
        browsers = {each.previous_id for each in self.links if not each.is_alias}
        return (
            {Person(each, False) for each in (*self.users, *(link.user_id for link in self.links))}
            | {Person(each, True) for each in (*self.anonymous, *browsers)}
            | {fact.person for fact in self.facts}
        )

    def ids(self) -> set[Person]:
        """Return every id it names; an alias's previous id as a user's and as a browser's."""
        previous = [each.previous_id for each in self.links if each.is_alias]
        return self.people().union(
            Person(each, kind) for each in previous for kind in (False, True)
        )


class Roller:
    """Rolls up the checked events of one request; `skew_ms` is added to the sender's times."""

    def __init__(
        self,
        calendar: Calendar,
        template: Callable[[str], str],
        received_ms: int,
        sent_ms: int | None = None,
    ) -> None:
        skew_ms = received_ms - sent_ms if sent_ms is not None else 0
        self._calendar = calendar
        self._template = template
        self._received_ms = received_ms
        self.skew_ms = skew_ms if abs(skew_ms) > _SKEW_MS else 0

    def roll_up(
        self, events: Iterable[tuple[int, WireEvent]]
    ) -> tuple[Rollup, list[tuple[int, Fault]]]:
        """Return the effect of `events`, and which of them cannot be counted."""
        rollup = Rollup()
        names, users, anonymous = rollup.names, rollup.users, rollup.anonymous
        received_ms, skew_ms = self._received_ms, self.skew_ms
        oldest_ms, latest_ms = received_ms - _PAST_MS, received_ms + _FUTURE_MS
        offsets = self._calendar.offsets_ms
        faults: list[tuple[int, Fault]] = []
        for index, event in events:
            timestamp = event.timestamp
            if timestamp is None:
                occurred_ms = received_ms
            else:
                occurred_ms = int(timestamp.timestamp() * 1000 + 0.5) + skew_ms
                if not oldest_ms <= occurred_ms <= latest_ms:
                    faults.append((index, INVALID_TIME_FAULT))
                    continue
            if event.type == "track":
                name, engaged_ms = (FEATURE, event.event or ""), 0
            else:
                meaning = self._other(event, occurred_ms, rollup)
                if isinstance(meaning, Fault):
                    faults.append((index, meaning))
                    continue
                if meaning is None:
                    continue
                name, engaged_ms = meaning
            user_id, anonymous_id = event.userId, event.anonymousId
            if user_id is None or user_id == "":
                people, person_id = anonymous, str(anonymous_id)
            else:
                people, person_id = users, user_id if type(user_id) is str else str(user_id)
                if anonymous_id is not None and anonymous_id != "":
                    rollup.links[Link(person_id, str(anonymous_id))] = None
            place = names.get(name)
            if place is None:
                place = names[name] = len(names)
            offset_ms = offsets.get(occurred_ms // STEP_MS)
            if offset_ms is None:
                offset_ms = self._calendar.offset_ms(occurred_ms)
            day, ms = divmod(occurred_ms + offset_ms, DAY_MS)
            people[person_id].append((day, place, engaged_ms, ms, occurred_ms))
        return rollup, faults

    def _other(
        self, event: WireEvent, occurred_ms: int, rollup: Rollup
    ) -> tuple[tuple[str, str], int] | Fault | None:
        """Return the name and engaged time of a page, or None for a fact, noted in `rollup`."""
        if event.type in ("page", "screen"):
            return self._page(event)
        fact = _fact(event, occurred_ms)
        if isinstance(fact, Fault):
            return fact
        if isinstance(fact, Facts):
            rollup.facts.append(fact)
        link = _link(event) if isinstance(fact, Facts) else fact
        if link is not None:
            rollup.links[link] = None
        return None

    def _page(self, event: WireEvent) -> tuple[tuple[str, str], int] | Fault:
        properties = event.properties or {}
        address = properties.get("path") or properties.get("url") or event.name
        if not is_name(address, limits.STRING_LENGTH):
            return Fault(INVALID_EVENT, "A page needs properties.path, properties.url or name.")
        return (PAGE, self._template(str(address))), _engaged_ms(properties.get("engaged_ms"))


def _engaged_ms(value: Any) -> int:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(min(max(value, 0), DAY_MS)) if is_number else 0


def _fact(event: WireEvent, occurred_ms: int) -> Facts | Link | Fault:
    """Return what an identify, group or alias event says."""
    user_id, anonymous_id = text_id(event.userId), text_id(event.anonymousId)
    person = Person(user_id, False) if user_id else Person(anonymous_id or "", True)
    if event.type == "identify":
        return Facts(person, occurred_ms, None, masked(event.traits or {}))
    if event.type == "group":
        account_id = text_id(event.groupId)
        if account_id is None:
            return Fault(INVALID_EVENT, f"groupId must have 1 to {limits.ID_LENGTH} characters.")
        return Facts(person, occurred_ms, account_id, masked(event.traits or {}))
    previous_id = text_id(event.previousId)
    if user_id is None or previous_id is None:
        return Fault(INVALID_EVENT, "alias needs userId and previousId.")
    return Link(user_id, previous_id, is_alias=True)


def _link(event: WireEvent) -> Link | None:
    """Return what an event with both ids says: the browser belongs to the user."""
    user_id, anonymous_id = text_id(event.userId), text_id(event.anonymousId)
    return Link(user_id, anonymous_id) if user_id and anonymous_id else None

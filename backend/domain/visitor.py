"""What is known about one person at the moment of a decision.

The caller (a service) reads all of it beforehand; nothing here looks anything up.
Times are aware UTC. `to_json` and `from_json` lose nothing, so that a stored
decision can be replayed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from operator import attrgetter
from typing import Any, Self

from backend.domain.timestamps import format_time, parse_date, parse_time


@dataclass(frozen=True, slots=True)
class Trigger:
    """What happened in the page: `page_load`, or `event` with the name given to `track`."""

    type: str = "page_load"
    name: str | None = None

    def to_json(self) -> dict[str, str]:
        """Return the configuration's shape, without a name where there is none."""
        return {"type": self.type} if self.name is None else {"type": self.type, "name": self.name}


@dataclass(frozen=True, slots=True)
class UsageFacts:
    """A person's use before today: small numbers, read without touching usage rows.

    Args:
        active_days: days with use among the 30 before today; None when unknown.
        percentile: share of users with as much use or less, 0 to 100; None when unknown.
        last_used: last UTC date on which each feature was used, by name.
    """

    active_days: int | None = None
    percentile: float | None = None
    last_used: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SurveyHistory:
    """The latest time of each thing that happened between a person and one survey.

    A showing that got no answer, "no" or "later" counts as ignored from `shown_at` on;
    `ignored_at` is for callers that know better (a lapsed ticket).
    """

    shown_at: datetime | None = None
    answered_at: datetime | None = None
    declined_at: datetime | None = None
    ignored_at: datetime | None = None
    later_at: datetime | None = None
    last_score: int | None = None

    @property
    def ignored_since(self) -> datetime | None:
        """When the last showing without any reaction was, or None."""
        shown, ignored = self.shown_at, self.ignored_at
        if shown is None or any(
            at is not None and at >= shown
            for at in (self.answered_at, self.declined_at, self.later_at)
        ):
            return ignored
        return shown if ignored is None or ignored < shown else ignored

    @property
    def last_at(self) -> datetime | None:
        """The latest of all times here, or None when nothing ever happened."""
        times = (
            self.shown_at,
            self.answered_at,
            self.declined_at,
            self.ignored_at,
            self.later_at,
        )
        return max((at for at in times if at is not None), default=None)

    def to_json(self) -> dict[str, Any]:
        """Return the members that are set."""
        record = {name: format_time(getattr(self, name)) for name in HISTORY_TIMES}
        return {name: at for name, at in record.items() if at} | (
            {} if self.last_score is None else {"last_score": self.last_score}
        )

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote."""
        times = {name: parse_time(record.get(name)) for name in HISTORY_TIMES}
        return cls(**times, last_score=record.get("last_score"))


HISTORY_TIMES = ("shown_at", "answered_at", "declined_at", "ignored_at", "later_at")
PLAIN = (
    "id",
    "anonymous",
    "account_id",
    "page",
    "page_template",
    "device",
    "language",
    "app_version",
    "origin",
    "project_enabled",
    "manual",
)
MAPPINGS = ("traits", "account_traits", "account_asked", "asked_today")
TIMES = ("first_seen_at", "any_survey_shown_at", "open_ticket_until")


@dataclass(frozen=True, slots=True)
class Visitor:
    """One person, their page, their past and the counters that concern them.

    Args:
        id: the host's user id, or our browser id when `anonymous`.
        page: path without query and fragment; `page_template` the same with ids folded.
        trigger: None is taken as a page load.
        history: by survey id, over all devices.
        any_survey_shown_at: last showing of any survey, also of deleted ones.
        account_asked: by survey id, people of the account asked within the cap's days.
        asked_today: by survey id, people asked since midnight UTC.
        open_ticket_until: end of an invitation that is still open, of whatever survey.
        armed: server events that armed a survey for this person, with their end.
        manual: the survey was opened by hand: trigger, page, sampling, rests are not asked.
    """

    id: str
    anonymous: bool = False
    traits: Mapping[str, Any] = field(default_factory=dict)
    account_id: str | None = None
    account_traits: Mapping[str, Any] = field(default_factory=dict)
    page: str | None = None
    page_template: str | None = None
    device: str | None = None
    language: str | None = None
    app_version: str | None = None
    origin: str | None = None
    trigger: Trigger | None = None
    first_seen_at: datetime | None = None
    usage: UsageFacts = UsageFacts()
    history: Mapping[str, SurveyHistory] = field(default_factory=dict)
    any_survey_shown_at: datetime | None = None
    account_asked: Mapping[str, int] = field(default_factory=dict)
    asked_today: Mapping[str, int] = field(default_factory=dict)
    open_ticket_until: datetime | None = None
    armed: Mapping[str, datetime] = field(default_factory=dict)
    project_enabled: bool = True
    manual: bool = False

    def members(self) -> dict[str, Any]:
        """Return the members by name, as they are."""
        return dict(zip(NAMES, _members(self), strict=True))

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON values with everything a replay needs."""
        record: dict[str, Any] = {name: getattr(self, name) for name in PLAIN}
        record |= {name: dict(getattr(self, name)) for name in MAPPINGS}
        record |= {name: format_time(getattr(self, name)) for name in TIMES}
        return record | {
            "trigger": self.trigger and self.trigger.to_json(),
            "usage": {
                "active_days": self.usage.active_days,
                "percentile": self.usage.percentile,
                "last_used": {name: day.isoformat() for name, day in self.usage.last_used.items()},
            },
            "history": {survey: past.to_json() for survey, past in self.history.items()},
            "armed": {name: format_time(until) for name, until in self.armed.items()},
        }

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Read what `to_json` wrote; members left out get their defaults.

        Raises:
            KeyError: no `id`.
            ValueError: a time that is none, or has no offset.
        """
        trigger, usage = record.get("trigger"), record.get("usage") or {}
        return cls(
            **{name: record[name] for name in PLAIN if name in record},
            **{name: record[name] for name in MAPPINGS if name in record},
            first_seen_at=parse_time(record.get("first_seen_at")),
            any_survey_shown_at=parse_time(record.get("any_survey_shown_at")),
            open_ticket_until=parse_time(record.get("open_ticket_until")),
            trigger=Trigger(trigger["type"], trigger.get("name")) if trigger else None,
            usage=UsageFacts(
                usage.get("active_days"),
                usage.get("percentile"),
                _present(parse_date, usage.get("last_used")),
            ),
            history={
                survey: SurveyHistory.from_json(past)
                for survey, past in (record.get("history") or {}).items()
            },
            armed=_present(parse_time, record.get("armed")),
        )


NAMES = tuple(each.name for each in fields(Visitor))
_members = attrgetter(*NAMES)


def _present(parse: Any, record: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: parse(value) for name, value in (record or {}).items()}

"""The rules of one survey, read from the plain dicts of the published configuration.

Names equal those of `docs/protocol.md`; members the page never sees (`status`,
`account_cap`, `daily_budget`) stand beside them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Self

from backend.domain.sampling import Sampling
from backend.domain.timestamps import format_time, parse_time
from backend.domain.visitor import Trigger

STATUSES = ("draft", "published", "paused", "archived")
DEVICES = ("desktop", "mobile", "tablet")
TRIGGER_TYPES = ("page_load", "event", "server_event")
MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Rests:
    """Days of rest, each counted from the person's own last time; 0 asks for none.

    The first four concern this survey, `any_survey_rest_days` whatever was shown last.
    """

    rest_days: float = 90
    decline_rest_days: float = 30
    ignore_rest_days: float = 14
    later_rest_days: float = 7
    any_survey_rest_days: float = 7


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `count` people of one account within `days` days."""

    count: int
    days: int


@dataclass(frozen=True, slots=True)
class SurveyRules:
    """Everything the gates need to know about one survey.

    Args:
        triggers: any one is enough; empty means by hand only.
        origins, pages, devices, audience: empty (None) matches everybody.
        account_cap, daily_budget: None sets no limit; a budget counts UTC days.
    """

    id: str
    version: int = 1
    priority: int = 0
    status: str = "published"
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    origins: tuple[str, ...] = ()
    triggers: tuple[Trigger, ...] = (Trigger(),)
    pages: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    audience: Mapping[str, Any] | None = None
    sampling: Sampling = field(default_factory=lambda: Sampling(salt=""))
    rests: Rests = field(default_factory=Rests)
    old_enough_days: float = 30
    account_cap: Cap | None = None
    daily_budget: int | None = None

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> Self:
        """Read a survey's configuration; members left out get their defaults.

        The audience is taken as it is: `audience.check` names its faults.

        Raises:
            KeyError: no `id`.
            ValueError: a rate outside 0 to 1, days outside 0 to 3650, a bad time, an unknown
                status.
        """
        status = record.get("status", "published")
        if status not in STATUSES:
            raise ValueError("status is one of " + ", ".join(STATUSES))
        triggers = record.get("triggers")
        cap, old_enough = record.get("account_cap"), record.get("old_enough_days")
        return cls(
            id=record["id"],
            version=record.get("version", 1),
            priority=record.get("priority", 0),
            status=status,
            starts_at=parse_time(record.get("starts_at")),
            ends_at=parse_time(record.get("ends_at")),
            origins=tuple(record.get("origins") or ()),
            triggers=(Trigger(),)
            if triggers is None
            else tuple(Trigger(t["type"], t.get("name")) for t in triggers),
            pages=tuple(record.get("pages") or ()),
            devices=tuple(record.get("devices") or ()),
            audience=record.get("audience"),
            sampling=Sampling.from_dict(record.get("sampling") or {}, default_salt=record["id"]),
            rests=_rests(record.get("rests") or {}),
            old_enough_days=30 if old_enough is None else _days(old_enough),
            account_cap=Cap(cap["count"], cap["days"]) if cap else None,
            daily_budget=record.get("daily_budget"),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the configuration's own shape, complete enough for `from_dict`."""
        return {
            "id": self.id,
            "version": self.version,
            "priority": self.priority,
            "status": self.status,
            "starts_at": format_time(self.starts_at),
            "ends_at": format_time(self.ends_at),
            "origins": list(self.origins),
            "triggers": [trigger.to_json() for trigger in self.triggers],
            "pages": list(self.pages),
            "devices": list(self.devices),
            "audience": self.audience,
            "sampling": self.sampling.to_dict(),
            "rests": asdict(self.rests),
            "old_enough_days": self.old_enough_days,
            "account_cap": asdict(self.account_cap) if self.account_cap else None,
            "daily_budget": self.daily_budget,
        }


def _rests(record: Mapping[str, Any]) -> Rests:
    known = Rests.__dataclass_fields__
    return Rests(**{name: _days(days) for name, days in record.items() if name in known})


def _days(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= MAX_DAYS:
        raise ValueError(f"days are a number from 0 to {MAX_DAYS}")
    return value

"""Fields that convert nothing: `"7"` and true are no numbers, 1 is not true, a time has a zone.

marshmallow's own take all of these, which hides a caller's mistake until it matters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from marshmallow import ValidationError, fields

from backend.domain import limits
from backend.domain.timestamps import format_time, parse_instant
from backend.domain.values import is_name


class Whole(fields.Integer):
    """A whole number within the limits of JSON's readers; 7.0 is 7."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> int:
        number = _number(value)
        if number is None or not number.is_integer() or abs(number) > limits.INTEGER:
            raise ValidationError("Must be a whole number.")
        return int(value)


class Number(fields.Float):
    """A finite number."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> Any:
        if _number(value) is None:
            raise ValidationError("Must be a number.")
        return value


class Flag(fields.Boolean):
    """True or false, nothing that resembles them."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> bool:
        if not isinstance(value, bool):
            raise ValidationError("Must be true or false.")
        return value


class LastUse(fields.Date):
    """The day on which a credential was last used."""

    def __init__(self) -> None:
        text = "The day (UTC) of its last use; null before the first."
        super().__init__(required=True, allow_none=True, metadata={"description": text})


class Time(fields.DateTime):
    """An instant: RFC 3339 with an offset, or a date (its first instant in UTC); given with `Z`."""

    def _deserialize(
        self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any
    ) -> datetime:
        instant = parse_instant(value)
        if instant is None:
            raise ValidationError("Must be a date or a time such as 2026-11-22T08:00:00Z.")
        return instant

    def _serialize(self, value: Any, attr: str | None, obj: Any, **kwargs: Any) -> Any:
        # The answer of an earlier request is kept with its times as texts.
        return value if isinstance(value, str) else format_time(value)


def name_text(most: int = limits.NAME_LENGTH, **given: Any) -> fields.String:
    """Return a field for a name or id: 1 to `most` characters, none of them a control one."""

    def check(value: str) -> None:
        if not is_name(value, most):
            raise ValidationError(f"Must have 1 to {most} characters, no control ones.")

    described = {"minLength": 1, "maxLength": most} | given.pop("metadata", {})
    return fields.String(validate=check, metadata=described, **given)


def date_text(**given: Any) -> fields.String:
    """Return a field for a calendar date, `2026-11-22`."""

    def check(value: str) -> None:
        try:
            is_date = date.fromisoformat(value).isoformat() == value
        except ValueError:
            is_date = False
        if not is_date:
            raise ValidationError("Must be a date such as 2026-11-22.")

    described = {"format": "date"} | given.pop("metadata", {})
    return fields.String(validate=check, metadata=described, **given)


def timezone_text(**given: Any) -> fields.String:
    """Return a field for a time zone of the IANA database."""

    def check(value: str) -> None:
        # The set first: ZoneInfo opens a file named by its argument.
        if value not in available_timezones():
            raise ValidationError("Must be a time zone such as UTC or Europe/Berlin.")
        ZoneInfo(value)

    return fields.String(validate=check, **given)


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None

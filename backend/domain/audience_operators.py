"""The operators of an audience rule: a value seen against the rule's own value.

The table of their meaning stands in `backend.domain.audience`.
"""

import operator
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from backend.domain.timestamps import parse_instant

VERSION = re.compile(r"\d{1,9}(\.\d{1,9})*")


def version_parts(value: Any) -> list[int] | None:
    """Return the leading dotted numbers of a version, None when it has none."""
    found = VERSION.match(value) if isinstance(value, str) else None
    if not found:
        return None
    parts = [int(part) for part in found[0].split(".")]
    while parts and parts[-1] == 0:  # 4.2 and 4.2.0 are one version
        parts.pop()
    return parts


def _same(value: Any, limit: Any) -> bool:
    return isinstance(value, bool) == isinstance(limit, bool) and bool(value == limit)


def _speaks(value: Any, limit: Any) -> bool:
    return isinstance(value, str) and f"{value}-".lower().startswith(f"{limit}-".lower())


def _ordered(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def holds(value: Any, limit: Any) -> bool:
        return (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and isinstance(limit, int | float)
            and bool(compare(value, limit))
        )

    return holds


def _contains(value: Any, limit: Any) -> bool:
    if isinstance(value, str):
        return isinstance(limit, str) and limit in value
    return isinstance(value, list) and any(_same(member, limit) for member in value)


def _starts(value: Any, limit: Any) -> bool:
    return isinstance(value, str) and value.startswith(limit)


def _instant(limit: Any) -> datetime:
    at = parse_instant(limit)
    if at is None:
        raise ValueError("not a time")
    return at


ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _same,
    "ne": lambda value, limit: not _same(value, limit),
    "in": lambda value, limit: any(_same(value, member) for member in limit),
    "not_in": lambda value, limit: not any(_same(value, member) for member in limit),
    **{name: _ordered(compare) for name, compare in ORDER.items()},
    "contains": _contains,
    "starts_with": _starts,
    "exists": lambda value, _: value is not None,
    "missing": lambda value, _: value is None,
}
RANGES: dict[str, Callable[[Any, Any], bool]] = {
    "eq": _speaks,
    "ne": lambda value, limit: not _speaks(value, limit),
    "in": lambda value, limit: any(_speaks(value, member) for member in limit),
    "not_in": lambda value, limit: not any(_speaks(value, member) for member in limit),
}
TIMES: dict[str, Callable[[datetime | None, Any, datetime], bool]] = {
    "before": lambda at, limit, _: at is not None and at < _instant(limit),
    "after": lambda at, limit, _: at is not None and at > _instant(limit),
    "older_than_days": lambda at, days, now: at is not None and now - at >= timedelta(days=days),
    "newer_than_days": lambda at, days, now: at is not None and now - at < timedelta(days=days),
}

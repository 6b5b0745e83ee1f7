"""Finds audience rules that nobody can ever meet, for a warning before a survey goes out.

The conditions that one group puts on one subject are tried together on every value that could
matter: those the conditions name, values beside and between them, others, and none at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any, Final

from backend.domain.audience import Facts, matches
from backend.domain.eligibility import UsageFacts, Visitor

Rule = Mapping[str, Any]

SUBJECTS: Final = ("trait", "account_trait", "usage")
# Compared with the clock, or with the order of versions: no small set of values decides these.
_NOT_TRIED: Final = ("before", "after", "older_than_days", "newer_than_days")
_NOW: Final = datetime(2026, 1, 1, tzinfo=UTC)


def never(rule: Rule | None) -> str | None:
    """Return what contradicts itself when nobody can meet `rule`, else None.

    It finds contradictions between the conditions of one group; others it may miss.

    Returns:
        The subject of the contradiction (`role`, `percentile`), or `rules` of an empty `or`.
    """
    if rule is None:
        return None
    op = rule["op"]
    if op == "or":
        found = [never(part) for part in rule["rules"]]
        return (found[0] if found else "rules") if all(found) else None
    if op == "and":
        inner = next((at for part in rule["rules"] if (at := never(part))), None)
        return inner or _contradiction(rule["rules"])
    return _contradiction([rule])


def _contradiction(rules: Iterable[Rule]) -> str | None:
    by_subject: dict[tuple[str, str], list[Rule]] = {}
    for rule in rules:
        subject = _subject(rule)
        if subject is not None:
            by_subject.setdefault(subject, []).append(rule)
    for (kind, name), conditions in by_subject.items():
        if not any(_holds(kind, name, value, conditions) for value in _values(conditions)):
            return name
    return None


def _subject(rule: Rule) -> tuple[str, str] | None:
    """Return what one condition, negated or not, is about; None for what is not tried."""
    leaf = rule["rule"] if rule["op"] == "not" else rule
    if leaf["op"] in _NOT_TRIED:
        return None
    return next(((kind, leaf[kind]) for kind in SUBJECTS if kind in leaf), None)


def _values(conditions: Iterable[Rule]) -> list[Any]:
    named: list[Any] = []
    for rule in conditions:
        value = (rule["rule"] if rule["op"] == "not" else rule).get("value")
        named += value if isinstance(value, list) else [value]
    numbers = sorted({each for each in named if _is_number(each)})
    between = [(low + high) / 2 for low, high in pairwise(numbers)]
    beside = [numbers[0] - 1, numbers[-1] + 1] if numbers else []
    texts = [each for each in named if isinstance(each, str)]
    # A text may have to begin with one and hold the others.
    joined = ["".join([one, *texts]) for one in texts]
    return [None, *named, *between, *beside, *joined, "\x00other", [*named], True, False, 50, 15]


def _holds(kind: str, name: str, value: Any, conditions: Iterable[Rule]) -> bool:
    if kind == "usage":
        if value is not None and not (_is_number(value) and 0 <= value <= USAGE_UP_TO[name]):
            return False
        visitor = Visitor(id="", usage=UsageFacts(**{name: value}))
    else:
        traits = {} if value is None else {name: value}
        member = "traits" if kind == "trait" else "account_traits"
        visitor = Visitor(id="", **{member: traits})  # type: ignore[arg-type]
    facts = Facts(visitor, "", _NOW)
    return all(matches(each, facts) for each in conditions)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


USAGE_UP_TO: Final = {"percentile": 100, "active_days": 30}

"""An audience rule in words, for people who do not read JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

OPERATORS: Final = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gt": "is above",
    "gte": "is at least",
    "lt": "is below",
    "lte": "is at most",
    "contains": "contains",
    "starts_with": "starts with",
    "matches": "matches",
    "exists": "is known",
    "missing": "is not known",
    "before": "is before",
    "after": "is after",
    "older_than_days": "is longer ago than, days",
    "newer_than_days": "is at most so long ago, days",
}
SUBJECTS: Final = {
    "trait": "trait of the person",
    "account_trait": "trait of the account",
    "page": "page",
    "device": "device",
    "language": "language",
    "app_version": "app version",
    "percentile": "percentile of active use",
    "active_days": "active days in 30",
    "used": "used a feature",
    "not_used": "did not use a feature",
    "scored": "last score",
}


def in_words(rule: Mapping[str, Any] | None, surveys: Mapping[str, str]) -> str:
    """Return what a rule that `check` finds right says: "role is admin and plan is not free".

    Args:
        surveys: names by id.
    """
    return "everybody" if rule is None else _words(rule, surveys)


def _words(rule: Mapping[str, Any], surveys: Mapping[str, str]) -> str:
    op = rule["op"]
    if op in ("and", "or"):
        parts = [_part(one, op, surveys) for one in rule["rules"]]
        return f" {op} ".join(parts) or ("everybody" if op == "and" else "nobody")
    if op == "not":
        return f"not ({_words(rule['rule'], surveys)})"
    if op in ("used", "not_used"):
        verb = "used" if op == "used" else "did not use"
        return f"{verb} {rule['feature']} in the last {rule['days']:g} days"
    return _scored(rule, surveys) if op == "scored" else _comparison(rule)


def _part(rule: Mapping[str, Any], op: str, surveys: Mapping[str, str]) -> str:
    text = _words(rule, surveys)
    return f"({text})" if rule["op"] in ("and", "or") and rule["op"] != op else text


def _scored(rule: Mapping[str, Any], surveys: Mapping[str, str]) -> str:
    about = f" to “{surveys.get(rule['survey'], 'another survey')}”" if "survey" in rule else ""
    text = f"last score{about} was {' or '.join(rule['bands'])}"
    if "within_days" in rule:
        text += f", at most {rule['within_days']:g} days ago"
    if "older_than_days" in rule:
        text += f", more than {rule['older_than_days']:g} days ago"
    return text


def _comparison(rule: Mapping[str, Any]) -> str:
    member = next(m for m in ("trait", "account_trait", "field", "usage") if m in rule)
    name = rule[member]
    about = name if member == "trait" else f"the account’s {name}"
    if member in ("field", "usage"):
        about = SUBJECTS[name]
    value = rule.get("value")
    if value is None:
        return f"{about} {OPERATORS[rule['op']]}"
    told = ", ".join(map(_value, value)) if isinstance(value, list) else _value(value)
    return f"{about} {OPERATORS[rule['op']]} {told}"


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, int | float) else str(value)

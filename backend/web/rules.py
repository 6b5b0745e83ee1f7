"""An audience rule as people say it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_OPS: Final = {
    "eq": "is",
    "ne": "is not",
    "in": "is one of",
    "not_in": "is none of",
    "gt": "is above",
    "gte": "is at least",
    "lt": "is below",
    "lte": "is at most",
    "contains": "contains",
    "starts_with": "begins with",
    "matches": "fits",
    "exists": "is known",
    "missing": "is not known",
    "before": "is before",
    "after": "is after",
    "older_than_days": "is further back than days:",
    "newer_than_days": "is within days:",
}
_USAGE: Final = {"percentile": "percentile of active use", "active_days": "active days"}


def said(rule: Mapping[str, Any] | None, surveys: Mapping[str, str]) -> str:
    """Return a rule as a sentence without its end; `surveys` are names by id."""
    if rule is None:
        return "everybody"
    op = rule["op"]
    if op in ("and", "or"):
        parts = [said(one, surveys) for one in rule["rules"]]
        if not parts:
            return "everybody" if op == "and" else "nobody"
        told = f" {op} ".join(parts)
        return f"({told})" if op == "or" and len(parts) > 1 else told
    if op == "not":
        return f"not ({said(rule['rule'], surveys)})"
    if op == "scored":
        survey = surveys.get(rule.get("survey", ""), "this survey")
        return f"last score to “{survey}” from a {' or '.join(rule['bands'])}"
    if op in ("used", "not_used"):
        verb = "used" if op == "used" else "did not use"
        return f"{verb} {rule['feature']} in the last {rule['days']:g} days"
    return _comparison(rule, op)


def _comparison(rule: Mapping[str, Any], op: str) -> str:
    subject = next(
        (str(rule[member]) for member in ("trait", "field") if member in rule),
        _USAGE.get(rule.get("usage", ""), ""),
    )
    if "account_trait" in rule:
        subject = f"the account’s {rule['account_trait']}"
    value = rule.get("value", "")
    told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"{subject} {_OPS[op]} {told}".strip()

"""The audience rule that the people of a look meet from now on, and what it cannot say of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.services.insights.question import Question

Rule = dict[str, Any]

# A feature counts as used when it was in the 30 days before an answer (METHODS section 2).
USED_WITHIN_DAYS: Final = 30
_TRAITS: Final = ("role", "plan")
_FIELDS: Final = {"language": "language", "version": "app_version", "device": "device"}


def between(usage: str, at_least: int, below: int | None = None) -> list[Rule]:
    """Return rules for a half-open range of active use."""
    rules: list[Rule] = [{"op": "gte", "usage": usage, "value": at_least}]
    if below is not None:
        rules.append({"op": "lt", "usage": usage, "value": below})
    return rules


def scored(surveys: Sequence[str], bands: Sequence[str]) -> Rule:
    """Return the rule for a last score in `bands`, given to any of `surveys`.

    It names the surveys: one that names none speaks of the survey it stands in, which nobody has
    answered yet.
    """
    rules: list[Rule] = [
        {"op": "scored", "survey": survey, "bands": list(bands)} for survey in surveys
    ]
    return rules[0] if len(rules) == 1 else {"op": "or", "rules": rules}


def segment_rules(question: Question) -> tuple[list[Rule], list[str]]:
    """Return rules for a question's segment, and the names of conditions that no rule can say."""
    rules: list[Rule] = []
    left_out: list[str] = []
    for name, value in question.segment().items():
        rule = _rule(name, value)
        if rule is not None:
            rules.append(rule)
        elif name not in ("category", "survey_id"):
            left_out.append(name)
    return rules, left_out


def _rule(name: str, value: Any) -> Rule | None:
    if name in _TRAITS:
        return {"op": "eq", "trait": name, "value": value}
    if name == "trait":
        return {"op": "eq", "trait": value[0], "value": value[1]}
    if name in _FIELDS:
        return {"op": "eq", "field": _FIELDS[name], "value": value}
    if name == "feature":
        return {"op": "used", "feature": value, "days": USED_WITHIN_DAYS}
    return None


def joined(*groups: Sequence[Rule] | Mapping[str, Any]) -> Rule:
    """Return one rule that all of `groups` must meet."""
    rules: list[Rule] = []
    for group in groups:
        rules += [dict(group)] if isinstance(group, Mapping) else list(group)
    return {"op": "and", "rules": rules}

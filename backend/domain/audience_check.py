"""Faults of an audience rule, each with a pointer to its place."""

import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

from backend.domain.audience_language import (
    BANDS,
    DAYS,
    LEAVES,
    MAX_DAYS,
    MAX_LEAVES,
    MAX_LEVELS,
    MAX_LIST,
    NOTHING,
    NUMBER,
    SCALAR,
    SCALARS,
    SUBJECTS,
    TEXT,
    TIME,
    value_kind,
)
from backend.domain.timestamps import parse_instant

Fault = tuple[str, str]


def check(
    rule: Any,
    known_traits: Collection[str] | None = None,
    known_account_traits: Collection[str] | None = None,
) -> list[Fault]:
    """Return every fault of `rule` as (JSON pointer, what to do), in reading order.

    Args:
        rule: a parsed JSON value, however deep; None is the rule that matches everybody.
        known_traits: names seen on users of the project; None knows them all.
        known_account_traits: the same for accounts.

    A rule below level 6 is named once and not looked into, so depth costs no stack.
    """
    if rule is None:
        return []
    known = {"trait": known_traits, "account_trait": known_account_traits}
    faults: list[Fault] = []
    leaves = 0
    waiting: list[tuple[Any, str, int]] = [(rule, "", 1)]
    while waiting:
        node, at, level = waiting.pop()
        found, children = _look(node, at, level, known)
        faults += found
        waiting += [(child, place, level + 1) for child, place in reversed(children)]
        leaves += not children
    if leaves > MAX_LEAVES:
        faults.append(("", f"use at most {MAX_LEAVES} conditions"))
    return faults


def _look(
    node: Any, at: str, level: int, known: dict[str, Collection[str] | None]
) -> tuple[list[Fault], list[tuple[Any, str]]]:
    if level > MAX_LEVELS:
        return [(at, f"rules may be nested {MAX_LEVELS} levels deep")], []
    if not isinstance(node, dict):
        return [(at, "a rule is an object with an op")], []
    op = node.get("op")
    if op in ("and", "or"):
        rules = node.get("rules")
        if not isinstance(rules, list):
            return [(f"{at}/rules", f"{op} takes a list of rules")], []
        extra = list(_unknown(node, at, ("op", "rules")))
        return extra, [(child, f"{at}/rules/{i}") for i, child in enumerate(rules)]
    if op == "not":
        extra = list(_unknown(node, at, ("op", "rule")))
        return extra, [(node.get("rule"), f"{at}/rule")]
    if op not in LEAVES:
        return [(f"{at}/op", "not an operator; use and, or, not, " + ", ".join(LEAVES))], []
    special = {"used": _used_faults, "not_used": _used_faults, "scored": _scored_faults}
    if op in special:
        return list(special[op](node, at)), []
    return list(_comparison_faults(node, at, known)), []


def _comparison_faults(
    node: dict[str, Any], at: str, known: dict[str, Collection[str] | None]
) -> Iterator[Fault]:
    op, subjects = node["op"], [member for member in SUBJECTS if member in node]
    if len(subjects) != 1:
        yield at, "compare exactly one of " + ", ".join(SUBJECTS)
        return
    member, name = subjects[0], node[subjects[0]]
    names = SUBJECTS[member]
    if not isinstance(name, str) or not name:
        yield f"{at}/{member}", "must be a name"
        return
    if None not in names and name not in names:
        yield f"{at}/{member}", "use one of " + ", ".join(str(n) for n in names)
        return
    seen_traits = known.get(member)
    if seen_traits is not None and name not in seen_traits:
        yield f"{at}/{member}", "nobody in this project has this trait yet"
    allowed = names.get(name, names.get(None, ()))
    if op not in allowed:
        yield f"{at}/op", f"not possible here; use one of {', '.join(allowed)}"
        return
    kind = value_kind(op, name if member == "field" else None)
    yield from _unknown(node, at, ("op", member) if kind == NOTHING else ("op", member, "value"))
    fits, wanted = KINDS[kind]
    if not fits(node.get("value")):
        yield f"{at}/value", f"{op} takes {wanted}"


def _used_faults(node: dict[str, Any], at: str) -> Iterator[Fault]:
    yield from _unknown(node, at, ("op", "feature", "days"))
    if not _is_text(node.get("feature")):
        yield f"{at}/feature", "must be a feature's name"
    if not _is_days(node.get("days")):
        yield f"{at}/days", f"must be {KINDS[DAYS][1]}"


def _scored_faults(node: dict[str, Any], at: str) -> Iterator[Fault]:
    yield from _unknown(node, at, ("op", "bands", "within_days", "older_than_days", "survey"))
    bands = node.get("bands")
    if not isinstance(bands, list) or not bands or any(band not in BANDS for band in bands):
        yield f"{at}/bands", "must be a list of " + ", ".join(BANDS)
    for member in ("within_days", "older_than_days"):
        if member in node and not _is_days(node[member]):
            yield f"{at}/{member}", f"must be {KINDS[DAYS][1]}"
    if "survey" in node and not isinstance(node["survey"], str):
        yield f"{at}/survey", "must be a survey's id"


def _unknown(node: dict[str, Any], at: str, members: tuple[str, ...]) -> Iterator[Fault]:
    for member in node:
        if member not in members:
            escaped = str(member).replace("~", "~0").replace("/", "~1")
            yield f"{at}/{escaped}", "not a member of this rule"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_scalar(value: Any) -> bool:
    return isinstance(value, str | bool) or _is_number(value)


def _is_scalars(value: Any) -> bool:
    return isinstance(value, list) and 0 < len(value) <= MAX_LIST and all(map(_is_scalar, value))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_days(value: Any) -> bool:
    return _is_number(value) and 0 <= value <= MAX_DAYS


KINDS: dict[str, tuple[Callable[[Any], bool], str]] = {
    SCALAR: (_is_scalar, "a text, a number, true or false; for no value use missing"),
    SCALARS: (_is_scalars, f"a list of 1 to {MAX_LIST} texts, numbers, true or false"),
    NUMBER: (_is_number, "a number"),
    TEXT: (_is_text, "a text"),
    TIME: (lambda value: parse_instant(value) is not None, "a date or an RFC 3339 time"),
    DAYS: (_is_days, f"a number of days from 0 to {MAX_DAYS}"),
    NOTHING: (lambda _: True, "no value"),
}

"""An audience rule as rows of a form, and back.

Rows show groups of conditions: all or any of a group, the groups joined by "and" or "or", a
condition or a group turned round by "not". What is deeper stays JSON; `rows` says so with None.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from backend.domain.audience_language import DAYS, NOTHING, NUMBER, SCALARS, VALUE_KINDS, value_kind

FIELDS: Final = ("page", "device", "language", "app_version")
USAGE: Final = ("percentile", "active_days")
TRAITS: Final = ("trait", "account_trait")
_NUMBER: Final = re.compile(r"-?\d{1,15}(\.\d{1,9})?")
_MOST: Final = 100

Rule = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Row:
    """One condition as it stands in its fields: texts, as they were typed."""

    about: str = "trait"
    name: str = ""
    op: str = "eq"
    value: str = ""
    days: str = ""
    survey: str = ""
    is_not: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """Conditions that hold together: `join` is `and` or `or`."""

    join: str = "and"
    is_not: bool = False
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Groups:
    """A whole audience; without any row it is everybody."""

    join: str = "and"
    groups: tuple[Group, ...] = field(default=(Group(),))


def read(form: Mapping[str, str]) -> Groups:
    """Return the rows of a form: `g0.join`, `g0r1.value`; gaps in the numbers end a list."""
    groups = []
    for g in range(_MOST):
        if f"g{g}.join" not in form:
            break
        rows = []
        for r in range(_MOST):
            at = f"g{g}r{r}"
            if f"{at}.about" not in form:
                break
            texts = {name: form.get(f"{at}.{name}", "").strip() for name in _TEXTS}
            rows.append(Row(**texts, is_not=form.get(f"{at}.not") == "true"))
        is_not = form.get(f"g{g}.not") == "true"
        groups.append(Group(_join(form[f"g{g}.join"]), is_not, tuple(rows)))
    return Groups(_join(form.get("join", "and")), tuple(groups) or (Group(),))


def act(audience: Groups, do: str) -> Groups:
    """Return rows after a button: `row:<g>`, `group`, `drop:<g>:<r>`; others change nothing."""
    groups = list(audience.groups)
    verb, *numbers = do.split(":")
    where = [int(number) for number in numbers if number.isdecimal()]
    if verb == "group":
        groups.append(Group(rows=(Row(),)))
    elif verb == "row" and len(where) == 1 and where[0] < len(groups):
        group = groups[where[0]]
        groups[where[0]] = replace(group, rows=(*group.rows, Row()))
    elif verb == "drop" and len(where) == 2 and where[0] < len(groups):
        g, r = where
        groups[g] = replace(groups[g], rows=groups[g].rows[:r] + groups[g].rows[r + 1 :])
        groups = [group for group in groups if group.rows] or [Group()]
    return replace(audience, groups=tuple(groups))


def rule_of(audience: Groups) -> dict[str, Any] | None:
    """Return the rule that rows say; faults in it are told by `audience.check`."""
    parts = [_group_rule(group) for group in audience.groups if group.rows]
    if len(parts) > 1:
        return {"op": audience.join, "rules": parts}
    return parts[0] if parts else None


def rows(rule: Rule | None) -> Groups | None:
    """Return a rule as rows, None when rows cannot show it."""
    if rule is None:
        return Groups()
    single = _group(rule)
    if single is not None:
        return Groups(groups=(single,))
    if rule.get("op") not in ("and", "or") or not isinstance(rule.get("rules"), list):
        return None
    groups = [_group(part) for part in rule["rules"]]
    known = tuple(group for group in groups if group is not None)
    return Groups(rule["op"], known) if 0 < len(known) == len(groups) else None


def places(rule: Any, at: str = "") -> list[str]:
    """Return the pointers of a rule's conditions in the order of the rows they came from."""
    if not isinstance(rule, dict):
        return []
    if rule.get("op") in ("and", "or"):
        parts = enumerate(rule["rules"])
        return [place for i, part in parts for place in places(part, f"{at}/rules/{i}")]
    return places(rule["rule"], f"{at}/rule") if rule.get("op") == "not" else [at]


def names(audience: Groups) -> Iterator[str]:
    """Yield the rows' field prefixes in order: `g0r0`, `g0r1`, `g1r0`."""
    for g, group in enumerate(audience.groups):
        for r in range(len(group.rows)):
            yield f"g{g}r{r}"


_TEXTS: Final = ("about", "name", "op", "value", "days", "survey")


def _join(text: str) -> str:
    return "or" if text == "or" else "and"


def _group_rule(group: Group) -> dict[str, Any]:
    parts = [_row_rule(row) for row in group.rows]
    rule = parts[0] if len(parts) == 1 else {"op": group.join, "rules": parts}
    return {"op": "not", "rule": rule} if group.is_not else rule


def _row_rule(row: Row) -> dict[str, Any]:
    leaf = _leaf_rule(row)
    return {"op": "not", "rule": leaf} if row.is_not else leaf


def _leaf_rule(row: Row) -> dict[str, Any]:
    if row.about in ("used", "not_used"):
        return {"op": row.about, "feature": row.name, "days": _scalar(row.days)}
    if row.about == "scored":
        days = {"within_days": _scalar(row.days)} if row.days else {}
        survey = {"survey": row.survey} if row.survey else {}
        return {"op": "scored", "bands": _parts(row.value)} | days | survey
    member = row.about
    name = row.name
    if row.about in (*FIELDS, *USAGE):
        member, name = ("field" if row.about in FIELDS else "usage"), row.about
    kind = value_kind(row.op, name if member == "field" else None) if row.op in VALUE_KINDS else ""
    rule: dict[str, Any] = {"op": row.op, member: name}
    return rule if kind == NOTHING else rule | {"value": _value(row.value, kind)}


def _value(text: str, kind: str) -> Any:
    if kind == SCALARS:
        return [_scalar(part) for part in _parts(text)]
    # Only there may a text be meant as a number, or as true and false.
    return _scalar(text) if kind in ("scalar", NUMBER, DAYS) else text


def _scalar(text: str) -> Any:
    """Return what a typed text means: a number, true or false, else itself; `"7"` is a text."""
    if text in ("true", "false"):
        return text == "true"
    if _NUMBER.fullmatch(text):
        return float(text) if "." in text else int(text)
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == '"' else text


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _group(rule: Rule) -> Group | None:
    """Return a rule as one group, None when it is more."""
    op = rule.get("op")
    if op == "not" and isinstance(rule.get("rule"), dict) and rule["rule"].get("op") in _GROUPS:
        inner = _group(rule["rule"])
        return replace(inner, is_not=True) if inner and not inner.is_not else None
    if op not in _GROUPS:
        row = _row(rule)
        return Group(rows=(row,)) if row else None
    parts = [_row(part) for part in rule["rules"]]
    known = tuple(row for row in parts if row is not None)
    # Of one condition, "all" and "any" are the same; of none they are not.
    return Group(op, False, known) if known and len(known) == len(parts) else None


_GROUPS: Final = ("and", "or")


def _row(rule: Rule) -> Row | None:
    op = rule.get("op")
    if op == "not":
        inner = _row(rule["rule"])
        return replace(inner, is_not=True) if inner and not inner.is_not else None
    if op in _GROUPS:
        return None
    if op in ("used", "not_used"):
        row = Row(about=op, name=rule["feature"], days=_typed(rule["days"]))
    elif op == "scored":
        days = _typed(rule["within_days"]) if "within_days" in rule else ""
        survey = rule.get("survey", "")
        row = Row(about=op, value=", ".join(rule["bands"]), days=days, survey=survey)
    else:
        row = _comparison(rule)
    # A value with a comma in it, a score's least age: whatever rows would not give back.
    return row if _leaf_rule(row) == rule else None


def _comparison(rule: Rule) -> Row:
    member = next(m for m in (*TRAITS, "field", "usage") if m in rule)
    is_trait = member in TRAITS
    value = rule.get("value", "")
    kind = value_kind(rule["op"], rule[member] if member == "field" else None)
    parts = value if isinstance(value, list) else [value]
    typed = [_typed(one) if kind not in ("text", "time") else str(one) for one in parts]
    return Row(
        about=member if is_trait else rule[member],
        name=rule[member] if is_trait else "",
        op=rule["op"],
        value=", ".join(typed) if value != "" else "",
    )


def _typed(value: Any) -> str:
    """Return a value as one would type it."""
    if isinstance(value, str):
        return value if _scalar(value) == value and value.strip() == value else f'"{value}"'
    return msgspec.json.encode(value).decode()

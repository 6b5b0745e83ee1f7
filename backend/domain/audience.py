"""Whether somebody belongs to a survey's audience.

What each operator says, by what was seen (a null trait is missing):

| operator                      | missing | other type | otherwise                             |
|-------------------------------|---------|------------|---------------------------------------|
| `eq`, `in`                    | false   | false      | same type and value; 7 is 7.0, true   |
|                               |         |            | is not 1, "7" is not 7, case counts   |
| `ne`, `not_in`                | true    | true       | exactly the opposite of `eq`, `in`    |
| `gt` `gte` `lt` `lte`         | false   | false      | numbers; of `app_version` dotted      |
|                               |         |            | numbers (4.10 is above 4.9)           |
| `contains`                    | false   | false      | part of a text, or a member of a list |
| `starts_with`                 | false   | false      | beginning of a text                   |
| `matches` (page)              | false   | -          | page pattern, on path and template    |
| `exists` / `missing`          | false / true | -     | true / false                          |
| `before` `after`              | false   | false      | date or RFC 3339 time                 |
| `older_than_days` / `newer_…` | false   | false      | age of such a time, in exact days     |
| `used` / `not_used`           | false / true | -     | last use on or after today - days     |
| `scored`                      | false   | -          | last score's band, and its age        |

`language` compares as a range (RFC 4647 basic filtering): "en" is met by "en-GB".
`and` of nothing is true, `or` of nothing false. `server` is always true: it stands in
the published configuration for what only the server knows. A rule that cannot be read
matches nobody.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from backend.domain.audience_check import check
from backend.domain.audience_language import schema
from backend.domain.audience_operators import COMPARISONS, ORDER, RANGES, TIMES, version_parts
from backend.domain.nps import classify
from backend.domain.pages import matches as page_matches
from backend.domain.pages import page_path
from backend.domain.timestamps import parse_instant
from backend.domain.visitor import Visitor

__all__ = ["Facts", "check", "judge", "localize", "matches", "names_read", "schema"]

Rule = Mapping[str, Any]
SERVER: Rule = {"op": "server"}
NOBODY: Rule = {"op": "or", "rules": []}
UNREADABLE = (KeyError, TypeError, AttributeError, ValueError, RecursionError)


@dataclass(frozen=True, slots=True)
class Facts:
    """A visitor as one survey's audience sees them at `now`."""

    visitor: Visitor
    survey_id: str
    now: datetime


def matches(rule: Rule | None, facts: Facts) -> bool:
    """Say whether `facts` meet `rule`; no rule is met by everybody."""
    return judge(rule, facts)[0]


def judge(rule: Rule | None, facts: Facts) -> tuple[bool, dict[str, Any]]:
    """Return whether `facts` meet `rule`, and every value it looked at by name.

    Names are those of traits, `account.` and an account's trait, page, device, language,
    app_version, percentile, active_days, `feature.` and its name (the last date), and
    `score.` and the survey's id.
    """
    seen: dict[str, Any] = {}
    try:
        return rule is None or _holds(rule, facts, seen), seen
    except UNREADABLE:
        return False, seen


def names_read(rules: Iterable[Rule | None]) -> dict[str, set[str]]:
    """Return the traits, account traits, features and usage that checked rules look at."""
    kinds = ("trait", "account_trait", "feature", "usage")
    names: dict[str, set[str]] = {kind: set() for kind in kinds}
    waiting = [rule for rule in rules if rule]
    while waiting:
        node = waiting.pop()
        waiting += node.get("rules", ())
        waiting += [node["rule"]] if "rule" in node else []
        for kind in names.keys() & node.keys():
            names[kind].add(node[kind])
    return names


def localize(
    rule: Rule | None,
    page_traits: Collection[str] | None = None,
    *,
    negated: bool = False,
    in_page: bool = True,
) -> Rule | None:
    """Return a rule the page can judge that is met by at least everybody who meets `rule`.

    Args:
        page_traits: names of the traits that pages send (an account's as `account.` and the
            name); a trait outside them is left to the server, which may know it from a
            server's own calls. None: all of them.
        in_page: False for a dry run on the server: use and times stay, and what only a page
            knows (page, device, language, version) is taken for met.
        negated: an odd number of `not` stands above, where "leave it to the server" has
            to read "nobody".
    """
    if rule is None:
        return None
    op = rule["op"]
    if op in ("and", "or"):
        inner = [
            localize(part, page_traits, negated=negated, in_page=in_page) for part in rule["rules"]
        ]
        return {"op": op, "rules": inner}
    if op == "not":
        inside = localize(rule["rule"], page_traits, negated=not negated, in_page=in_page)
        return {"op": op, "rule": inside}
    unsent = page_traits is not None and _trait(rule) not in (None, *page_traits)
    if unsent or (_needs_server(rule) if in_page else "field" in rule):
        return NOBODY if negated else SERVER
    return rule


def _trait(leaf: Rule) -> str | None:
    return "account." + leaf["account_trait"] if "account_trait" in leaf else leaf.get("trait")


def _needs_server(leaf: Rule) -> bool:
    ordered_version = leaf.get("field") == "app_version" and leaf["op"] in ORDER
    return "usage" in leaf or leaf["op"] in SERVER_ONLY or ordered_version


def _holds(rule: Rule, facts: Facts, seen: dict[str, Any]) -> bool:
    op = rule["op"]
    # Every branch is looked at, even when the first decides: `seen` must be complete.
    if op in ("and", "or"):
        held = [_holds(part, facts, seen) for part in rule["rules"]]
        return all(held) if op == "and" else any(held)
    if op == "not":
        return not _holds(rule["rule"], facts, seen)
    if op == "server":
        return True
    if op in PAST:
        return PAST[op](rule, facts, seen)
    return _compares(rule, facts, seen)


def _compares(rule: Rule, facts: Facts, seen: dict[str, Any]) -> bool:
    op, visitor, name = rule["op"], facts.visitor, rule.get("trait")
    if name is not None:
        value = seen[name] = visitor.traits.get(name)
    elif "account_trait" in rule:
        name = rule["account_trait"]
        value = seen["account." + name] = visitor.account_traits.get(name)
    elif "usage" in rule:
        value = seen[rule["usage"]] = USAGE[rule["usage"]](visitor)
    else:
        return _compares_field(rule, visitor, seen)
    if op in TIMES:
        return TIMES[op](parse_instant(value), rule["value"], facts.now)
    return COMPARISONS[op](value, rule.get("value"))


def _compares_field(rule: Rule, visitor: Visitor, seen: dict[str, Any]) -> bool:
    op, name, limit = rule["op"], rule["field"], rule.get("value")
    value = seen[name] = FIELDS[name](visitor)
    if op == "matches":
        paths = (visitor.page and page_path(visitor.page), visitor.page_template)
        return any(path is not None and page_matches(limit or "", path) for path in paths)
    if name == "language" and op in RANGES:
        return RANGES[op](value, limit)
    if name == "app_version" and op in ORDER:
        parts, least = version_parts(value), version_parts(limit)
        return parts is not None and least is not None and bool(ORDER[op](parts, least))
    return COMPARISONS[op](value, limit)


def _used(rule: Rule, facts: Facts, seen: dict[str, Any]) -> bool:
    last = facts.visitor.usage.last_used.get(rule["feature"])
    seen["feature." + rule["feature"]] = last.isoformat() if last else None
    return last is not None and last >= facts.now.date() - timedelta(days=rule["days"])


def _scored(rule: Rule, facts: Facts, seen: dict[str, Any]) -> bool:
    survey = rule.get("survey") or facts.survey_id
    past = facts.visitor.history.get(survey)
    score = past.last_score if past else None
    seen["score." + survey] = score
    if past is None or past.answered_at is None or classify(score) not in rule["bands"]:
        return False
    age = facts.now - past.answered_at
    return (
        timedelta(days=rule.get("older_than_days", 0))
        <= max(age, timedelta())
        <= timedelta(days=rule.get("within_days", 3650000))
    )


FIELDS: dict[str, Callable[[Visitor], str | None]] = {
    "page": lambda visitor: visitor.page and page_path(visitor.page),
    "device": lambda visitor: visitor.device,
    "language": lambda visitor: visitor.language,
    "app_version": lambda visitor: visitor.app_version,
}
USAGE: dict[str, Callable[[Visitor], float | None]] = {
    "percentile": lambda visitor: visitor.usage.percentile,
    "active_days": lambda visitor: visitor.usage.active_days,
}
PAST: dict[str, Callable[[Rule, Facts, dict[str, Any]], bool]] = {
    "used": _used,
    "not_used": lambda rule, facts, seen: not _used(rule, facts, seen),
    "scored": _scored,
}
SERVER_ONLY = frozenset((*PAST, *TIMES))

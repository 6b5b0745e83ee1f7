"""The words of an audience rule, as tables, and the JSON Schema made of them.

A rule is one of
- `{"op": "and" | "or", "rules": [rule, …]}` and `{"op": "not", "rule": rule}`;
- a comparison of one subject: `{"op": "eq", "trait": "role", "value": "admin"}`;
- `{"op": "used" | "not_used", "feature": name, "days": n}`;
- `{"op": "scored", "bands": ["passive"], "within_days": n, "older_than_days": n, "survey": id}`.
"""

from typing import Any, Final

MAX_LEVELS: Final = 6
MAX_LEAVES: Final = 100
MAX_LIST: Final = 500
MAX_DAYS: Final = 3650
BANDS: Final = ("detractor", "passive", "promoter")

SCALAR, SCALARS, NUMBER, TEXT, TIME, DAYS, NOTHING = (
    "scalar",
    "scalars",
    "number",
    "text",
    "time",
    "days",
    "nothing",
)

VALUE_KINDS: Final = {
    "eq": SCALAR,
    "ne": SCALAR,
    "in": SCALARS,
    "not_in": SCALARS,
    "gt": NUMBER,
    "gte": NUMBER,
    "lt": NUMBER,
    "lte": NUMBER,
    "contains": SCALAR,
    "starts_with": TEXT,
    "matches": TEXT,
    "exists": NOTHING,
    "missing": NOTHING,
    "before": TIME,
    "after": TIME,
    "older_than_days": DAYS,
    "newer_than_days": DAYS,
}

_EQUALITY = ("eq", "ne", "in", "not_in", "exists", "missing")
_ORDER = ("gt", "gte", "lt", "lte")
_TRAIT = (
    *_EQUALITY,
    *_ORDER,
    "contains",
    "starts_with",
    "before",
    "after",
    "older_than_days",
    "newer_than_days",
)

FIELDS: Final[dict[str | None, tuple[str, ...]]] = {
    "page": (*_EQUALITY, "contains", "starts_with", "matches"),
    "device": _EQUALITY,
    "language": _EQUALITY,
    "app_version": (*_EQUALITY, *_ORDER, "starts_with"),
}
USAGE: Final[dict[str | None, tuple[str, ...]]] = {
    "percentile": ("eq", "ne", *_ORDER, "exists", "missing"),
    "active_days": ("eq", "ne", *_ORDER, "exists", "missing"),
}
# Subject member -> names it may take (None: any name) -> operators allowed on it.
SUBJECTS: Final[dict[str, dict[str | None, tuple[str, ...]]]] = {
    "trait": {None: _TRAIT},
    "account_trait": {None: _TRAIT},
    "field": FIELDS,
    "usage": USAGE,
}
GROUPS: Final = ("and", "or", "not")
LEAVES: Final = (*VALUE_KINDS, "used", "not_used", "scored")

_SCHEMAS: Final[dict[str, dict[str, Any]]] = {
    SCALAR: {"type": ["string", "number", "boolean"]},
    SCALARS: {
        "type": "array",
        "minItems": 1,
        "maxItems": MAX_LIST,
        "items": {"type": ["string", "number", "boolean"]},
    },
    NUMBER: {"type": "number"},
    TEXT: {"type": "string", "minLength": 1},
    TIME: {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d(T.+)?$"},
    DAYS: {"type": "number", "minimum": 0, "maximum": MAX_DAYS},
}


def value_kind(op: str, name: str | None) -> str:
    """Return the kind of `value` that `op` takes; versions are compared as text."""
    return TEXT if name == "app_version" and op in _ORDER else VALUE_KINDS[op]


def schema() -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an audience rule.

    It says nothing of the 6 levels and of unknown traits; `check` does.
    """
    rule = {"$ref": "#/$defs/rule"}
    leaves = [
        _comparison(member, name, op)
        for member, names in SUBJECTS.items()
        for name, ops in names.items()
        for op in ops
    ]
    groups = [
        _object({"op": {"enum": ["and", "or"]}, "rules": {"type": "array", "items": rule}}),
        _object({"op": {"const": "not"}, "rule": rule}),
    ]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Audience rule",
        "$ref": "#/$defs/rule",
        "$defs": {"rule": {"oneOf": [*groups, *leaves, _used(), _scored()]}},
    }


def _comparison(member: str, name: str | None, op: str) -> dict[str, Any]:
    subject = {"type": "string", "minLength": 1} if name is None else {"const": name}
    members: dict[str, Any] = {"op": {"const": op}, member: subject}
    kind = value_kind(op, name)
    return _object(members if kind == NOTHING else members | {"value": _SCHEMAS[kind]})


def _used() -> dict[str, Any]:
    return _object(
        {
            "op": {"enum": ["used", "not_used"]},
            "feature": {"type": "string", "minLength": 1},
            "days": _SCHEMAS[DAYS],
        }
    )


def _scored() -> dict[str, Any]:
    required = {
        "op": {"const": "scored"},
        "bands": {"type": "array", "minItems": 1, "items": {"enum": list(BANDS)}},
    }
    days = _SCHEMAS[DAYS]
    optional = {"within_days": days, "older_than_days": days, "survey": {"type": "string"}}
    return _object(required, optional)


def _object(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": required | (optional or {}),
        "required": list(required),
        "additionalProperties": False,
    }

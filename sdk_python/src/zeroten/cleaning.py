"""Turning what people really put into properties into JSON that every server takes.

Nothing here raises and nothing is lost without a trace: a value that has no JSON form becomes
the nearest text or null, and the caller learns that the event was changed.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import math
import uuid
from collections import deque
from collections.abc import Mapping, Set
from decimal import Decimal
from pathlib import PurePath
from typing import Any

from . import limits

_CUT = "…"
_PLAIN_TEXT = (int, float, tuple, frozenset, type(None))  # their `str()` is their `repr()`


# Keys seen before and found good: a host uses few, and a look-up in a set is all they cost.
_good_keys: set[str] = set()
_MAX_GOOD_KEYS = 1000


def is_plain(values: Any) -> bool:
    """Say whether `values` is a flat dict of plain JSON values, to be encoded as it stands.

    Runs on every call, hence the exact type checks in place of `isinstance`; whatever is not
    plain goes through `clean`, which costs more but takes anything. Long strings are left to
    `has_long_text`, which is needed only where the encoded event is long.
    """
    if type(values) is not dict or len(values) > limits.MAX_KEYS:
        return False
    if not _good_keys.issuperset(values) and not _are_good(values):
        return False
    for value in values.values():
        kind = type(value)
        if kind is str:
            continue
        if kind is int:
            if not -9007199254740991 <= value <= 9007199254740991:
                return False
        elif kind is not bool and kind is not float and value is not None:
            return False
    return True


def has_long_text(values: dict[str, Any]) -> bool:
    """Say whether a string of a plain dict is longer than the server takes."""
    return any(type(v) is str and len(v) > limits.MAX_STRING_CHARS for v in values.values())


def clean(values: Any) -> tuple[dict[str, Any], bool]:
    """Return `values` as a JSON object within the server's limits, and whether it had to change.

    Dates become RFC 3339 text, Decimal a number, UUID and Enum their value, sets sorted lists,
    NaN and infinities null, integers past 2^53 text; unknown objects their own `str()` or,
    without one, their type's name. What nests too deep, or in a circle, is cut. Never raises.
    """
    if values is None:
        return {}, False
    cleaner = _Cleaner()
    if not isinstance(values, Mapping):
        return {"value": cleaner.value(values, depth=1)}, True
    return cleaner.mapping(values, depth=0), cleaner.changed


def is_identifier(text: str) -> bool:
    """Say whether `text` can be a user, account or anonymous id."""
    if not 0 < len(text) <= limits.MAX_ID_CHARS:
        return False
    return text.isprintable() or (text == _without_controls(text) and text == _encodable(text))


def clean_text(text: str, max_chars: int) -> str:
    """Drop control characters and lone surrogates from a name or key; clip to `max_chars`."""
    if not text.isprintable():
        text = _encodable(_without_controls(text))
    return text[:max_chars]


def shrink(values: dict[str, Any], max_bytes: int) -> dict[str, Any]:
    """Keep the smallest members of `values` (already clean) that fit in about `max_bytes`."""
    kept: dict[str, Any] = {}
    room = max_bytes
    for key, value in sorted(values.items(), key=lambda item: len(repr(item[1]))):
        room -= 6 * len(key) + 6 * len(repr(value))  # an escaped character takes up to 6 bytes
        if room < 0:
            break
        kept[key] = value
    return kept


class _Cleaner:
    """One pass over one event, with a budget of values so that a circle ends."""

    def __init__(self) -> None:
        self.budget = limits.MAX_VALUES
        self.changed = False

    def mapping(self, values: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        out: dict[str, Any] = {}
        try:
            for key, value in list(values.items()):
                if self._is_full(depth) or len(out) >= limits.MAX_KEYS:
                    self.changed = True
                    break
                text = key if type(key) is str else _text(key)
                name = clean_text(text, limits.MAX_KEY_CHARS) or "_"
                self.changed |= name != key
                out[name] = self.value(value, depth + 1)
        except Exception:
            # A mapping that breaks, or changes in another thread: keep what was read so far.
            self.changed = True
        return out

    def value(self, value: Any, depth: int) -> Any:
        self.budget -= 1
        try:
            result = self._convert(value, depth)
        except Exception:
            result = _type_name(value)
        is_same_type = type(result) is type(value)
        if not is_same_type or (type(result) in (str, int, float) and result != value):
            self.changed = True
        return result

    def _is_full(self, depth: int) -> bool:
        return depth >= limits.MAX_DEPTH or self.budget <= 0

    def _convert(self, value: Any, depth: int) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, enum.Enum):
            return self._convert(value.value, depth)
        for kinds, convert in _SCALARS:
            if isinstance(value, kinds):
                return convert(value)
        if isinstance(value, Mapping):
            return self.mapping(value, depth)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return self.mapping(_fields(value), depth)
        if isinstance(value, (Set, list, tuple, deque)):
            return self._sequence(value, depth)
        if type(value).__module__.partition(".")[0] == "numpy" and hasattr(value, "tolist"):
            return self._convert(value.tolist(), depth)
        return _text(value)

    def _sequence(self, values: Any, depth: int) -> list[Any]:
        items = list(values)
        if isinstance(values, Set):
            # A set has no order of its own, and hashing of text differs in every process.
            items = _sorted(items)
        out = []
        for item in items:
            if self._is_full(depth):
                self.changed = True
                break
            out.append(self.value(item, depth + 1))
        return out


def _are_good(keys: dict[Any, Any]) -> bool:
    for key in keys:
        if type(key) is not str or not 0 < len(key) <= limits.MAX_KEY_CHARS:
            return False
        if not key.isprintable():
            return False
        if len(_good_keys) < _MAX_GOOD_KEYS:
            _good_keys.add(key)
    return True


def _without_controls(text: str) -> str:
    return "".join(character for character in text if ord(character) >= 32 and character != "\x7f")


def _clip(text: str) -> str:
    text = _encodable(str(text))
    if len(text) <= limits.MAX_STRING_CHARS:
        return text
    return text[: limits.MAX_STRING_CHARS - 1] + _CUT


def _encodable(text: str) -> str:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


def _integer(value: int) -> int | str:
    plain = int(value)
    if abs(plain) <= limits.MAX_SAFE_INTEGER:
        return plain
    # Python refuses to write integers of more than 4,300 digits in decimal.
    return _clip(str(plain)) if plain.bit_length() < 4096 else hex(plain)[: limits.MAX_STRING_CHARS]


def _number(value: Any) -> float | None:
    number = float(value)
    return number if math.isfinite(number) else None


def _moment(value: dt.datetime) -> str:
    if value.tzinfo is None:
        return value.isoformat()
    return value.astimezone(dt.timezone.utc).isoformat().replace("+00:00", "Z")


def _bytes(value: Any) -> str:
    return _clip(bytes(value).decode("utf-8", "replace"))


def _fields(value: Any) -> dict[str, Any]:
    return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}


def _text(value: Any) -> str:
    """Return the value's own text; a bare object has none, and its address says nothing.

    An object that only has `__repr__` is named by its type too: for a Django query set, for one,
    `repr` would run a query.
    """
    own_text: object = type(value).__str__
    if own_text is object.__str__ and not isinstance(value, _PLAIN_TEXT):
        return _type_name(value)
    try:
        return _clip(str(value))
    except Exception:
        return _type_name(value)


def _sorted(items: list[Any]) -> list[Any]:
    try:
        return sorted(items)
    except TypeError:
        return sorted(items, key=_text)


def _type_name(value: Any) -> str:
    return f"<{type(value).__name__}>"


_SCALARS: tuple[tuple[Any, Any], ...] = (
    (str, _clip),
    (int, _integer),
    (float, _number),
    (Decimal, _number),
    (dt.datetime, _moment),
    ((dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, lambda value: value.total_seconds()),
    ((uuid.UUID, PurePath), str),
    ((bytes, bytearray, memoryview), _bytes),
)

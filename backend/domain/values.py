"""What a value from outside may be: text without control characters, shallow and small objects.

Used for traits, properties and answers alike, so that both databases store the same thing.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final

from backend.domain import limits
from backend.domain.errors import FieldError

# C0 controls are refused in names; free text keeps tab and newline. Lone surrogates, which only
# Python's own JSON reader lets through (in identity tokens), have no UTF-8 form to be stored in.
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_DROPPED_FROM_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_SECRET_NAMES: Final = re.compile(
    r"password|passwd|secret|api_?key|auth|credentials|private_?key|token|bearer", re.IGNORECASE
)
_CARD: Final = re.compile(r"(?<!\d)(?:\d[ -]?){13,19}(?!\d)")
MASK: Final = "***"


def is_name(text: object, most: int = limits.NAME_LENGTH) -> bool:
    """Say whether `text` can be an id or a name: 1 to `most` characters, no control ones."""
    return isinstance(text, str) and 0 < len(text) <= most and _CONTROL.search(text) is None


def clean_text(text: str) -> str:
    """Return free text as it is stored: no NUL or control characters, card numbers masked."""
    return mask_cards(_DROPPED_FROM_TEXT.sub("", text.replace("\r\n", "\n")))


def mask_cards(text: str) -> str:
    """Replace what looks like a payment card number and passes Luhn's check."""
    return _CARD.sub(lambda found: MASK if _passes_luhn(found.group()) else found.group(), text)


def check_object(value: object, pointer: str) -> list[FieldError]:
    """Return what is wrong with an object of traits or properties; empty when it may be kept."""
    if not isinstance(value, Mapping):
        return [FieldError(pointer, "Must be an object.")]
    fault = _fault(value, pointer, limits.NESTING, [limits.EVENT_VALUES])
    return [fault] if fault else []


def masked(value: Any) -> Any:
    """Return a copy with secrets masked and control characters dropped, ready to be stored."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {
            key: MASK if _SECRET_NAMES.search(key) else masked(item) for key, item in value.items()
        }
    if isinstance(value, list):
        return [masked(item) for item in value]
    return value


def _fault(value: Any, pointer: str, levels: int, left: list[int]) -> FieldError | None:
    """Return the first fault below `value`; `left` counts the values still allowed."""
    left[0] -= 1
    if left[0] < 0:
        return FieldError(pointer, f"At most {limits.EVENT_VALUES} values.")
    if isinstance(value, str):
        if len(value) > limits.STRING_LENGTH:
            return FieldError(pointer, f"At most {limits.STRING_LENGTH} characters.")
    elif isinstance(value, bool) or value is None:
        return None
    elif isinstance(value, int):
        if not -limits.INTEGER <= value <= limits.INTEGER:
            return FieldError(pointer, "Whole numbers lie within ±(2^53 - 1).")
    elif isinstance(value, float):
        if not math.isfinite(value):
            return FieldError(pointer, "Must be a finite number.")
    elif levels == 0:
        return FieldError(pointer, f"At most {limits.NESTING} levels.")
    elif isinstance(value, Mapping):
        return _fault_in_object(value, pointer, levels, left)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            if fault := _fault(item, f"{pointer}/{index}", levels - 1, left):
                return fault
    return None


def _fault_in_object(
    value: Mapping[str, Any], pointer: str, levels: int, left: list[int]
) -> FieldError | None:
    if len(value) > limits.OBJECT_KEYS:
        return FieldError(pointer, f"At most {limits.OBJECT_KEYS} keys.")
    for key, item in value.items():
        if not is_name(key, limits.KEY_LENGTH):
            return FieldError(
                pointer, f"Keys have 1 to {limits.KEY_LENGTH} characters, no control ones."
            )
        if fault := _fault(item, f"{pointer}/{_escaped(key)}", levels - 1, left):
            return fault
    return None


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _passes_luhn(text: str) -> bool:
    digits = [int(character) for character in reversed(text) if character.isdigit()]
    doubled = [d if i % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for i, d in enumerate(digits)]
    return sum(doubled) % 10 == 0

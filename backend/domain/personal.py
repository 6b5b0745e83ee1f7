"""What names a person: what viewers are not shown (security model, section 2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any, Final

_WORDS: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_EMAIL: Final = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_NAMING: Final = frozenset(
    {
        "name",
        "email",
        "mail",
        "firstname",
        "lastname",
        "fullname",
        "givenname",
        "familyname",
        "username",
        "displayname",
        "nickname",
        "surname",
    }
)


def is_email(text: object) -> bool:
    """Say whether a text holds something that looks like an e-mail address."""
    return isinstance(text, str) and _EMAIL.search(text) is not None


def without_names(traits: Mapping[str, Any]) -> dict[str, Any]:
    """Return `traits` without those that hold a name or an e-mail address, by key or by value.

    `firstName`, `first_name` and `E-Mail` are names of people; so, to be on the safe side, is
    every key with the word "name" in it. `named` and `rename_count` are not.
    """
    return {
        key: value
        for key, value in traits.items()
        if _NAMING.isdisjoint(_words(key)) and not is_email(value)
    }


def _words(key: str) -> set[str]:
    words = [word.lower() for word in _WORDS.findall(key)]
    pairs = {first + second for first, second in pairwise(words)}
    return {*words, *pairs, key.lower()}

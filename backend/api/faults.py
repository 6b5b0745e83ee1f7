"""Turns what a schema found wrong into JSON pointers."""

from __future__ import annotations

from typing import Any

from backend.domain.errors import FieldError


def faults_of(messages: Any, at: str) -> list[FieldError]:
    """Return marshmallow's nested messages as faults, in their order; pointers begin with `at`."""
    if isinstance(messages, dict):
        return [
            fault
            for member, inner in messages.items()
            for fault in faults_of(inner, at if member == "_schema" else f"{at}/{escaped(member)}")
        ]
    texts = messages if isinstance(messages, list) else [messages]
    return [FieldError(at, _worded(str(text))) for text in texts]


def escaped(member: object) -> str:
    """Return a member's name or index as one step of a JSON pointer (RFC 6901)."""
    return str(member).replace("~", "~0").replace("/", "~1")


def _worded(text: str) -> str:
    return "There is no such member." if text == "Unknown field." else text

"""Following answers up: how far one is, and the tags a team gives it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from backend.domain.values import is_name

NEW: Final = "new"
IN_PROGRESS: Final = "in_progress"
CLOSED: Final = "closed"
STATUSES: Final = (NEW, IN_PROGRESS, CLOSED)

MOST_TAGS: Final = 10
TAG_LENGTH: Final = 40


def tags_of(given: Iterable[str]) -> tuple[str, ...]:
    """Return tags as they are kept: in small letters, single spaces, each once, in order.

    Raises:
        ValueError: too many, too long, or with a comma or a control character.
    """
    found = tuple(dict.fromkeys(" ".join(tag.split()).lower() for tag in given))
    if len(found) > MOST_TAGS:
        raise ValueError(f"At most {MOST_TAGS} tags.")
    if not all(is_name(tag, TAG_LENGTH) and "," not in tag for tag in found):
        raise ValueError(f"A tag has 1 to {TAG_LENGTH} characters and no comma.")
    return found


def packed(tags: Iterable[str]) -> str:
    """Return tags as one text in which each stands between line feeds; empty for none."""
    joined = "\n".join(tags)
    return f"\n{joined}\n" if joined else ""


def unpacked(text: str) -> list[str]:
    """Return the tags of a text of `packed`."""
    return text.split("\n")[1:-1]

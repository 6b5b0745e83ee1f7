"""What somebody sent after their session had ended: kept in the sign-in form, sent again after it.

It travels through the browser, not through the server's memory, and is sent again only by a click:
until then nothing of it is done.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from flask import request

PATH: Final = "kept_path"
_PREFIX: Final = "kept."
# These belong to the session that ended.
_NOT_KEPT: Final = ("csrf_token",)
# A password is typed again rather than written into another page.
_SECRET: Final = re.compile(r"password|code|secret|token", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A form that waits: where it goes, and its fields."""

    path: str
    fields: tuple[tuple[str, str], ...]

    @property
    def hidden(self) -> list[tuple[str, str]]:
        """The fields that carry it through the sign-in form."""
        return [(PATH, self.path), *((_PREFIX + name, value) for name, value in self.fields)]


def sent() -> Kept | None:
    """Return the form of this request, to be kept; None for one that holds a secret, or nothing."""
    fields = [pair for pair in request.form.items(multi=True) if pair[0] not in _NOT_KEPT]
    if not _is_ours(request.path) or any(_SECRET.search(name) for name, _ in fields):
        return None
    return Kept(request.full_path.rstrip("?"), tuple(fields)) if fields else None


def carried() -> Kept | None:
    """Return the form that the sign-in form of this request carries, None when it carries none."""
    path = request.form.get(PATH, "")
    if not _is_ours(path):
        return None
    fields = request.form.items(multi=True)
    return Kept(
        path,
        tuple(
            (name.removeprefix(_PREFIX), value)
            for name, value in fields
            if name.startswith(_PREFIX)
        ),
    )


def _is_ours(path: str) -> bool:
    """Whether a path leads to a page of ours that takes forms of those who are signed in."""
    is_own = path.startswith("/") and not path.startswith(("//", "/\\", "/sign-"))
    return is_own and path.isprintable()

"""Two who write one survey: what was begun with travels in the form, so that both can be kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.flow.changes import WORDS, Change
from backend.domain.flow.merge import merge
from backend.domain.three_way import Side, merged
from backend.services import survey_checks


class Draft(NamedTuple):
    """A survey's name and content, of one revision."""

    revision: int
    name: str
    content: dict[str, Any]


class Joined(NamedTuple):
    """What became of two drafts: yours and `otherwise` theirs where both changed the same."""

    draft: Draft
    otherwise: Draft
    conflicts: list[Change]

    @property
    def is_clean(self) -> bool:
        """Whether nothing was changed by both in two ways."""
        return self.draft == self.otherwise


def begun(form: Mapping[str, str], name: str = "begun") -> Draft:
    """Return the draft that a form was made from.

    Raises:
        InvalidRequestError: it is no form of ours.
    """
    try:
        return msgspec.json.decode(form[name], type=Draft)
    except (msgspec.MsgspecError, KeyError) as error:
        fault = FieldError("#/begun", "The form is not whole. Load the page again.")
        raise InvalidRequestError(errors=[fault]) from error


def of(stored: Mapping[str, Any]) -> Draft:
    """Return the draft that is stored."""
    return Draft(stored["revision"], stored["name"], stored["content"])


def as_json(draft: Draft | None) -> str:
    """Return a draft for a hidden field; nothing for none."""
    return "" if draft is None else msgspec.json.encode(draft).decode()


def join(base: Draft, theirs: Draft, yours: Draft) -> Joined | None:
    """Return both changes in one draft on top of theirs; None while one of them has faults."""
    contents = (base.content, theirs.content, yours.content)
    if any(survey_checks.content_faults(content, "#") for content in contents):
        return None
    found = merge(*contents)
    names = {side: merged(base.name, theirs.name, yours.name, side) for side in Side}
    named = (names[Side.THEIRS], names[Side.YOURS])
    conflicts = [Change(WORDS, "the survey's name", *named)] if named[0] != named[1] else []
    return Joined(
        Draft(theirs.revision, names[Side.YOURS], found.content),
        Draft(theirs.revision, names[Side.THEIRS], found.otherwise),
        conflicts + found.conflicts,
    )

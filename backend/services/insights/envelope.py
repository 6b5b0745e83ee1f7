"""What stands around every table: the window, the segment, the method, and what was left out."""

from __future__ import annotations

from typing import Any, TypedDict

from backend.domain.insights.rows import latest
from backend.domain.insights.wording import Note, note
from backend.domain.timestamps import format_time
from backend.services.insights import few
from backend.services.insights.coarse import COARSER
from backend.services.insights.methods import Method, method
from backend.services.insights.view import View
from backend.storage.fast import from_ms


class Window(TypedDict):
    """The window asked for; `to` is not included. None where it lies beyond the calendar."""

    since: str | None
    until: str | None
    timezone: str


class Unverified(TypedDict):
    """How far the answers are people's word alone: nobody signed who they are.

    `share` is of the answers counted, 0 to 1, None without any. `left_out` is how many answers of
    the window the project's switch `excludes_unverified` keeps out. Both are None where they would
    tell of fewer than five people.
    """

    share: float | None
    left_out: int | None


class Envelope(TypedDict):
    """What every insight says of itself. `n` counts users by their last answer."""

    sentence: str
    n: int
    note: Note | None
    unverified: Unverified
    window: dict[str, str | None]
    segment: dict[str, Any]
    confidence: float
    coarser: str | None
    method: Method


def envelope(view: View, name: str, sentence: str, n: int | None = None) -> Envelope:
    """Return the members that every insight has, `n` being its users when not given."""
    users = len(latest(view.answers.without_usage())) if n is None else n
    return {
        "sentence": sentence,
        "n": users,
        "note": note(users),
        "unverified": _unverified(view),
        "window": {
            "from": _time(view.start_ms),
            "to": _time(view.end_ms),
            "timezone": view.timezone,
        },
        "segment": _segment(view),
        "confidence": view.confidence,
        "coarser": COARSER if view.coarser else None,
        "method": method(name),
    }


def _unverified(view: View) -> Unverified:
    verified = view.answers.verified
    share = float(1 - verified.mean()) if len(verified) else None
    if not few.may_leave_out(view, verified):
        share = None
    return {"share": share, "left_out": view.left_out}


def _segment(view: View) -> dict[str, Any]:
    named = view.question.segment()
    if "trait" in named:
        named["trait"] = ":".join(named["trait"])
    return named


def _time(ms: int) -> str | None:
    try:
        return format_time(from_ms(ms))
    except OverflowError:
        # The first day there is begins, east of Greenwich, before there are any.
        return None

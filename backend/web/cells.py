"""A part of the people who answered: by active use and category, picked or drawn in the plot."""

from __future__ import annotations

from typing import Any, Final

from flask import request
from sqlalchemy.orm import Session

from backend.services.insights import people
from backend.web import signed_in
from backend.web.asked import Asked, caches
from backend.web.charts.scatter import DAYS

A_PAGE: Final = 50
BANDS: Final = ("detractor", "passive", "promoter")


def group() -> str:
    """Return the group that the address names: as REST does, or by the fields of the plot."""
    if "days_from" in request.args:
        first, last = sorted(_days(name) for name in ("days_from", "days_to"))
        bands = [band for band in BANDS if band in request.args.getlist("band")] or BANDS
        return f"{first}-{last}:{','.join(bands)}"
    return request.args.get("group") or people.TOP_DECILE_PASSIVES


def name(group: str) -> str:
    """Return the name of a group as people say it."""
    if group == people.EVERYBODY:
        return "everybody who answered"
    if group == people.TOP_DECILE_PASSIVES:
        return "passives in the top tenth of active use"
    part, _, bands = group.partition(":")
    told = " and ".join(f"{band}s" for band in bands.split(","))
    if "-" in part:
        return f"{told} with {part.replace('-', ' to ')} active days"
    return f"{told} in fifth {part} of 5 of active use"


def people_of(
    session: Session, wanted: Asked, group: str, start: int = 0
) -> tuple[dict[str, Any], bool]:
    """Return a page of the group's people with the rule that they meet, and whether more follow.

    Raises:
        InvalidRequestError: there is no such group.
    """
    return people.people(
        session,
        caches().windows,
        signed_in.project_id(),
        wanted.question,
        group=group,
        start=start,
        limit=A_PAGE,
    )


def _days(name: str) -> int:
    text = request.args.get(name, "").strip()
    return min(DAYS, int(text)) if text.isascii() and text.isdecimal() else DAYS

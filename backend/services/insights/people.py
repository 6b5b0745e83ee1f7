"""Active use beside the score, and the people behind a cell."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final, TypedDict

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from backend.domain.errors import FieldError, InvalidRequestError
from backend.domain.insights.active_use import (
    GROUPS,
    HotspotTable,
    Point,
    hotspot_table,
    in_cell,
    scatter_table,
    top_decile_passives,
)
from backend.domain.insights.columns import Answers, Bools
from backend.domain.insights.privacy import suppress
from backend.domain.insights.rows import latest_rows
from backend.domain.nps import Category
from backend.domain.timestamps import format_time
from backend.services.insights import targeting
from backend.services.insights.coarse import HIDDEN, joined
from backend.services.insights.envelope import Envelope, envelope
from backend.services.insights.question import Question
from backend.services.insights.view import CATEGORIES, USAGE_GROUP, View, look, with_usage_group
from backend.services.insights.windows import Windows
from backend.storage.answers_loaded import Loaded
from backend.storage.fast import from_ms
from backend.storage.models import Account, User

TOP_DECILE_PASSIVES: Final = "top_decile_passives"
EVERYBODY: Final = "everybody"
_BANDS: Final[tuple[Category, ...]] = ("detractor", "passive", "promoter")
_DAYS: Final = re.compile(r"(\d{1,2})-(\d{1,2})")
PERCENTILE: Final = (
    "Active days are the distinct local days with use in the 30 days before the invitation. The"
    " percentile is the share of all users active in those days who had as many or fewer, equals"
    " counted half; the top decile are those above whom at most a tenth lie."
)


class ActiveUse(Envelope):
    """Usage fifths by category, and every answer by active days and score."""

    percentile: str
    without_usage: int
    hotspots: HotspotTable
    rows: list[Point]


class PersonRow(TypedDict):
    """One person of a cell, by their last answer."""

    user_id: str
    anonymous: bool
    account_id: str | None
    response_id: str
    score: int
    answered_at: str | None
    active_days: int
    percentile: float | None


class People(Envelope):
    """The people of a cell, those with most active use first, and the rule that targets them.

    `not_in_audience` names conditions of the question that the rule does not hold them to.
    """

    group: str
    audience: dict[str, Any]
    not_in_audience: list[str]
    rows: list[PersonRow]
    next_cursor: str | None


def active_use(
    session: Session, windows: Windows, project_id: str, question: Question
) -> dict[str, Any]:
    """Return where categories pile up by active use."""
    view = look(session, windows, project_id, question, is_fixed=True)
    known = view.loaded.profiled
    answers = view.answers.select(known)
    if not question.sees_answers:
        answers = _large_groups(answers, view.timezone)
    table, points = hotspot_table(answers), scatter_table(answers)
    if not question.sees_answers:
        table, points = _hidden(table), _large(points)
    return {
        **envelope(view, "active-use", table["sentence"]),
        "percentile": PERCENTILE,
        "without_usage": int((~known).sum()),
        "hotspots": table,
        "rows": points,
    }


def people(
    session: Session,
    windows: Windows,
    project_id: str,
    question: Question,
    *,
    group: str,
    start: int,
    limit: int,
) -> tuple[dict[str, Any], bool]:
    """Return the people of one cell and whether there are more.

    Args:
        group: `everybody`, `top_decile_passives`, a usage group and a category such as
            `5:passive`, or active days and categories such as `20-30:detractor,passive`.
        start: how many people to leave out, as the pages before have shown them.
    Raises:
        InvalidRequestError: there is no such group.
    """
    view = look(session, windows, project_id, question)
    loaded = view.loaded.select(view.loaded.profiled)
    loaded = loaded.select(latest_rows(loaded.answers, loaded.answers.user))
    cell = _cell(loaded, group)
    inside = loaded.select(cell.rows)
    order = np.lexsort((inside.answers.user, -np.nan_to_num(inside.answers.percentile)))
    page = inside.select(order[start : start + limit])
    n = int(cell.rows.sum())
    audience, left_out = _audience(question, cell, inside)
    return {
        **envelope(view, "active-use", f"{n:,} people.", n),
        "group": group,
        "audience": audience,
        "not_in_audience": left_out,
        "rows": _named(session, view, page),
    }, n > start + limit


@dataclass(frozen=True, slots=True)
class _Cell:
    """Rows of a cell, the use that its people have, and the bands of their scores."""

    rows: Bools
    usage: list[dict[str, Any]]
    bands: list[Category]


def _cell(loaded: Loaded, group: str) -> _Cell:
    """Return the rows of a group, and what such people meet from now on."""
    if group == EVERYBODY:
        return _Cell(np.ones(len(loaded.answers), np.bool_), [], list(_BANDS))
    if group == TOP_DECILE_PASSIVES:
        return _Cell(
            top_decile_passives(loaded.answers), targeting.between("percentile", 90), ["passive"]
        )
    first, _, names = group.partition(":")
    bands: list[Category] = [one for one in _BANDS if one in names.split(",")]
    days = _DAYS.fullmatch(first)
    if len(bands) == len(names.split(",")) and days is not None:
        low, high = int(days[1]), int(days[2])
        inside = (loaded.answers.active_days >= low) & (loaded.answers.active_days <= high)
        values = [CATEGORIES[band] for band in bands]
        rows = inside & np.isin(loaded.answers.y, values)
        return _Cell(rows, targeting.between("active_days", low, high + 1), bands)
    if len(bands) != 1 or names != bands[0] or first not in {str(g + 1) for g in range(GROUPS)}:
        text = (
            f"Must be {EVERYBODY}, {TOP_DECILE_PASSIVES}, 1 to {GROUPS} and a category such as"
            " 5:passive, or active days and categories such as 20-30:detractor,passive."
        )
        raise InvalidRequestError(errors=[FieldError("#/query/group", text)])
    place, width = int(first), 100 // GROUPS
    below = place * width if place < GROUPS else None
    usage = targeting.between("percentile", (place - 1) * width, below)
    return _Cell(in_cell(loaded.answers, place, bands[0]), usage, bands)


def _audience(question: Question, cell: _Cell, inside: Loaded) -> tuple[dict[str, Any], list[str]]:
    """Return the rule that such people meet, and the conditions of the look it cannot say."""
    column = inside.answers.dimension("survey")
    surveys = [column.labels[code] for code in np.unique(column.codes).tolist() if code >= 0]
    bands = [question.category] if question.category else cell.bands
    rules, left_out = targeting.segment_rules(question)
    return targeting.joined(cell.usage, rules, targeting.scored(surveys, bands)), left_out


def _named(session: Session, view: View, page: Loaded) -> list[PersonRow]:
    rows = session.execute(
        select(User.key, User.user_id, User.is_anonymous).where(
            User.project_id == view.project_id, User.key.in_(page.answers.user.tolist())
        )
    )
    users = {key: (user_id, is_anonymous) for key, user_id, is_anonymous in rows}
    accounts = account_ids(session, view.project_id, set(page.answers.account.tolist()))
    found: list[PersonRow] = []
    for i, key in enumerate(page.answers.user.tolist()):
        # Erased since the window was loaded.
        if key not in users:
            continue
        share = float(page.answers.percentile[i])
        found.append(
            {
                "user_id": users[key][0],
                "anonymous": users[key][1],
                "account_id": accounts.get(int(page.answers.account[i])),
                "response_id": page.ids[i].decode(),
                "score": int(page.answers.score[i]),
                "answered_at": format_time(from_ms(int(page.answers.at[i]))),
                "active_days": int(page.answers.active_days[i]),
                "percentile": None if np.isnan(share) else share,
            }
        )
    return found


def account_ids(session: Session, project_id: str, keys: set[int]) -> dict[int, str]:
    """Return the host's ids of accounts by their keys."""
    rows = session.execute(
        select(Account.key, Account.account_id).where(
            Account.project_id == project_id, Account.key.in_(keys)
        )
    )
    return {row.key: row.account_id for row in rows}


def _hidden(table: HotspotTable) -> HotspotTable:
    """Hide the fifths with a small cell: with one hidden, their number would tell it.

    And another, so that it does not follow from the categories of all.
    """
    cells = table["cells"]
    of_group: dict[int, list[int]] = {}
    for cell in cells:
        of_group.setdefault(cell["usage_group"], []).append(cell["n"] or 0)
    small = {group for group, sizes in of_group.items() if any(suppress(sizes))}
    others = sorted((sum(n), group) for group, n in of_group.items() if group not in small)
    if len(small) == 1 and others:
        small.add(others[0][1])
    flags = [cell["usage_group"] in small for cell in cells]
    blanked = [
        {**cell, "n": None, "expected": None, "residual": None, "q_value": None, "hot": False}
        if hide
        else cell
        for cell, hide in zip(cells, flags, strict=True)
    ]
    hidden: Any = {**table, "cells": blanked}
    if any(flags):
        # Both can be counted back to cells that are hidden now.
        hidden |= {"passives_in_top_decile": None, "top_decile_share": None}
        hot = [c for c in blanked if c["hot"]]
        if not hot:
            hidden["sentence"] = "No group of active use stands out."
    found: HotspotTable = hidden
    return found


def _large_groups(answers: Answers, timezone: str) -> Answers:
    """Return the answers whose fifth of active use is shown in a breakdown, too."""
    grouped = joined(with_usage_group(answers), USAGE_GROUP, timezone)
    return answers.select(~grouped.where(USAGE_GROUP, HIDDEN))


def _large(points: list[Point]) -> list[Point]:
    """Return all points, or none: the cells of use and category around them are told, too."""
    return [] if any(suppress([point["n"] for point in points])) else points

"""Accounts: ranked with their uncertainty, and reasons to call (METHODS section 7)."""

from collections.abc import Collection, Mapping
from typing import TypedDict

import numpy as np

from backend.domain.insights.columns import NO_ACCOUNT, Answers, Bools, Ints
from backend.domain.insights.numbering import numbered
from backend.domain.insights.rows import latest
from backend.domain.insights.shrinkage import Shrunken, shrink
from backend.domain.insights.wording import Note, note, points

LIKELY_BELOW = 0.8
SILENT_CYCLES = 2
KEY_ROLES = ("champion", "buyer")

LIKELY_NEGATIVE = "its score is probably below 0"
KEY_PERSON_UNHAPPY = "a champion's or buyer's latest answer is a detractor"
FELL = "a user fell from promoter to detractor"
SILENT = "asked in two cycles and nobody answered"


class AccountRow(TypedDict):
    """One account, in points; `n` users answered, `raw` is their plain NPS.

    `estimate` and what follows are None with fewer than five accounts. `fell` counts users
    whose last answer is a detractor after a promoter. `reasons` make it worth a call.
    """

    account: int
    n: int
    raw: float | None
    estimate: float | None
    lower: float | None
    upper: float | None
    reliability: float | None
    prob_below: float | None
    value: float | None
    key_person_answered: bool
    fell: int
    last_at: int | None
    note: Note | None
    reasons: list[str]


def accounts_table(
    answers: Answers,
    value: Mapping[int, float] | None = None,
    key_roles: Collection[str] = KEY_ROLES,
    silent_cycles: Mapping[int, int] | None = None,
    confidence: float = 0.95,
) -> list[AccountRow]:
    """Return one row an account, most at risk first, larger value first among equals.

    This names accounts and shows single answers: only for roles that may see them.

    Args:
        answers: all answers of the window, earlier ones of a user included: they tell who fell.
        value: ARR or seats by account key.
        silent_cycles: for accounts without answers, in how many cycles somebody was asked.
    """
    named = answers.without_usage().select(answers.account != NO_ACCOUNT)
    last = latest(named)
    keys, place = numbered(last.account)
    k = len(keys)
    n = np.bincount(place, minlength=k)
    s1 = np.bincount(place, last.y, k).astype(np.int64)
    s2 = np.bincount(place, np.abs(last.y), k).astype(np.int64)
    shrunk = shrink(n.tolist(), s1.tolist(), s2.tolist(), 0.0, confidence)
    last_at = np.zeros(k, np.int64)
    np.maximum.at(last_at, place, last.at)
    has_key_role = _in_roles(last, key_roles)
    fell = np.bincount(place, fell_from_promoter(named, last), k).astype(np.int64)
    key_people = np.bincount(place, has_key_role, k) > 0
    unhappy = np.bincount(place, has_key_role & (last.y == -1), k) > 0
    worth = value or {}
    rows = [
        _row(
            int(keys[i]),
            int(n[i]),
            int(s1[i]),
            shrunk["accounts"][i] if shrunk else None,
            worth.get(int(keys[i])),
            key_person=(bool(key_people[i]), bool(unhappy[i])),
            fell=int(fell[i]),
            last_at=int(last_at[i]),
        )
        for i in range(k)
    ]
    answered = set(keys.tolist())
    silent = [
        _silent_row(account, worth.get(account))
        for account, cycles in (silent_cycles or {}).items()
        if cycles >= SILENT_CYCLES and account not in answered
    ]
    return sorted([*rows, *silent], key=_most_at_risk)


def attention(rows: list[AccountRow]) -> list[AccountRow]:
    """Return the accounts with a reason to call, the most valuable first."""
    worth_a_call = [row for row in rows if row["reasons"]]
    return sorted(worth_a_call, key=lambda row: (-(row["value"] or 0.0), row["account"]))


def fell_from_promoter(answers: Answers, last: Answers) -> Bools:
    """Say of each row of `last` whether the same user's answer before it was a promoter's
    and this one is a detractor's."""
    order = np.lexsort((answers.key, answers.at, answers.user))
    user, y, key = answers.user[order], answers.y[order], answers.key[order]
    drop = np.zeros(len(order), np.bool_)
    drop[1:] = (user[1:] == user[:-1]) & (y[:-1] == 1) & (y[1:] == -1)
    fell: Bools = np.isin(last.key, key[drop])
    return fell


def _row(
    account: int,
    n: int,
    s1: int,
    shrunk: Shrunken | None,
    value: float | None,
    *,
    key_person: tuple[bool, bool],
    fell: int,
    last_at: int,
) -> AccountRow:
    answered, unhappy = key_person
    likely = shrunk is not None and shrunk["prob_below"] >= LIKELY_BELOW
    rules = ((likely, LIKELY_NEGATIVE), (unhappy, KEY_PERSON_UNHAPPY), (fell > 0, FELL))
    return {
        "account": account,
        "n": n,
        "raw": points(s1 / n),
        "estimate": points(shrunk["estimate"]) if shrunk else None,
        "lower": points(shrunk["lower"]) if shrunk else None,
        "upper": points(shrunk["upper"]) if shrunk else None,
        "reliability": shrunk["reliability"] if shrunk else None,
        "prob_below": shrunk["prob_below"] if shrunk else None,
        "value": value,
        "key_person_answered": answered,
        "fell": fell,
        "last_at": last_at,
        "note": note(n),
        "reasons": [reason for applies, reason in rules if applies],
    }


def _silent_row(account: int, value: float | None) -> AccountRow:
    return {
        "account": account,
        "n": 0,
        "raw": None,
        "estimate": None,
        "lower": None,
        "upper": None,
        "reliability": None,
        "prob_below": None,
        "value": value,
        "key_person_answered": False,
        "fell": 0,
        "last_at": None,
        "note": note(0),
        "reasons": [SILENT],
    }


def _most_at_risk(row: AccountRow) -> tuple[float, float, int]:
    return -(row["prob_below"] or 0.0), -(row["value"] or 0.0), row["account"]


def _in_roles(answers: Answers, roles: Collection[str]) -> Bools:
    role = answers.dimension("role")
    chosen: Ints = np.array([i for i, name in enumerate(role.labels) if name in roles], np.int64)
    found: Bools = np.isin(role.codes, chosen)
    return found

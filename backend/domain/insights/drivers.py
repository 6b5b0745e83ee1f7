"""Features and pages: who uses them answers differently, at equal active use (section 4).

An association, never an effect. `feature_association` is the definition, one feature at a
time; `drivers_table` computes all features at once from sums over the pairs present.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, TypedDict

import numpy as np

from backend.domain.insights.association import FeatureAssociation, entry, p_values
from backend.domain.insights.columns import Answers, Bools, Floats, Ints, Used
from backend.domain.insights.discovery import benjamini_hochberg
from backend.domain.insights.pairs import Association, associate
from backend.domain.insights.planning import detectable
from backend.domain.insights.rows import clusters, latest
from backend.domain.insights.wording import HIDE_BELOW, limits, points, whole_points, whole_upper

Kind = Literal["features", "pages"]
KINDS: tuple[Kind, ...] = ("features", "pages")

FALSE_DISCOVERY = 0.10
OFFERED_FROM = 100
DECILES_FROM = 300
MIN_USERS = 20
MIN_ACCOUNTS = 5
MIN_KEPT = 0.5

NOT_OFFERED = "too few answers"
TOO_FEW_USERS = "too few users or non-users"
TOO_FEW_ACCOUNTS = "too few accounts"
NOT_COMPARABLE = "not comparable"


class DriverRow(TypedDict):
    """One feature or page, in points. Without `reason` it met the minimum sizes.

    `reach` is the share of answers, in percent, whose people used it; None, like the
    counts, where fewer than five people are on one side. `marked` means q <= 0.10.
    """

    name: str
    n_users: int | None
    n_nonusers: int | None
    reach: float | None
    crude: float | None
    adjusted: float | None
    lower: float | None
    upper: float | None
    p_value: float | None
    q_value: float | None
    cmh_p: float | None
    marked: bool
    detectable: float | None
    reason: str | None
    sentence: str


def usage_strata(active_days: Ints) -> Ints:
    """Return each answer's stratum: decile of active days, quintile under 300 answers.

    The respondents themselves are the reference; ties stay together.
    """
    n = len(active_days)
    groups = 10 if n >= DECILES_FROM else 5
    equal = np.bincount(active_days)
    up_to = np.cumsum(equal)
    less, up_to = (up_to - equal)[active_days], up_to[active_days]
    # 2 less + equal = less + up_to, in whole numbers as in `percentile`.
    stratum: Ints = np.minimum(groups - 1, groups * (less + up_to) // max(1, 2 * n))
    return stratum


def drivers_table(answers: Answers, confidence: float = 0.95) -> dict[Kind, list[DriverRow]]:
    """Return the rows of features and of pages, by the size of the adjusted difference.

    One false discovery rate over both, of everything that met the minimum sizes. Under 100
    answers nothing is compared and every row says so.
    """
    answers = latest(answers)
    cluster, _ = clusters(answers)
    strata = usage_strata(answers.active_days.astype(np.int64))
    found = {
        "features": associate(answers.y.astype(np.float64), answers.features, strata, cluster),
        "pages": associate(answers.y.astype(np.float64), answers.pages, strata, cluster),
    }
    p = {kind: p_values(found[kind]) for kind in KINDS}
    reasons = {kind: _reasons(found[kind], len(answers)) for kind in KINDS}
    q = _joint_q(p, reasons)
    labels = {"features": answers.features.labels, "pages": answers.pages.labels}
    tables: dict[Kind, list[DriverRow]] = {}
    for kind in KINDS:
        rows = [
            _row(
                labels[kind][i],
                found[kind],
                entry(found[kind], i, p[kind], confidence),
                reasons[kind][i],
                q[kind][i],
            )
            for i in range(len(labels[kind]))
        ]
        tables[kind] = sorted(rows, key=_by_size)
    return tables


def features_table(
    answers: Answers, kind: Kind = "features", confidence: float = 0.95
) -> list[DriverRow]:
    """Return the rows of `drivers_table` for one kind; the family is still both kinds."""
    return drivers_table(answers, confidence)[kind]


def recency_rows(
    answers: Answers, flags: Mapping[str, Bools], confidence: float = 0.95
) -> list[DriverRow]:
    """Compare answers with and without something in the 7 days before them, at equal use.

    `flags` says, by name, which answers had an incident, onboarding or release then, each as
    long as `answers`. When a row is marked, show the NPS with and without those answers.
    """
    table = np.array([*flags.values()], np.bool_).reshape(len(flags), len(answers)).T
    indptr = np.concatenate(([0], np.cumsum(table.sum(1)))).astype(np.int64)
    flagged = Used(indptr, np.nonzero(table)[1].astype(np.int32), tuple(flags))
    nothing = Used(np.zeros(len(answers) + 1, np.int64), np.zeros(0, np.int32))
    return features_table(replace(answers, features=flagged, pages=nothing), "features", confidence)


def _reasons(found: Association, n: int) -> list[str | None]:
    """Say of each feature why it is not compared, None when it is."""
    if n < OFFERED_FROM:
        return [NOT_OFFERED] * len(found.n_users)
    rules = (
        (np.minimum(found.kept_users, found.kept - found.kept_users) < MIN_USERS, TOO_FEW_USERS),
        (found.kept < MIN_KEPT * n, NOT_COMPARABLE),
        (np.minimum(found.accounts_using, found.accounts_not) < MIN_ACCOUNTS, TOO_FEW_ACCOUNTS),
    )
    return [
        next((reason for fails, reason in rules if fails[i]), None)
        for i in range(len(found.n_users))
    ]


def _joint_q(
    p: dict[Kind, Floats], reasons: dict[Kind, list[str | None]]
) -> dict[Kind, list[float | None]]:
    family = [
        (kind, i)
        for kind in KINDS
        for i, reason in enumerate(reasons[kind])
        if reason is None and not math.isnan(p[kind][i])
    ]
    q: dict[Kind, list[float | None]] = {kind: [None] * len(p[kind]) for kind in KINDS}
    values = benjamini_hochberg([float(p[kind][i]) for kind, i in family])
    for (kind, i), value in zip(family, values, strict=True):
        q[kind][i] = value
    return q


def _row(
    name: str, found: Association, one: FeatureAssociation, reason: str | None, q: float | None
) -> DriverRow:
    visible = min(one["n_users"], one["n_nonusers"]) >= HIDE_BELOW
    compared = reason is None
    marked = q is not None and q <= FALSE_DISCOVERY
    row: DriverRow = {
        "name": name,
        "n_users": one["n_users"] if visible else None,
        "n_nonusers": one["n_nonusers"] if visible else None,
        "reach": 100 * one["n_users"] / found.n if visible else None,
        "crude": points(one["crude"]) if compared else None,
        "adjusted": points(one["adjusted"]) if compared else None,
        "lower": points(one["lower"]) if compared else None,
        "upper": points(one["upper"]) if compared else None,
        "p_value": one["p_value"] if compared else None,
        "q_value": q,
        "cmh_p": one["cmh_p"] if compared else None,
        "marked": marked,
        "detectable": detectable(one["se"] ** 2) if compared and one["se"] else None,
        "reason": reason,
        "sentence": "",
    }
    row["sentence"] = _sentence(row)
    return row


def _sentence(row: DriverRow) -> str:
    adjusted, lower, upper = row["adjusted"], row["lower"], row["upper"]
    if adjusted is None or lower is None or upper is None:
        return f"{row['name']}: {row['reason'] or TOO_FEW_ACCOUNTS}."
    if not row["marked"]:
        seen = row["detectable"]
        text = f"{row['name']}: no clear difference at equal use"
        return text + (
            "."
            if seen is None
            else f"; these answers would usually show {whole_upper(seen)} points or more."
        )
    direction = "higher" if adjusted > 0 else "lower"
    return (
        f"{row['name']} goes with a {direction} NPS at equal use, by {whole_points(abs(adjusted))}"
        f" points (between {limits(lower, upper)}): an association, not an effect."
    )


def _by_size(row: DriverRow) -> tuple[bool, float, str]:
    return row["adjusted"] is None, -abs(row["adjusted"] or 0.0), row["name"]

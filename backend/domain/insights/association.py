"""One feature: users against non-users at equal active use (METHODS section 4)."""

import math
from collections.abc import Hashable, Sequence
from typing import TypedDict

import numpy as np
from scipy.special import chdtrc, stdtr

from backend.domain.insights.columns import Bools, Floats, Ints, Used
from backend.domain.insights.estimate import dense, t_quantile
from backend.domain.insights.pairs import Association, associate

NO_VARIANCE = 1e-24


class FeatureAssociation(TypedDict):
    """One feature on the unit scale; `kept` answers lie in strata with users and non-users."""

    n_users: int
    n_nonusers: int
    crude: float | None
    kept: int
    strata_kept: int
    adjusted: float | None
    se: float | None
    df: int | None
    lower: float | None
    upper: float | None
    p_value: float | None
    cmh_q: float | None
    cmh_p: float | None


def feature_association(
    y: Sequence[int],
    x: Sequence[int],
    stratum: Sequence[Hashable],
    cluster: Sequence[Hashable],
    confidence: float = 0.95,
) -> FeatureAssociation:
    """Compare users (x = 1) with non-users of one feature within strata of active use.

    Strata with only users or only non-users are left out. No stratum kept: all but the
    counts and `crude` are None. One account, or no degrees left: no standard error.

    Raises:
        ValueError: lengths differ, or x holds something else than 0 and 1.

    Source: Mantel-Haenszel weights as in Cochran 1968; CMH mean score by Landis, Heyman,
    Koch 1978, with the small-sample factor of clustered regression.
    """
    values, uses = np.asarray(y, np.float64), np.asarray(x, np.int64)
    if not len(values) == len(uses) == len(stratum) == len(cluster):
        raise ValueError("y, x, stratum and cluster differ in length")
    if len(uses) and not np.isin(uses, (0, 1)).all():
        raise ValueError("x is 0 or 1")
    strata, accounts = dense(stratum), dense(cluster)
    ids = np.zeros(int(uses.sum()), np.int32)
    indptr = np.concatenate(([0], np.cumsum(uses))).astype(np.int64)
    found = associate(values, Used(indptr, ids, ("x",)), strata, accounts)
    return entry(found, 0, p_values(found), confidence)


def p_values(found: Association) -> Floats:
    """Return the p value of each feature, NaN where there is none."""
    testable = _testable(found, slice(None)) & (found.variance > NO_VARIANCE)
    t = np.abs(found.adjusted[testable]) / np.sqrt(found.variance[testable])
    p = np.full(len(found.n_users), np.nan)
    p[testable] = 2 * stdtr(found.accounts[testable] - 1, -t)
    return p


def entry(found: Association, i: int, p: Floats, confidence: float) -> FeatureAssociation:
    """Return one feature of `found`; `p` are the p values of all."""
    n_users, n = int(found.n_users[i]), found.n
    result: FeatureAssociation = {
        "n_users": n_users,
        "n_nonusers": n - n_users,
        "crude": _number(found.crude[i]),
        "kept": int(found.kept[i]),
        "strata_kept": int(found.strata[i]),
        "adjusted": _number(found.adjusted[i]),
        "se": None,
        "df": None,
        "lower": None,
        "upper": None,
        "p_value": None,
        "cmh_q": _number(found.cmh[i]),
        "cmh_p": _cmh_p(found, i),
    }
    if not _testable(found, i):
        return result
    df, adjusted = int(found.accounts[i]) - 1, float(found.adjusted[i])
    variance = float(found.variance[i])
    se = math.sqrt(variance) if variance > NO_VARIANCE else 0.0
    half = t_quantile(confidence, df) * se
    result["se"], result["df"] = se, df
    result["lower"], result["upper"] = adjusted - half, adjusted + half
    result["p_value"] = _number(p[i])
    return result


def _testable(found: Association, of: int | slice) -> Bools:
    strata: Ints = found.strata[of]
    return (found.accounts[of] >= 2) & (found.kept[of] > strata + 1) & (strata > 0)


def _cmh_p(found: Association, i: int) -> float | None:
    return None if math.isnan(found.cmh[i]) else float(chdtrc(1, found.cmh[i]))


def _number(value: float) -> float | None:
    return None if math.isnan(value) else float(value)

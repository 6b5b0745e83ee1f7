"""Stratified differences of all features at once, from sums over the pairs present.

With x the use of a feature, m its mean and r = y - mean of y in a stratum, the clustered
variance needs the account sums of (x - m)(r - b (x - m)). That is -(m r + b m^2) for
everybody, which is a matrix product over strata, plus r - b (1 - 2 m) for the users, which
is one bincount over the pairs. Cost: O(answers + pairs + accounts x strata x features).
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backend.domain.insights.columns import Floats, Ints, Used

CELLS_AT_ONCE = 8_000_000
"""Accounts x features held at a time: 64 MB a matrix, so that a million users fit."""


@dataclass(frozen=True, slots=True)
class Association:
    """One entry a feature, unit scale, NaN where there is no value; `n` answers in all.

    `kept...`, `strata` and `accounts...` count within strata that have both users and
    non-users; `variance` is that of `adjusted`, clustered by account.
    """

    n: int
    n_users: Ints
    crude: Floats
    kept: Ints
    kept_users: Ints
    strata: Ints
    adjusted: Floats
    variance: Floats
    cmh: Floats
    accounts: Ints
    accounts_using: Ints
    accounts_not: Ints


@dataclass(frozen=True, slots=True)
class _Strata:
    """Sums by stratum (rows) and feature (columns), strata that are not kept zeroed."""

    size: Floats
    mean_y: Floats
    users: Floats
    kept: Floats
    share: Floats


def associate(y: Floats, use: Used, stratum: Ints, cluster: Ints) -> Association:
    """Compute every feature of `use`; `stratum` and `cluster` are numbered from 0."""
    n, features = len(y), len(use.labels)
    strata = int(stratum.max()) + 1 if n else 1
    by_pair = np.repeat(stratum * features, use.lengths) + use.ids
    users = np.bincount(by_pair, minlength=strata * features).reshape(strata, features)
    y_sums = np.bincount(by_pair, np.repeat(y, use.lengths), strata * features)
    y_users = y_sums.reshape(strata, features).astype(np.float64)
    size = np.bincount(stratum, minlength=strata).astype(np.float64)[:, None]
    y_all = np.bincount(stratum, y, strata)[:, None]
    kept = ((users > 0) & (users < size)).astype(np.float64)
    mean_y = _divide(y_all, size)
    s = _Strata(size, mean_y, users.astype(np.float64), kept, _divide(users, size))
    adjusted = _divide(
        (kept * (y_users - users * mean_y)).sum(0), (users * (1 - s.share) * kept).sum(0), np.nan
    )
    variance, accounts = _clustered(y, use, stratum, cluster, by_pair, s, adjusted)
    n_users = users.sum(0)
    return Association(
        n=n,
        n_users=n_users,
        crude=_crude(n, n_users, y_users.sum(0), float(y.sum())),
        kept=(kept * size).sum(0).astype(np.int64),
        kept_users=(kept * users).sum(0).astype(np.int64),
        strata=kept.sum(0).astype(np.int64),
        adjusted=adjusted,
        variance=variance,
        cmh=_cmh(y, stratum, s, y_users),
        accounts=accounts[0],
        accounts_using=accounts[1],
        accounts_not=accounts[2],
    )


def _crude(n: int, n_users: Ints, y_users: Floats, y_all: float) -> Floats:
    both = (n_users > 0) & (n_users < n)
    crude = np.full(len(n_users), np.nan)
    crude[both] = y_users[both] / n_users[both] - (y_all - y_users[both]) / (n - n_users[both])
    return crude


def _cmh(y: Floats, stratum: Ints, s: _Strata, y_users: Floats) -> Floats:
    """The CMH mean score statistic of each feature."""
    deviation = (y - s.mean_y[stratum, 0]) ** 2
    spread = np.bincount(stratum, deviation, len(s.size))[:, None]
    scale = _divide(spread, s.size * (s.size - 1))
    expected = (s.kept * (y_users - s.users * s.mean_y)).sum(0)
    variance = (s.kept * s.users * (s.size - s.users) * scale).sum(0)
    return _divide(expected**2, np.where(variance > 1e-15, variance, 0.0), np.nan)


def _clustered(
    y: Floats,
    use: Used,
    stratum: Ints,
    cluster: Ints,
    by_pair: Ints,
    s: _Strata,
    adjusted: Floats,
) -> tuple[Floats, tuple[Ints, Ints, Ints]]:
    """Variance of `adjusted`, and accounts kept, with users, with non-users."""
    features = len(use.labels)
    b = np.nan_to_num(adjusted)
    r = y - s.mean_y[stratum, 0]
    of_user = (s.kept * b * (1 - 2 * s.share)).ravel()
    is_kept = s.kept.ravel()
    squares = np.zeros(features)
    counts = np.zeros((3, features), np.int64)
    for rows, pairs, first, last in _blocks(cluster, use, features):
        g = cluster[rows] - first
        lengths = use.lengths[rows]
        cell = np.repeat(g * features, lengths) + use.ids[pairs]
        key, accounts = by_pair[pairs], last - first
        uses = is_kept[key]
        weight = uses * np.repeat(r[rows], lengths) - of_user[key]
        sums = np.bincount(cell, weight, accounts * features).astype(np.float64, copy=False)
        sums = sums.reshape(accounts, features)
        using = np.bincount(cell, uses, accounts * features).reshape(accounts, features)
        by_stratum = g * len(s.size) + stratum[rows]
        shape = (accounts, len(s.size))
        r_sums = np.bincount(by_stratum, r[rows], shape[0] * shape[1]).reshape(shape)
        answers = np.bincount(by_stratum, minlength=shape[0] * shape[1]).reshape(shape)
        sums -= r_sums @ (s.kept * s.share) + answers @ (s.kept * s.share**2 * b)
        squares += np.einsum("gf,gf->f", sums, sums)
        present = answers @ s.kept
        counts += [(present > 0).sum(0), (using > 0).sum(0), (present > using).sum(0)]
    sxx = (s.users * (1 - s.share) * s.kept).sum(0)
    kept, g_kept = (s.kept * s.size).sum(0), counts[0].astype(np.float64)
    small = _divide(g_kept, g_kept - 1) * _divide(kept - 1, kept - s.kept.sum(0) - 1)
    return _divide(squares, sxx**2, np.nan) * small, (counts[0], counts[1], counts[2])


def _blocks(
    cluster: Ints, use: Used, features: int
) -> list[tuple[slice | Ints, slice | Ints, int, int]]:
    """Rows, pairs and range of accounts of blocks that fit `CELLS_AT_ONCE`."""
    accounts = int(cluster.max()) + 1 if len(cluster) else 0
    at_once = max(1, CELLS_AT_ONCE // max(1, features))
    if accounts <= at_once:
        return [(slice(None), slice(None), 0, accounts)]
    order = np.argsort(cluster, kind="stable")
    edges = [*range(0, accounts, at_once), accounts]
    ends = np.searchsorted(cluster[order], edges)
    blocks: list[tuple[slice | Ints, slice | Ints, int, int]] = []
    for (first, last), (start, end) in zip(pairwise(edges), pairwise(ends), strict=True):
        rows = order[start:end]
        lengths = use.lengths[rows]
        before = np.cumsum(lengths) - lengths
        pairs = np.arange(lengths.sum()) + np.repeat(use.indptr[rows] - before, lengths)
        blocks.append((rows, pairs, first, last))
    return blocks


def _divide(a: Floats | Ints, b: Floats | Ints, otherwise: float = 0.0) -> Floats:
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    ratio: Floats = np.divide(a, b, out=np.full(shape, otherwise), where=np.asarray(b) > 0)
    return ratio

"""Stratified differences of all features at once, from sums over the pairs present.

With x the use of a feature, m its mean and r = y - mean of y in a stratum, the clustered
variance needs the account sums of (x - m)(r - b (x - m)). That is -(m r + b m^2) for
everybody, which is a matrix product over strata, plus r - b (1 - 2 m) for the users, which
is one bincount over the pairs. Cost: O(answers + pairs + accounts x strata x features).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from backend.domain.insights.columns import Bools, Floats, Ints, Used

CELLS_AT_ONCE = 1_000_000
"""Accounts x features held at a time: 8 MB a matrix, so that a million users fit."""

PAIRS_AT_ONCE = 125_000
"""Pairs held at a time: what is made of them stays in the processor's cache."""


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
    users, y_users = _by_stratum(y, use, stratum, (strata, features))
    size = np.bincount(stratum, minlength=strata).astype(np.float64)[:, None]
    y_all = np.bincount(stratum, y, strata)[:, None]
    kept = ((users > 0) & (users < size)).astype(np.float64)
    mean_y = _divide(y_all, size)
    s = _Strata(size, mean_y, users, kept, _divide(users, size))
    adjusted = _divide(
        (kept * (y_users - users * mean_y)).sum(0), (users * (1 - s.share) * kept).sum(0), np.nan
    )
    variance, accounts = _clustered(y, use, stratum, cluster, s, adjusted)
    n_users = users.sum(0).astype(np.int64)
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


def _by_stratum(
    y: Floats, use: Used, stratum: Ints, shape: tuple[int, int]
) -> tuple[Floats, Floats]:
    """Users, and their sum of y, by stratum and feature."""
    users, y_users = np.zeros(shape), np.zeros(shape)
    of_row = use.lengths
    for rows, pairs in _parts(use):
        lengths = of_row[rows]
        key = np.repeat(stratum[rows] * shape[1], lengths) + use.ids[pairs]
        users += np.bincount(key, minlength=users.size).reshape(shape)
        y_users += np.bincount(key, np.repeat(y[rows], lengths), users.size).reshape(shape)
    return users, y_users


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
    s: _Strata,
    adjusted: Floats,
) -> tuple[Floats, tuple[Ints, Ints, Ints]]:
    """Variance of `adjusted`, and accounts kept, with users, with non-users."""
    features = len(use.labels)
    b = np.nan_to_num(adjusted)
    r = y - s.mean_y[stratum, 0]
    of_user = (s.kept * b * (1 - 2 * s.share)).ravel()
    # Most often every stratum is kept: then no pair needs to be weighed by it.
    is_kept = None if s.kept.all() else s.kept.ravel()
    squares = np.zeros(features)
    counts, of_row = np.zeros((3, features), np.int64), use.lengths
    for first, last, parts in _blocks(cluster, use, features):
        shape, by_stratum = (last - first, features), (last - first, len(s.size))
        sums, using = np.zeros(shape), np.zeros(shape)
        r_sums, answers = np.zeros(by_stratum), np.zeros(by_stratum)
        for rows, pairs in parts:
            g, h, lengths = cluster[rows] - first, stratum[rows], of_row[rows]
            ids = use.ids[pairs]
            cell, key = np.repeat(g * features, lengths) + ids, np.repeat(h * features, lengths)
            key += ids
            weight = np.repeat(r[rows], lengths)
            uses = None if is_kept is None else is_kept[key]
            if uses is not None:
                weight *= uses
            weight -= of_user[key]
            sums += np.bincount(cell, weight, sums.size).reshape(shape)
            using += np.bincount(cell, uses, sums.size).reshape(shape)
            cell = g * len(s.size) + h
            r_sums += np.bincount(cell, r[rows], r_sums.size).reshape(by_stratum)
            answers += np.bincount(cell, minlength=r_sums.size).reshape(by_stratum)
        sums -= r_sums @ (s.kept * s.share) + answers @ (s.kept * s.share**2 * b)
        squares += np.einsum("gf,gf->f", sums, sums)
        present = answers @ s.kept
        counts += [(present > 0).sum(0), (using > 0).sum(0), (present > using).sum(0)]
    sxx = (s.users * (1 - s.share) * s.kept).sum(0)
    kept, g_kept = (s.kept * s.size).sum(0), counts[0].astype(np.float64)
    small = _divide(g_kept, g_kept - 1) * _divide(kept - 1, kept - s.kept.sum(0) - 1)
    return _divide(squares, sxx**2, np.nan) * small, (counts[0], counts[1], counts[2])


Part = tuple[slice | Ints, slice | Ints]
"""Rows, and the places of their pairs."""


def _blocks(cluster: Ints, use: Used, features: int) -> Iterator[tuple[int, int, Iterator[Part]]]:
    """Yield ranges of accounts that fit what is held at once, each with the parts of its rows.

    Account by account, so that the sums of few accounts are written to at a time: in the order
    of time, all of them would be, and the processor would wait for memory.
    """
    accounts = int(cluster.max()) + 1 if len(cluster) else 0
    # Numbers of 16 bits are sorted by their digits, in a fraction of the time.
    is_narrow = accounts <= np.iinfo(np.uint16).max
    order = np.argsort(cluster.astype(np.uint16) if is_narrow else cluster, kind="stable")
    lengths = use.lengths[order]
    ends = np.cumsum(lengths)
    rows_before = np.searchsorted(cluster[order], np.arange(accounts + 1))
    pairs_before = np.concatenate(([0], ends))[rows_before[:-1]]
    at_once = max(1, CELLS_AT_ONCE // max(1, features))
    cuts = _cuts(pairs_before, PAIRS_AT_ONCE) | _cuts(np.arange(accounts), at_once)
    edges = [0, *np.flatnonzero(cuts).tolist(), accounts]
    for first, last in pairwise(edges):
        yield first, last, _gathered(use, order, ends, rows_before[[first, last]].tolist())


def _cuts(before: Ints, at_once: int) -> Bools:
    """Say where a multiple of `at_once` is passed."""
    return np.diff(before // at_once, prepend=0) > 0


def _gathered(use: Used, order: Ints, ends: Ints, span: list[int]) -> Iterator[Part]:
    """Yield the rows `order[first:last]` in parts; `ends` are the ends of their pairs."""
    first, last = span
    start = ends[first - 1] if first else 0
    inner = first + 1 + np.flatnonzero(_cuts(ends[first:last] - start, PAIRS_AT_ONCE))
    for a, b in pairwise(sorted({first, *inner.tolist(), last})):
        rows = order[a:b]
        lengths = use.indptr[rows + 1] - use.indptr[rows]
        before = np.cumsum(lengths) - lengths
        yield rows, np.arange(lengths.sum()) + np.repeat(use.indptr[rows] - before, lengths)


def _parts(use: Used) -> list[Part]:
    """Cut all rows so that each part has about `PAIRS_AT_ONCE` pairs."""
    rows = len(use.indptr) - 1
    cuts = np.searchsorted(use.indptr, range(0, len(use.ids), PAIRS_AT_ONCE))
    edges = sorted({0, rows, *(min(int(cut), rows) for cut in cuts)})
    return [(slice(a, b), slice(use.indptr[a], use.indptr[b])) for a, b in pairwise(edges)]


def _divide(a: Floats | Ints, b: Floats | Ints, otherwise: float = 0.0) -> Floats:
    shape = np.broadcast_shapes(np.shape(a), np.shape(b))
    ratio: Floats = np.divide(a, b, out=np.full(shape, otherwise), where=np.asarray(b) > 0)
    return ratio

"""A loaded window brought up to date by the answers that changed, without reading the others."""

from __future__ import annotations

import numpy as np

from backend.domain.insights.columns import Codes, Labelled, Used, make_answers
from backend.storage.answers_loaded import Loaded, whole


def merged(old: Loaded, changed: frozenset[bytes], new: Loaded) -> Loaded:
    """Return `old` without the answers of these ids, and with those of `new`."""
    if not changed:
        return old
    kept = ~np.isin(old.ids, np.array(sorted(changed)))
    base = old if kept.all() else old.select(kept)
    a, b = base.answers, new.answers
    plain = {
        name: np.concatenate([getattr(a, name), getattr(b, name)])
        for name in (
            "score",
            "user",
            "account",
            "at",
            "weight",
            "verified",
            "active_days",
            "percentile",
            "top_decile",
        )
    }
    score = plain.pop("score")
    answers = make_answers(
        score,
        **plain,
        features=_used(a.features, b.features),
        pages=_used(a.pages, b.pages),
        dimensions={name: _labelled(a.dimension(name), b.dimension(name)) for name in a.dimensions},
    )
    ids = np.concatenate([base.ids, new.ids])
    profiled = np.concatenate([base.profiled, new.profiled])
    commented = np.concatenate([base.commented, new.commented])
    return whole(answers, ids, profiled, commented, old.bytes + new.bytes)


def _labelled(a: Labelled, b: Labelled) -> Labelled:
    labels, places = _joined(a.labels, b.labels)
    codes = np.append(places, np.int32(-1))[b.codes]
    return Labelled(np.concatenate([a.codes, codes]).astype(np.int32), labels)


def _used(a: Used, b: Used) -> Used:
    labels, places = _joined(a.labels, b.labels)
    ids = np.concatenate([a.ids, places[b.ids]]) if len(b.ids) else a.ids
    indptr = np.concatenate([a.indptr, a.indptr[-1] + b.indptr[1:]])
    return Used(indptr, ids.astype(np.int32), labels)


def _joined(a: tuple[str, ...], b: tuple[str, ...]) -> tuple[tuple[str, ...], Codes]:
    """Return the labels of both, those of `a` first, and where those of `b` are among them."""
    labels = tuple(dict.fromkeys((*a, *b)))
    place = {label: i for i, label in enumerate(labels)}
    return labels, np.array([place[label] for label in b], np.int32)

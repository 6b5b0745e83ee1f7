"""Many comparisons at once: the false discovery rate (METHODS section 4)."""

from collections.abc import Sequence

import numpy as np


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Return q values in the order of `p`; an empty family is empty.

    Source: Benjamini, Hochberg, Controlling the false discovery rate, JRSS B 57, 1995.
    """
    if len(p) == 0:
        return []
    values = np.asarray(p, np.float64)
    order = np.argsort(values, kind="stable")
    raised = values[order] * len(values) / np.arange(1, len(values) + 1)
    q = np.empty(len(values))
    q[order] = np.minimum(np.minimum.accumulate(raised[::-1])[::-1], 1.0)
    return [float(v) for v in q]

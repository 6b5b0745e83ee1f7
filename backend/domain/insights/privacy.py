"""Cells that would point at single people, and what follows from the totals (section 7)."""

from collections.abc import Sequence

SMALLEST_CELL = 5


def suppress(counts: Sequence[int], k: int = SMALLEST_CELL) -> list[bool]:
    """Say which cells of one partition to hide, so that none under `k` can be worked out.

    Hides every cell with 0 < n < k, then the smallest other non-empty cells (the first of
    equals) until two cells and `k` answers are hidden: the published total then gives
    nothing away. Empty cells are never hidden. Needs no hiding: all False.

    Source: Cox, Suppression methodology and statistical disclosure control, JASA 75, 1980.
    """
    hidden = [0 < n < k for n in counts]
    if not any(hidden):
        return hidden
    others = sorted((n, i) for i, n in enumerate(counts) if n >= k)
    for _, i in others:
        answers = sum(n for n, hide in zip(counts, hidden, strict=True) if hide)
        if sum(hidden) >= 2 and answers >= k:
            break
        hidden[i] = True
    return hidden


def may_filter(n_before: int, n_after: int, k: int = SMALLEST_CELL) -> bool:
    """Say whether a narrower filter may be answered after a wider one.

    False when the two differ by 1 to k - 1 people, whose answers the difference of the two
    results would give away: the caller then returns the wider result.
    """
    left_out = abs(n_before - n_after)
    return left_out == 0 or left_out >= k

"""How often each score from 0 to 10 was given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from markupsafe import Markup

from backend.web.charts.svg import el, figure, text
from backend.web.words import DASH, category

BAR: Final = 28
GAP: Final = 6
HEIGHT: Final = 150
TOP: Final = 18
BOTTOM: Final = 20


def distribution(counts: Sequence[int | None]) -> Markup:
    """Return eleven bars; a hidden one is a dash."""
    most = max([1, *(n for n in counts if n)])
    room = HEIGHT - TOP - BOTTOM
    marks = []
    for score, n in enumerate(counts):
        x, height = score * (BAR + GAP) + GAP / 2, room * (n or 0) / most
        top = HEIGHT - BOTTOM - height
        if n:
            marks.append(
                el(
                    "rect",
                    x=x,
                    y=top,
                    width=BAR,
                    height=max(1.5, height),
                    rx=3,
                    class_=category(score),
                )
            )
        marks.append(text(x + BAR / 2, top - 5, DASH if n is None else str(n), "tick n"))
        marks.append(text(x + BAR / 2, HEIGHT - 4, str(score), "tick"))
    told = ", ".join(f"{score}: {DASH if n is None else n}" for score, n in enumerate(counts))
    width = len(counts) * (BAR + GAP)
    return figure(width, HEIGHT, f"Answers by score. {told}.", marks, "distribution")

"""SVG as markup that templates may put into a page; every text in it is escaped."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup, escape


def el(name: str, *children: Markup | str, **attributes: object) -> Markup:
    """Return an element. `class_` is `class`, `_` in a name is `-`; None leaves one out."""
    # Some thousand elements a page: joining texts takes a third of what `Markup.format` does.
    told = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(_text(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children)
    return Markup(f"<{name}{told}>{inner}</{name}>")  # noqa: S704 - names are ours, the rest escaped


def figure(width: float, height: float, label: str, marks: Sequence[Markup], css: str) -> Markup:
    """Return a picture with the sentence that says what it shows."""
    return el(
        "svg",
        *marks,
        viewBox=f"0 0 {_text(width)} {_text(height)}",
        role="img",
        aria_label=label,
        class_=f"chart {css}",
    )


def text(x: float, y: float, words: str, css: str = "", anchor: str = "middle") -> Markup:
    """Return a text of the picture."""
    return el("text", words, x=x, y=y, class_=css or None, text_anchor=anchor)


def line(x1: float, y1: float, x2: float, y2: float, css: str) -> Markup:
    """Return a straight line."""
    return el("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=css)


def path(places: Sequence[tuple[float, float]], css: str, closed: bool = False) -> Markup:
    """Return a line through places, or an area."""
    steps = "L".join(f"{_text(x)} {_text(y)}" for x, y in places)
    return el("path", d=f"M{steps}{'Z' if closed else ''}", class_=css)


def shortened(words: str, most: int = 22) -> str:
    """Return words cut to `most` characters, with an ellipsis where some were left out."""
    return words if len(words) <= most else words[: most - 1].rstrip() + "…"


class Scale:
    """A straight scale; a domain of no width maps to the middle."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._span = low, high - low
        self._start, self._length = start, end - start

    def __call__(self, value: float) -> float:
        """Return where `value` lies."""
        share = (value - self._low) / self._span if self._span else 0.5
        return self._start + share * self._length


def _text(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return str(value)

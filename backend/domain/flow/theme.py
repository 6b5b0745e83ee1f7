"""The looks of a survey, and whether its colours can be read.

Source of the formulas: WCAG 2.2, "relative luminance" and "contrast ratio".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

Found = Iterator[tuple[str, str]]

MIN_CONTRAST = 4.5
CHOICES = {
    "mode": ("auto", "light", "dark"),
    "layout": ("corner", "inline", "full"),
    "position": ("bottom-right", "bottom-left", "top-right", "top-left"),
}
# The panel's own colours, as in widget/src/ui/styles.js; an accent must be readable on them.
SURFACES = {"light": "#ffffff", "dark": "#1b1d22"}
ACCENTS = {"accent": "light", "accent_dark": "dark"}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_PATH = re.compile(r"[MmZzLlHhVvCcSsQqTtAa0-9 ,.eE+-]{1,8192}")


def check_theme(theme: object) -> Found:
    """Yield what is wrong with a theme, as (JSON pointer, detail); None is the default theme."""
    if theme is None:
        return
    if not isinstance(theme, Mapping):
        yield "#/theme", "Must be an object."
        return
    for name, allowed in CHOICES.items():
        if theme.get(name, allowed[0]) not in allowed:
            yield f"#/theme/{name}", f"Must be one of {', '.join(allowed)}."
    for name, mode in ACCENTS.items():
        if theme.get(name) is not None:
            yield from _check_accent(f"#/theme/{name}", theme[name], SURFACES[mode])
    radius = theme.get("radius", 0)
    if isinstance(radius, bool) or not isinstance(radius, int) or not 0 <= radius <= 32:
        yield "#/theme/radius", "Must be a whole number of pixels from 0 to 32."
    yield from _check_logo(theme.get("logo"))


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours `#rrggbb`, from 1 to 21."""
    low, high = sorted((_luminance(first), _luminance(second)))
    return (high + 0.05) / (low + 0.05)


def _check_accent(at: str, colour: object, surface: str) -> Found:
    if not isinstance(colour, str) or not _COLOUR.fullmatch(colour):
        yield at, "Must be a colour such as #2f5bea."
        return
    ratio = contrast(colour, surface)
    if ratio < MIN_CONTRAST:
        # Floored: 4.499 must not be told as 4.5.
        told = int(ratio * 100) / 100
        yield at, f"Contrast with the panel is {told:.2f}, it must be at least {MIN_CONTRAST}."


def _check_logo(logo: Any) -> Found:
    if logo is None:
        return
    path = logo.get("path") if isinstance(logo, Mapping) else None
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        yield "#/theme/logo/path", "Must be the path data of an SVG, at most 8,192 characters."
        return
    if not isinstance(logo.get("size", 24), int) or not 1 <= logo.get("size", 24) <= 4096:
        yield "#/theme/logo/size", "Must be the side of the drawing's square, from 1 to 4,096."
    if not isinstance(logo.get("label", ""), str) or len(logo.get("label", "")) > 200:
        yield "#/theme/logo/label", "Must be a text of at most 200 characters."


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)

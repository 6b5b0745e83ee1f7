"""A QR code as inline SVG: no script, no style, no request, so the secret in it goes nowhere."""

from __future__ import annotations

import segno
from markupsafe import Markup

from backend.web.charts.svg import el


def qr(text: str, label: str) -> Markup:
    """Return `text` as a QR code with the quiet zone that cameras need, dark on light in any theme.

    Args:
        label: what it is, for those who do not see it.
    """
    drawn = segno.make(text, error="m", micro=False).svg_inline(
        omitsize=True, dark="#000", light="#fff", svgclass=None, lineclass=None
    )
    picture = Markup(drawn)  # noqa: S704 - squares only; the text itself is not in it
    return el("div", picture, class_="qr", role="img", aria_label=label)

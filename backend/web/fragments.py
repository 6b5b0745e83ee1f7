"""Parts of pages for scripts that put them in place; forms without scripts get whole pages."""

from __future__ import annotations

from typing import Final

from flask import request

# `static/fetched.js` sends it; a form of another site cannot.
HEADER: Final = "X-Fragment"


def wants_fragment() -> bool:
    """Whether a script of ours asks, which replaces a part of its page with the answer."""
    return HEADER in request.headers

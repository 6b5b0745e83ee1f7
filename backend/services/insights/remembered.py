"""What was worked out of the answers of a loaded window, kept as long as the window is.

A dashboard asks the same of the same answers again and again, on one page and from page to page.
What changes an answer replaces its window (`windows.py`), and with it all that is kept here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final, TypeVar

from backend.services.insights.view import View

_T = TypeVar("_T")
# A table of some thousand accounts is a few megabytes.
MOST_KEPT: Final = 16


def remembered(view: View, name: str, work: Callable[[], _T], *given: Any) -> _T:
    """Return `work()`, or what it returned before for the same answers and equal `given`.

    The result is shared: nobody may change it.

    Args:
        name: what is worked out; `work` depends on it, the answers of `view` and `given` alone.
    """
    if not view.question.sees_answers:
        # Their columns are made coarser by what else lies in the window.
        return work()
    kept = view.loaded.beside.results
    key = (name, replace(view.question, since=None, until=None), view.timezone, _rows(view))
    found = kept.get(key)
    if found is not None and found[0] == given:
        result: _T = found[1]
        return result
    result = work()
    if len(kept) >= MOST_KEPT:
        kept.clear()
    kept[key] = (given, result)
    return result


def _rows(view: View) -> bytes:
    """Return what tells apart which answers of the window these are."""
    return blake2b(view.answers.key.tobytes(), digest_size=16).digest()

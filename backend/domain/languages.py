"""Which language to speak: the first that is wanted and there, else a fallback."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


def pick_language(wanted: Iterable[str], offered: Iterable[str], fallback: str) -> str:
    """Return the first offered language that meets a wanted one.

    Args:
        wanted: BCP 47 tags, best first; upper and lower case are one. `de-AT` is met by `de-AT`,
            else `de`, else any other `de-…`.
        offered: whole languages only. Of equals, the first.
    """
    return _pick(tuple(wanted), tuple(offered), fallback)


# Browsers ask in few ways; what is kept is small, since tags have 35 characters at most.
@lru_cache(maxsize=1024)
def _pick(wanted: tuple[str, ...], offered: tuple[str, ...], fallback: str) -> str:
    by_tag: dict[str, str] = {}
    for tag in offered:
        by_tag.setdefault(tag.lower(), tag)
    for tag in map(str.lower, wanted):
        primary = tag.partition("-")[0]
        same = (one for one in by_tag if one.partition("-")[0] == primary)
        met = next((one for one in (tag, primary) if one in by_tag), None) or next(same, None)
        if met is not None:
            return by_tag[met]
    return fallback

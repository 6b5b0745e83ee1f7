"""Page templates: `/reports/42?x=1` and `/reports/43` are one page, `/reports/:id`.

Paths and patterns mean the same in `widget/src/core/pages.js` (`tests/vectors/pages.json`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final, NamedTuple

MAX_PATH: Final = 200

_HOST = re.compile(r"\A[a-z+.-]+://[^/?#]*", re.IGNORECASE)
_UUID = re.compile(r"[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}\Z", re.IGNORECASE)
_NUMBER = re.compile(r"\d+\Z")
_HASH = re.compile(r"(?=.*\d)[0-9a-f]{8,}\Z", re.IGNORECASE)
_TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[0-9A-Za-z_=-]{10,}\Z")
_SLUG_WITH_NUMBER = re.compile(r"[^\W\d_]?[\w.]*?-?\d{2,}[\w.-]*\Z")
_VERSION = re.compile(r"v\d{1,3}\Z")


class PageRule(NamedTuple):
    """A project's own rule: paths that fit `pattern` are `template`."""

    pattern: str
    template: str


def page_path(address: str) -> str:
    """Return the path of an address or path: no scheme, host, query or fragment."""
    text = _HOST.sub("", address).split("#", 1)[0].split("?", 1)[0]
    return "/" + text.strip("/")


def page_template(address: str, rules: Sequence[PageRule] = ()) -> str:
    """Return the template of `address`: the project's first matching rule, else ids folded.

    Folded to `:id` are numbers, UUIDs, hashes, mixed tokens and slugs with two or more digits;
    API versions (`v2`) stay. The result has at most 200 characters.
    """
    path = page_path(address)
    for rule in rules:
        if matches(rule.pattern, path):
            return rule.template[:MAX_PATH]
    segments = [":id" if _is_id(segment) else segment for segment in path.split("/")]
    return "/".join(segments)[:MAX_PATH]


def matches(pattern: str, path: str) -> bool:
    """Say whether `path` fits `pattern`: `*` and `:name` are one segment, `**` any number."""
    return _fits(pattern.strip("/").split("/"), path.strip("/").split("/"))


def _fits(pattern: list[str], path: list[str]) -> bool:
    # Dynamic programming over segments: a pattern of many `**` must not take exponential time.
    reachable = {0}
    for part in pattern:
        if part == "**":
            reachable = set(range(min(reachable), len(path) + 1)) if reachable else set()
        else:
            is_any = part == "*" or part.startswith(":")
            reachable = {
                at + 1 for at in reachable if at < len(path) and (is_any or part == path[at])
            }
        if not reachable:
            return False
    return len(path) in reachable


def _is_id(segment: str) -> bool:
    # Most segments are plain words, and only an id as long as a UUID has no digit.
    if (segment.isalpha() and len(segment) < 32) or not segment or segment[0] == ":":
        return False
    if _VERSION.match(segment):
        return False
    return any(shape.match(segment) for shape in (_NUMBER, _UUID, _HASH, _TOKEN, _SLUG_WITH_NUMBER))

"""Origins on a project's list: what one looks like, and whether a page's origin is on it."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final
from urllib.parse import urlsplit

NONE: Final = "null"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_LABEL: Final = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)\Z")


def canonical(origin: object) -> str | None:
    """Return an origin as it is kept, or None when it is none.

    That is `scheme://host` in lower case, with the port where it is not the scheme's own; the
    host's leftmost label may be `*` when two labels or more follow it. Names in other scripts
    become their ASCII form (IDNA). `null` is what sandboxed pages and files send.
    """
    if origin == NONE:
        return NONE
    if not isinstance(origin, str) or not origin.isprintable() or len(origin) > 300:
        return None
    try:
        parts = urlsplit(origin)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or parts.netloc.count("@") or parts.netloc[-1:] == ":":
        return None
    if origin.partition("://")[2] != parts.netloc:
        return None
    if (name := _host(host)) is None:
        return None
    return f"{parts.scheme}://{name}" + (
        f":{port}" if port is not None and port != _DEFAULT_PORTS[parts.scheme] else ""
    )


def is_allowed(origin: str | None, allowed: Collection[str], is_demo: bool = False) -> bool:
    """Say whether a page's `Origin` header is on a list of canonical origins.

    A wildcard stands for exactly one label: `https://*.example.com` is neither the apex nor
    `https://a.b.example.com`. A missing header is on no list. An empty list allows nothing,
    except in a demo project, where it allows every page.
    """
    if is_demo and not allowed:
        return True
    # What a browser sends is canonical already; a wildcard names no page.
    if origin is not None and origin in allowed and "*" not in origin:
        return True
    found = canonical(origin)
    if found is None or "*" in found:
        return False
    scheme, _, rest = found.partition("://")
    _, dot, parent = rest.partition(".")
    return found in allowed or (dot == "." and f"{scheme}://*.{parent}" in allowed)


def _host(host: str) -> str | None:
    if host.startswith("[") or ":" in host:
        return f"[{host}]" if re.fullmatch(r"[0-9a-f:.]{2,45}", host) else None
    wildcard = host.startswith("*.")
    name = host.removeprefix("*.")
    try:
        name = name.encode("idna").decode() if not name.isascii() else name
    except UnicodeError:
        return None
    labels = name.split(".")
    if len(name) > 253 or not all(_LABEL.match(label) for label in labels):
        return None
    if wildcard:
        return f"*.{name}" if len(labels) >= 2 else None
    return name

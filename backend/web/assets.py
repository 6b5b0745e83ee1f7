"""Style sheet and scripts: named by their content, so that browsers keep them for ever."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Final

import brotli
from flask import Response, request

from backend.api.auth import access
from backend.domain.errors import NotFoundError
from backend.web.blueprint import web

FOLDER: Final = Path(__file__).parent / "static"
TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FOREVER: Final = "public, max-age=31536000, immutable"


@web.get("/assets/<digest>/<name>")
@access("open")
def asset(digest: str, name: str) -> Response:
    """One file; under the digest of an older release, too, it is the file of this one."""
    if name not in _names():
        raise NotFoundError
    plain, packed, current = _packed(name)
    is_brotli = request.accept_encodings.quality("br") > 0
    response = Response(
        packed if is_brotli else plain,
        content_type=f"{TYPES[Path(name).suffix]}; charset=utf-8",
    )
    if is_brotli:
        response.headers["Content-Encoding"] = "br"
    response.headers["Vary"] = "Accept-Encoding"
    if digest == current:
        response.headers["Cache-Control"] = FOREVER
    return response


def address(name: str) -> str:
    """Return the address of a file with the digest of its content."""
    return f"/assets/{_packed(name)[2]}/{name}"


@lru_cache(maxsize=1)
def _names() -> frozenset[str]:
    return frozenset(path.name for path in FOLDER.iterdir() if path.suffix in TYPES)


@lru_cache(maxsize=64)
def _packed(name: str) -> tuple[bytes, bytes, str]:
    plain = (FOLDER / name).read_bytes()
    digest = hashlib.sha256(plain).hexdigest()[:12]
    return plain, brotli.compress(plain, quality=11), digest

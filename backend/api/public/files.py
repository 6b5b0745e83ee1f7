"""The widget's files: the loader with a project's configuration in it, and the built panel."""

from __future__ import annotations

import gzip
import hashlib
import re
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import brotli
import msgspec
from flask import Response, request
from werkzeug.datastructures import Accept
from werkzeug.http import parse_accept_header

from backend.api.state import zeroten
from backend.config import LOOPBACK
from backend.domain.errors import NotFoundError
from backend.services.published import PublishedProject
from backend.services.widget_config import configuration

PLACEHOLDER: Final = '"__ZEROTEN_CONFIG__"'
# A page may be told of a change a minute late, and never waits for it.
LOADER_CACHE: Final = "public, max-age=60, stale-while-revalidate=86400"
# Bytes under which packing gains nothing, and how hard an answer is packed while somebody waits:
# brotli's 5 takes 20 µs for a survey instead of 6, to save 70 bytes of 520.
WORTH_PACKING: Final = 300
PASSING_QUALITY: Final = 2
FOREVER: Final = "public, max-age=31536000, immutable"

_BUILT = re.compile(r"(panel\.[0-9a-f]{8,64}|zeroten\.[0-9][0-9A-Za-z.-]{0,30})\.js\Z")


@dataclass(frozen=True, slots=True)
class Packed:
    """A text in the forms it is sent in, with the tag that names its content."""

    plain: bytes
    brotli: bytes
    gzip: bytes
    etag: str


def loader(project: PublishedProject, key: str, kind: str) -> Response:
    """Return the loader (`js`) or only its configuration (`json`, for the pinned build)."""
    config = zeroten().config
    _keep_release(config.widget_dir, config.data_dir / "widget")
    manifest = _manifest(config.widget_dir)
    document = configuration(
        project, key, manifest["panel"], views=manifest.get("views", ""), is_whole=kind == "json"
    )
    if kind == "json":
        return _send(_packed(_script_json(document)), "application/json", LOADER_CACHE)
    text = _script_json(document | _own_address())
    return _send(_packed_loader(config.widget_dir, text), "text/javascript", LOADER_CACHE)


def _own_address() -> dict[str, str]:
    """Return where the page finds us, if that is certain: the request came to `PUBLIC_URL`.

    A proxy may ask us by a name that no page can reach; then the page looks at its own tag. So
    it does with plain http, which a page under https may not ask: TLS may end at a proxy that
    `PUBLIC_URL` knows nothing of.
    """
    config = zeroten().config
    address = urlsplit(config.public_url)
    is_reachable = config.is_behind_tls or address.hostname in LOOPBACK
    is_certain = is_reachable and address.netloc == request.host
    return {"base": f"{config.public_url}/"} if is_certain else {}


def built(name: str) -> Response:
    """Return a built file by its name, also one of an earlier release kept in the data folder.

    Raises:
        NotFoundError: no such file was ever built.
    """
    if not _BUILT.match(name):
        raise NotFoundError
    config = zeroten().config
    kept = config.data_dir / "widget"
    current = config.widget_dir / name
    if current.is_file():
        _keep_release(config.widget_dir, kept)
        return _send(_packed_file(current), "text/javascript", FOREVER)
    if (kept / name).is_file():
        return _send(_packed_file(kept / name), "text/javascript", FOREVER)
    raise NotFoundError


def packed(document: Any, accepted: str) -> tuple[bytes, list[tuple[str, str]]]:
    """Return a JSON answer and its headers, compressed in passing: less work than to log it."""
    data = msgspec.json.encode(document)
    headers = [("Content-Type", "application/json"), ("Vary", "Accept-Encoding")]
    encoding = _encoding(accepted)
    if encoding and len(data) >= WORTH_PACKING:
        data = (
            brotli.compress(data, quality=PASSING_QUALITY)
            if encoding == "br"
            else gzip.compress(data, PASSING_QUALITY, mtime=0)
        )
        headers.append(("Content-Encoding", encoding))
    return data, headers


@lru_cache(maxsize=8)
def _keep_release(widget_dir: Path, kept: Path) -> None:
    """Copy the files of this release aside: who cached its loader wants them after an upgrade.

    All of them, and from the first loader on: the panel for richer surveys may not have been
    asked for before the upgrade comes. A full disk stops no page of today.
    """
    with suppress(OSError):
        kept.mkdir(parents=True, exist_ok=True)
        for each in widget_dir.iterdir():
            if _BUILT.match(each.name) and not (kept / each.name).exists():
                shutil.copyfile(each, kept / each.name)


def _send(packed: Packed, content_type: str, cache: str) -> Response:
    encoding = _encoding(request.environ.get("HTTP_ACCEPT_ENCODING", ""))
    if encoding == "br":
        response = Response(packed.brotli, headers={"Content-Encoding": "br"})
    elif encoding == "gzip":
        response = Response(packed.gzip, headers={"Content-Encoding": "gzip"})
    else:
        response = Response(packed.plain)
    response.content_type = f"{content_type}; charset=utf-8"
    response.headers["Cache-Control"] = cache
    response.headers["Vary"] = "Accept-Encoding"
    response.set_etag(f"{packed.etag}-{encoding or 'plain'}")
    response.make_conditional(request)
    return response


# There are few browsers, and each says the same every time.
@lru_cache(maxsize=256)
def _encoding(accepted: str) -> str:
    """Return the better of the encodings that `Accept-Encoding` allows; empty for none."""
    wanted = parse_accept_header(accepted, Accept)
    return next((each for each in ("br", "gzip") if wanted.quality(each) > 0), "")


def _script_json(document: dict[str, Any]) -> str:
    """Return JSON that is also safe inside a script: no `</`, no line separators."""
    text = msgspec.json.encode(document).decode()
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def interface(language: str) -> dict[str, str] | None:
    """Return what the panel itself says in `language`, else its base language; None for English.

    English is built into the panel.
    """
    texts = _texts(zeroten().config.widget_dir)
    tag = language.lower()
    while tag and tag not in texts:
        tag = tag.rpartition("-")[0]
    return texts[tag] if tag and tag != "en" else None


@lru_cache(maxsize=8)
def _texts(widget_dir: Path) -> dict[str, dict[str, str]]:
    found = msgspec.json.decode((widget_dir / "texts.json").read_bytes())
    return {tag.lower(): texts for tag, texts in found["texts"].items()}


@lru_cache(maxsize=8)
def _manifest(widget_dir: Path) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode((widget_dir / "manifest.json").read_bytes())
    return found


@lru_cache(maxsize=256)
def _packed_loader(widget_dir: Path, configuration_json: str) -> Packed:
    source = (widget_dir / _manifest(widget_dir)["loader"]).read_text()
    return _packed(source.replace(PLACEHOLDER, configuration_json, 1))


@lru_cache(maxsize=64)
def _packed_file(path: Path) -> Packed:
    return _packed(path.read_text())


@lru_cache(maxsize=256)
def _packed(text: str) -> Packed:
    plain = text.encode()
    return Packed(
        plain=plain,
        brotli=brotli.compress(plain, quality=11),
        gzip=gzip.compress(plain, 9, mtime=0),
        etag=hashlib.sha256(plain).hexdigest()[:20],
    )

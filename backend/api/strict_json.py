"""Parses JSON strictly, once; no web framework in here."""

from __future__ import annotations

from typing import Any

import msgspec

from backend.domain import errors


def parse(body: bytes, kind: Any) -> Any:
    """Return the JSON document in `body`, as `kind`.

    Raises:
        MalformedJsonError: not JSON in UTF-8, a number out of range, nested too deep.
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError:
        if not _is_json(body):
            raise errors.MalformedJsonError from None
        raise
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise errors.MalformedJsonError from error


def _is_json(body: bytes) -> bool:
    """Say whether all of `body` is JSON: of another shape than wanted it was not read to its end.

    1e400 counts as malformed: msgspec refuses it as it does a broken number.
    """
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return True

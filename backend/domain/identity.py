"""Identity tokens: the host's server says who its user is (security model, section 3).

The three parts are read here and PyJWT checks the signature: its `decode` reads every token twice
(once for the `kid`) and looks at each character in Python, which made a decision 15 % dearer. A
test holds that what is taken here is taken by `jwt.decode`, with the same claims.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from jwt.algorithms import HMACAlgorithm

from backend.domain import limits
from backend.domain.errors import IdentityExpiredError, IdentityInvalidError
from backend.domain.values import check_object, is_name, masked

MAX_BYTES: Final = 4_096
MAX_LIFE_S: Final = 86_400
LEEWAY_S: Final = 60
# RFC 7518, section 3.2: a key as long as the hash.
LEAST_KEY_BYTES: Final = 32
_HS256: Final = HMACAlgorithm(HMACAlgorithm.SHA256)
# Extensions that would change what the signature is over, or must be understood to go on.
_NOT_KNOWN: Final = frozenset(("crit", "b64"))
_PARTS: Final = re.compile(r"([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the token says it is, with the traits the host's server vouches for."""

    user_id: str
    account_id: str | None
    traits: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A token of our form, which anybody can have made: nothing in it is true yet.

    `key_id` names the secret that it says it is signed with.
    """

    key_id: str
    _signed: bytes
    _claims: bytes
    _signature: bytes

    def verify(self, secret: str, project_id: str, now: datetime) -> Identity:
        """Return who the token names.

        Raises:
            IdentityInvalidError: one and the same for whatever is wrong with it.
            IdentityExpiredError: it was good, and is past its time by more than a minute.
        """
        key = secret.encode()
        if len(key) < LEAST_KEY_BYTES or not _HS256.verify(self._signed, key, self._signature):
            raise IdentityInvalidError
        claims = _object(self._claims)
        audience = claims.get("aud")
        if project_id != audience and not (isinstance(audience, list) and project_id in audience):
            raise IdentityInvalidError
        _check_times(claims, now)
        return _identity(claims)


def read(token: str) -> Unchecked:
    """Take a token apart.

    Raises:
        IdentityInvalidError: no token of ours.
    """
    parts = _PARTS.fullmatch(token) if len(token) <= MAX_BYTES else None
    if parts is None:
        raise IdentityInvalidError
    header, claims, signature = parts.groups()
    named = _object(_decoded(header))
    kid = named.get("kid")
    if named.get("alg") != "HS256" or not _NOT_KNOWN.isdisjoint(named) or not is_name(kid):
        raise IdentityInvalidError
    signed = token[: parts.end(2)].encode()
    return Unchecked(str(kid), signed, _decoded(claims), _decoded(signature))


def _decoded(part: str) -> bytes:
    try:
        return urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError as error:
        raise IdentityInvalidError from error


def is_whole(value: object) -> bool:
    """Say whether a time of a token is a whole number; true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _object(text: bytes) -> dict[str, Any]:
    try:
        found = json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        raise IdentityInvalidError from error
    if not isinstance(found, dict):
        raise IdentityInvalidError
    return found


def _check_times(claims: Mapping[str, Any], now: datetime) -> None:
    issued, expires, since = claims.get("iat"), claims.get("exp"), claims.get("nbf", 0)
    if not is_whole(issued) or not is_whole(expires) or not is_whole(since):
        raise IdentityInvalidError
    assert isinstance(issued, int)
    assert isinstance(expires, int)
    now_s = now.timestamp()
    if not 0 < expires - issued <= MAX_LIFE_S or now_s < max(issued, since) - LEEWAY_S:
        raise IdentityInvalidError
    if now_s > expires + LEEWAY_S:
        raise IdentityExpiredError


def _identity(claims: Mapping[str, Any]) -> Identity:
    account = claims.get("account")
    traits = claims.get("traits") or {}
    if not is_name(claims.get("sub"), limits.ID_LENGTH):
        raise IdentityInvalidError
    if account is not None and not is_name(account, limits.ID_LENGTH):
        raise IdentityInvalidError
    if check_object(traits, "#/traits"):
        raise IdentityInvalidError
    named = {name: claims[name] for name in ("role", "plan") if is_name(claims.get(name))}
    return Identity(claims["sub"], account, {**masked(traits), **named})

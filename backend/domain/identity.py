"""Identity tokens: the host's server says who its user is (security model, section 3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import jwt

from backend.domain import limits
from backend.domain.errors import IdentityExpiredError, IdentityInvalidError
from backend.domain.values import check_object, is_name, masked

MAX_BYTES: Final = 4_096
MAX_LIFE_S: Final = 86_400
LEEWAY_S: Final = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the token says it is, with the traits the host's server vouches for."""

    user_id: str
    account_id: str | None
    traits: Mapping[str, Any]


def key_id(token: str) -> str:
    """Return the id of the secret that the token says it is signed with.

    Raises:
        IdentityInvalidError: no token of ours.
    """
    try:
        if len(token.encode()) > MAX_BYTES:
            raise IdentityInvalidError
        header = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, UnicodeEncodeError) as error:
        raise IdentityInvalidError from error
    kid = header.get("kid")
    if header.get("alg") != "HS256" or "crit" in header or not is_name(kid):
        raise IdentityInvalidError
    return str(kid)


def verify(token: str, secret: str, project_id: str, now: datetime) -> Identity:
    """Return who the token names.

    Raises:
        IdentityInvalidError: one and the same for whatever is wrong with it.
        IdentityExpiredError: it was good, and is past its time by more than a minute.
    """
    try:
        # Times are checked below against `now`: PyJWT would read the clock, and takes exp = 10^30.
        claims = jwt.decode(
            token,
            secret,
            algorithms=["HS256"],
            audience=project_id,
            options={
                "require": ["exp", "iat", "sub", "aud"],
                "verify_exp": False,
                "verify_iat": False,
                "enforce_minimum_key_length": True,
            },
        )
    except jwt.InvalidTokenError as error:
        raise IdentityInvalidError from error
    _check_times(claims["iat"], claims["exp"], now)
    return _identity(claims)


def is_whole(value: object) -> bool:
    """Say whether a time of a token is a whole number; true is none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _check_times(issued: object, expires: object, now: datetime) -> None:
    if not is_whole(issued) or not is_whole(expires):
        raise IdentityInvalidError
    assert isinstance(issued, int)
    assert isinstance(expires, int)
    now_s = now.timestamp()
    if not 0 < expires - issued <= MAX_LIFE_S or now_s < issued - LEEWAY_S:
        raise IdentityInvalidError
    if now_s > expires + LEEWAY_S:
        raise IdentityExpiredError


def _identity(claims: Mapping[str, Any]) -> Identity:
    account = claims.get("account")
    traits = claims.get("traits") or {}
    if not is_name(claims["sub"], limits.ID_LENGTH):
        raise IdentityInvalidError
    if account is not None and not is_name(account, limits.ID_LENGTH):
        raise IdentityInvalidError
    if check_object(traits, "#/traits"):
        raise IdentityInvalidError
    named = {name: claims[name] for name in ("role", "plan") if is_name(claims.get(name))}
    return Identity(claims["sub"], account, {**masked(traits), **named})

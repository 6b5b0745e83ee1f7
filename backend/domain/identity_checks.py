"""What an identity token says and which check it fails, in words: for whoever writes the signing.

A visitor's request only ever hears that its token is not valid; this is for admins alone.
`identity` has the last word: a token passes here when it passes there.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt

from backend.domain import identity, limits
from backend.domain.errors import IdentityExpiredError, IdentityInvalidError
from backend.domain.values import check_object, is_name


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, and what the token has there."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True, slots=True)
class Key:
    """The secret that a token names. `revoked_at` is None while it lives."""

    id: str
    secret: str
    revoked_at: datetime | None


def header_of(token: str) -> Mapping[str, Any] | None:
    """Return the token's header, unverified; None when it has none that can be read."""
    try:
        found: Mapping[str, Any] = jwt.get_unverified_header(token)
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        return None
    return found


def checks(
    token: str, key: Key | None, project_id: str, mode: str, now: datetime
) -> tuple[Check, ...]:
    """Return what holds of a token and what does not, in the order in which it is looked at.

    Args:
        key: the project's secret of the id that the header names, None when there is none.
        mode: the project's identity mode.
    """
    return tuple(_checks(token, key, project_id, mode, now))


def _checks(
    token: str, key: Key | None, project_id: str, mode: str, now: datetime
) -> Iterator[Check]:
    yield _mode(mode)
    header = header_of(token)
    yield _shape(token, header)
    if header is None:
        return
    yield _algorithm(header)
    yield _key(header.get("kid"), key)
    if key is not None:
        yield _signature(token, key.secret)
    claims = _claims(token)
    if claims is not None:
        yield _audience(claims.get("aud"), project_id)
        yield _subject(claims.get("sub"))
        yield _times(claims.get("iat"), claims.get("exp"), now)
        yield _facts(claims)
    if key is not None and key.revoked_at is None:
        yield _verdict(token, key.secret, project_id, now)


def _mode(mode: str) -> Check:
    if mode == "anonymous":
        return Check("mode", False, "This project treats everybody as anonymous: no token counts.")
    needs = "needs a token for every named user" if mode == "required" else "takes tokens"
    return Check("mode", True, f"This project {needs}.")


def _shape(token: str, header: Mapping[str, Any] | None) -> Check:
    if len(token.encode("utf-8", "replace")) > identity.MAX_BYTES:
        return Check("shape", False, f"It is longer than {identity.MAX_BYTES:,} bytes.")
    if header is None:
        told = "This is no JSON Web Token: three parts of letters and digits, with dots between."
        return Check("shape", False, told)
    return Check("shape", True, "It is a JSON Web Token.")


def _algorithm(header: Mapping[str, Any]) -> Check:
    if "crit" in header:
        return Check("algorithm", False, "Its header has `crit`, which is not taken.")
    found = header.get("alg")
    told = "It is signed with HS256." if found == "HS256" else f"It says {found!r}: must be HS256."
    return Check("algorithm", found == "HS256", told)


def _key(kid: object, key: Key | None) -> Check:
    if kid is None:
        return Check("key", False, "Its header has no `kid`: put the secret's id there (is_…).")
    if key is None:
        return Check("key", False, f"This project has no identity secret {kid!r}.")
    if key.revoked_at is not None:
        return Check("key", False, f"The secret {key.id} was revoked on {_day(key.revoked_at)}.")
    return Check("key", True, f"It names the secret {key.id}, which is in use.")


def _signature(token: str, secret: str) -> Check:
    try:
        jwt.PyJWS().decode(token, secret, algorithms=["HS256"])
    except jwt.InvalidTokenError:
        told = "The signature is not that secret's. The key is its text as shown, `ids_` included."
        return Check("signature", False, told)
    return Check("signature", True, "The signature is right.")


def _claims(token: str) -> Mapping[str, Any] | None:
    try:
        found: Mapping[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        return None
    return found


def _audience(found: object, project_id: str) -> Check:
    listed = found if isinstance(found, list) else [found]
    if project_id in listed:
        return Check("audience", True, "`aud` is this project.")
    return Check("audience", False, f"`aud` is {found!r}: must be {project_id}.")


def _subject(found: object) -> Check:
    if is_name(found, limits.ID_LENGTH):
        return Check("subject", True, f"`sub` says the user is {found}.")
    told = f"`sub` is {found!r}: must be the user's id, 1 to {limits.ID_LENGTH} characters."
    return Check("subject", False, told)


def _times(issued: object, expires: object, now: datetime) -> Check:
    if not identity.is_whole(issued) or not identity.is_whole(expires):
        return Check("times", False, "`iat` and `exp` must be whole seconds since 1970.")
    assert isinstance(issued, int)
    assert isinstance(expires, int)
    life_s, now_s = expires - issued, now.timestamp()
    if life_s <= 0:
        return Check("times", False, "`exp` is not after `iat`.")
    if life_s > identity.MAX_LIFE_S:
        return Check("times", False, f"It lives {life_s / 3600:,.0f} hours: at most 24 are taken.")
    if now_s < issued - identity.LEEWAY_S:
        told = f"`iat` is {issued - now_s:,.0f} s ahead of our clock: at most 60 are taken."
        return Check("times", False, told)
    if now_s > expires + identity.LEEWAY_S:
        return Check("times", False, f"It ended {now_s - expires:,.0f} s ago.")
    return Check("times", True, f"It is good for {max(0, expires - now_s):,.0f} s more.")


def _facts(claims: Mapping[str, Any]) -> Check:
    account, traits = claims.get("account"), claims.get("traits") or {}
    if account is not None and not is_name(account, limits.ID_LENGTH):
        return Check("facts", False, "`account` must be the account's id, a text.")
    if faults := check_object(traits, "#/traits"):
        return Check("facts", False, f"`traits`: {faults[0].detail}")
    told = [name for name in ("account", "role", "plan", "traits") if claims.get(name)]
    return Check(
        "facts", True, f"It vouches for {', '.join(told)}." if told else "No facts beside."
    )


def _verdict(token: str, secret: str, project_id: str, now: datetime) -> Check:
    try:
        identity.read(token).verify(secret, project_id, now)
    except (IdentityInvalidError, IdentityExpiredError):
        return Check("verdict", False, "Refused: answers that come with it get 401.")
    return Check("verdict", True, "Taken: answers that come with it are verified.")


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d}"

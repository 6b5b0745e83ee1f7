"""The second factor: six digits of a time step (RFC 6238), each step taken once."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import pyotp

STEP_S: Final = 30
ISSUER: Final = "Zeroten"
# Clocks of telephones are off by some seconds: the step before and the one after are taken too.
_STEPS: Final = (0, -1, 1)


def new_secret() -> str:
    """Return a new secret, as authenticator apps take it: base32, 160 bits."""
    return pyotp.random_base32()


def address(secret: str, email: str) -> str:
    """Return the `otpauth://` address that an app reads from a QR code."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER)


def step_of(secret: str, code: str, now: datetime, after: int) -> int | None:
    """Return the time step that `code` is of, or None when it is wrong, old or used.

    Args:
        after: the last step taken; it and those before are used up.
    """
    current = int(now.timestamp()) // STEP_S
    generator = pyotp.TOTP(secret)
    for offset in _STEPS:
        step = current + offset
        if step > after and pyotp.utils.strings_equal(generator.generate_otp(step), code):
            return step
    return None

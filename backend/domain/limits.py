"""Every limit on what may be sent, in one place (security model, section 5)."""

from __future__ import annotations

from typing import Final

BODY_BYTES: Final = {
    "widget": 32 * 1024,
    "events": 512_000,
    "admin": 256 * 1024,
}
INFLATED_BYTES: Final = 1024 * 1024

BATCH_EVENTS: Final = 2_500
EVENT_BYTES: Final = 32 * 1024
ERRORS_LISTED: Final = 100

NESTING: Final = 6
OBJECT_KEYS: Final = 100
EVENT_VALUES: Final = 500
KEY_LENGTH: Final = 128
ID_LENGTH: Final = 200
NAME_LENGTH: Final = 200
MESSAGE_ID_LENGTH: Final = 100
STRING_LENGTH: Final = 1_024
TEXT_LENGTH: Final = 4_000
INTEGER: Final = 2**53 - 1

NAMES: Final = {"feature": 2_000, "page": 5_000, "trait": 200}
OTHER: Final = "(other)"

EVENT_PAST_DAYS: Final = 400
EVENT_FUTURE_HOURS: Final = 24

PAGE_SIZE: Final = 50
MAX_PAGE_SIZE: Final = 200

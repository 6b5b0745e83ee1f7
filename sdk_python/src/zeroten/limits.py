"""What the server takes; past these an event would be refused, so the SDK trims to them first."""

from __future__ import annotations

MAX_ID_CHARS = 200
MAX_NAME_CHARS = 200
MAX_MESSAGE_ID_CHARS = 100
MAX_KEY_CHARS = 128
MAX_STRING_CHARS = 1024
MAX_DEPTH = 5  # containers below properties or traits; with these themselves the server's 6
MAX_KEYS = 100
MAX_VALUES = 490  # the server takes 500, containers included
MAX_EVENT_BYTES = 32 * 1024
MAX_SAFE_INTEGER = 2**53 - 1

# A batch stays far below the server's 512,000 bytes on the wire and 1 MiB inflated.
# 500 events or 128 KB is where the cost of a request stops mattering: 0.7 us an event.
BATCH_EVENTS = 500
BATCH_BYTES = 128 * 1024

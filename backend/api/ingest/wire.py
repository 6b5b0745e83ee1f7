"""The shapes of the event plane, decoded by msgspec: the hot path of the whole product."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from backend.domain.errors import MalformedJsonError


class WireBatch(msgspec.Struct):
    """A batch; its events stay raw bytes, so that one bad event fails alone."""

    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815 - the wire's names


class WireEvent(msgspec.Struct):
    """One event of any type; members we do not use are ignored."""

    type: str
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | int | None = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    groupId: str | int | None = None  # noqa: N815
    messageId: str | None = None  # noqa: N815
    timestamp: datetime | None = None

    @staticmethod
    def decode(raw: msgspec.Raw) -> WireEvent:
        """Return the event in `raw`.

        Raises:
            ValueError: a member is of the wrong type; the text names it.
            MalformedJsonError: what stands there is no JSON, so neither is the batch around it.
        """
        try:
            return _decoder.decode(raw)
        except msgspec.ValidationError as error:
            if "Number out of range" in str(error):
                raise MalformedJsonError from None
            raise
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MalformedJsonError from error


_decoder = msgspec.json.Decoder(WireEvent)

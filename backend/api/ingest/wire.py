"""The shapes of the event plane, decoded by msgspec: the hot path of the whole product.

Nearly every event is flat and plain. Such a batch is decoded in one call whose types say all that
the limits say; whatever does not fit them is read one by one, to tell what is wrong with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar

import msgspec
from msgspec import Meta

from backend.domain import limits
from backend.domain.errors import MalformedJsonError
from backend.domain.events import (
    INVALID_EVENT,
    INVALID_TIME_FAULT,
    TOO_LARGE,
    Fault,
    WireEvent,
    fault_of,
)
from backend.domain.values import is_name

_Id = Annotated[str, Meta(min_length=1, max_length=limits.ID_LENGTH)] | int | None
_Name = Annotated[str, Meta(min_length=1, max_length=limits.NAME_LENGTH)] | None
_Key = Annotated[str, Meta(min_length=1, max_length=limits.KEY_LENGTH)]
_Plain = (
    Annotated[str, Meta(max_length=limits.STRING_LENGTH)]
    | Annotated[int, Meta(ge=-limits.INTEGER, le=limits.INTEGER)]
    | float
    | bool
    | None
)
_FlatObject = Annotated[dict[_Key, _Plain], Meta(max_length=limits.OBJECT_KEYS)] | None


class WireBatch(msgspec.Struct):
    """A batch; its events stay raw bytes, so that one bad event fails alone."""

    batch: list[msgspec.Raw]
    sentAt: Any = None  # noqa: N815 - the wire's names


class AnyEvent(msgspec.Struct):
    """One event of any type; members we do not use are ignored."""

    type: str
    userId: str | int | None = None  # noqa: N815
    anonymousId: str | int | None = None  # noqa: N815
    event: str | None = None
    name: str | None = None
    properties: dict[str, Any] | None = None
    traits: dict[str, Any] | None = None
    groupId: str | int | None = None  # noqa: N815
    previousId: str | int | None = None  # noqa: N815
    messageId: str | None = None  # noqa: N815
    timestamp: datetime | None = None


class _Flat(msgspec.Struct, tag_field="type", gc=False):
    """An event within every limit, as its types say."""

    type: ClassVar[str]
    userId: _Id = None  # noqa: N815
    anonymousId: _Id = None  # noqa: N815
    event: _Name = None
    name: _Name = None
    properties: _FlatObject = None
    traits: _FlatObject = None
    groupId: _Id = None  # noqa: N815
    previousId: _Id = None  # noqa: N815
    messageId: (  # noqa: N815
        Annotated[str, Meta(min_length=1, max_length=limits.MESSAGE_ID_LENGTH)] | None
    ) = None
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None


class _Track(_Flat, tag="track"):
    type: ClassVar[str] = "track"


class _Page(_Flat, tag="page"):
    type: ClassVar[str] = "page"


class _Identify(_Flat, tag="identify"):
    type: ClassVar[str] = "identify"


class _Group(_Flat, tag="group"):
    type: ClassVar[str] = "group"


class _FlatBatch(msgspec.Struct):
    batch: list[_Track | _Page | _Identify | _Group]


def read_events(body: bytes, raws: list[msgspec.Raw]) -> Sequence[WireEvent | Fault]:
    """Return each event of a batch, or why it is not counted.

    Args:
        body: the whole batch, `raws` its events.
    Raises:
        MalformedJsonError: what stands in an event's place is no JSON.
    """
    # Only an escape can put a control character into a string of JSON, except for DEL.
    if b"\\" not in body and b"\x7f" not in body:
        try:
            if max(map(len, raws)) <= limits.EVENT_BYTES:
                events = _flat_decoder.decode(body).batch
                if all(map(_is_whole, events)):
                    return events
        except (msgspec.DecodeError, UnicodeDecodeError):
            pass  # one by one, so that the fault falls on the event that has it
    return [_read(raw) for raw in raws]


def _is_whole(event: _Flat) -> bool:
    """Say whether what its type needs is there."""
    if event.userId is None and event.anonymousId is None:
        return False
    return event.event is not None or event.type != "track"


def _read(raw: msgspec.Raw) -> WireEvent | Fault:
    if len(raw) > limits.EVENT_BYTES:
        return Fault(TOO_LARGE, f"At most {limits.EVENT_BYTES} bytes an event.")
    try:
        event = _any_decoder.decode(raw)
    except msgspec.ValidationError as error:
        return _undecodable(str(error))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedJsonError from error
    except RecursionError:
        return Fault(INVALID_EVENT, f"At most {limits.NESTING} levels.")
    fault = fault_of(event)
    if fault is None:
        return event
    is_told = is_name(event.messageId, limits.MESSAGE_ID_LENGTH)
    return fault._replace(message_id=event.messageId) if is_told else fault


def _undecodable(text: str) -> Fault:
    """Say which member is at fault, in words of ours: the decoder's may quote the sender's."""
    if "Number out of range" in text:
        raise MalformedJsonError
    path = text.rpartition("`$.")[2].rstrip("`") if "`$." in text else ""
    if path == "timestamp":
        return INVALID_TIME_FAULT
    return Fault(INVALID_EVENT, f"{path} is of the wrong type." if path else "Must be an event.")


_flat_decoder = msgspec.json.Decoder(_FlatBatch)
_any_decoder = msgspec.json.Decoder(AnyEvent)

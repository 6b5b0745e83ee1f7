"""From the bytes of a request to a batch that is ready to be counted, or to what is wrong with it.

Nothing of the web framework or the database is imported: the process beside the server reads too.
"""

from __future__ import annotations

from typing import Any

import msgspec

from backend.api.ingest.wire import WireBatch, read_events
from backend.api.strict_json import parse
from backend.domain import errors, limits
from backend.services.ingest_batch import Batch, Terms


def read(body: bytes, terms: Terms) -> Batch:
    """Return the batch in the inflated `body`.

    Raises:
        MalformedJsonError, InvalidRequestError (no list of events, or an empty one),
        PayloadTooLargeError (too many events).
    """
    found = document(body, WireBatch)
    if not found.batch:
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/batch", "Must have at least one event.")]
        )
    if len(found.batch) > limits.BATCH_EVENTS:
        raise errors.PayloadTooLargeError(f"At most {limits.BATCH_EVENTS} events a batch.")
    return Batch(read_events(body, found.batch), terms, found.sentAt)


def document(body: bytes, kind: Any) -> Any:
    """Return the JSON document in `body`, as `kind`.

    Raises:
        MalformedJsonError, InvalidRequestError (JSON, but no `kind`).
    """
    try:
        return parse(body, kind)
    except msgspec.ValidationError as error:
        raise errors.InvalidRequestError(
            errors=[errors.FieldError("#/batch", "Must be an array of events.")]
        ) from error

"""Counts page views that a browser reports of itself, where the project wants them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from backend.domain.events import PAGE
from backend.services.ingest import Ingest, terms_of
from backend.services.ingest_batch import Batch
from backend.services.published import PublishedProject
from backend.services.visitors import Asker

# Nobody looks at one page for longer than this without touching anything.
MOST_ENGAGED_MS: Final = 4 * 3_600_000
# A page may have waited in the browser for a connection; a clock further off is not believed.
MOST_BACK: Final = timedelta(days=7)


class View(NamedTuple):
    """One look at a page: its path, how long it was in use, and when it was opened if known."""

    page: str
    engaged_ms: int
    at: datetime | None


class _PageEvent(NamedTuple):
    """A view as the event plane counts it."""

    userId: str | None  # noqa: N815 - the wire's names
    anonymousId: str | None  # noqa: N815
    properties: dict[str, Any]
    timestamp: datetime
    type: str = PAGE
    event: str | None = None
    name: str | None = None
    traits: dict[str, Any] | None = None
    groupId: str | None = None  # noqa: N815
    previousId: str | None = None  # noqa: N815
    messageId: str | None = None  # noqa: N815


def count(
    ingest: Ingest,
    project: PublishedProject,
    asker: Asker,
    *,
    key: str,
    views: Sequence[View],
    now: datetime,
) -> int:
    """Count `views` of one person once, whatever `key` is sent again; return how many."""
    events = [_event(asker, view, now) for view in views]
    batch = Batch(events, terms_of(project, now, _batch_key(asker, key)))
    return int(ingest.record(project, batch, now)["stored"])


def _batch_key(asker: Asker, key: str) -> str:
    """Return a key that no server's batch and no other person's page can have."""
    whole = f"{asker.is_anonymous}:{asker.user_id}:{key}"
    return "pages:" + hashlib.sha256(whole.encode()).hexdigest()


def _event(asker: Asker, view: View, now: datetime) -> Any:
    # What a browser says of the time is taken within reason: it must not fill a past it invents.
    at = view.at if view.at is not None and now - MOST_BACK <= view.at <= now else now
    return _PageEvent(
        userId=None if asker.is_anonymous else asker.user_id,
        anonymousId=asker.user_id if asker.is_anonymous else None,
        properties={"path": view.page, "engaged_ms": min(view.engaged_ms, MOST_ENGAGED_MS)},
        timestamp=at,
    )

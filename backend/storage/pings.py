"""Asks a pooled connection whether it is still there, when nobody has used it for a while.

SQLAlchemy's own `pool_pre_ping` asks before each use, which was a fifth of deciding together. A
connection that breaks between two uses within the time fails whoever shares it, with a 503 that is
tried again; from then on all that are pooled are asked.
"""

from __future__ import annotations

import time
from typing import Any, Final

from sqlalchemy import Engine, event
from sqlalchemy.exc import InvalidatePoolError

IDLE_S: Final = 1.0
_USED_AT: Final = "zeroten_used_at"


def ping_the_idle(engine: Engine) -> None:
    """Have a connection that was idle for `IDLE_S`, or is known to be lost, replaced by another."""

    @event.listens_for(engine, "checkin")
    def _note(_driver: Any, record: Any) -> None:
        record.info[_USED_AT] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def _ask(driver: Any, record: Any, _pooled: Any) -> None:
        used_at = record.info.get(_USED_AT)
        if used_at is None or (time.monotonic() - used_at < IDLE_S and not driver.closed):
            return
        try:
            engine.dialect.do_ping(driver)
        except Exception as error:
            raise InvalidatePoolError from error

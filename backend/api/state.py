"""What the running application holds, reachable from a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from flask import Flask, current_app

from backend.api.buckets import Buckets
from backend.api.ingest.reader import Reader
from backend.config import Config
from backend.services.decide_together import Decider
from backend.services.erased import ErasedList
from backend.services.ingest import Ingest
from backend.services.published import Published
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.usage.store import UsageStore


@dataclass(frozen=True, slots=True)
class Zeroten:
    """The long-lived parts, made once by `app.create_app`."""

    app: Flask
    config: Config
    db: Database
    published: Published
    usage: UsageStore
    ingest: Ingest
    reader: Reader
    vault: Vault
    erased: ErasedList
    decider: Decider
    buckets: Buckets


def zeroten() -> Zeroten:
    """Return the parts of the application that serves this request."""
    return cast(Zeroten, current_app.extensions["zeroten"])

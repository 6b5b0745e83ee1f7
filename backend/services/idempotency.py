"""Requests that may be sent twice: effect and answer commit together (security model, part 7)."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.domain.errors import IdempotencyInProgressError, IdempotencyKeyReusedError
from backend.services.clock import utc_now
from backend.services.vault import Vault
from backend.storage.db import Database
from backend.storage.models import KeptAnswer

KEPT_FOR: Final = timedelta(hours=24)
Work = Callable[[Session], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request that may be a second one.

    Args:
        scope: whose it is and what it is for: the token and the route.
        key: the caller's own name for it.
        body: its JSON document, None without one.
    """

    scope: str
    key: str
    body: Any

    @property
    def key_hash(self) -> bytes:
        """What the request is known by."""
        return sha256(f"{self.scope}\x1f{self.key}".encode()).digest()

    @property
    def body_hash(self) -> bytes:
        """Equal for documents that mean the same, in whatever order their members come."""
        return sha256(msgspec.json.encode(self.body, order="sorted")).digest()


def once(db: Database, vault: Vault, sent: Sent, work: Work) -> tuple[dict[str, Any], bool]:
    """Do `work` unless the same request was answered in the last 24 hours.

    Returns:
        The result, and whether it is the one of the earlier request; its times are texts then.
    Raises:
        IdempotencyKeyReusedError: the key came with another body.
        IdempotencyInProgressError: the earlier request is not done yet.
    """

    def work_or_find(session: Session) -> tuple[dict[str, Any], bool]:
        _claim(session, sent.key_hash)
        now = utc_now()
        session.execute(delete(KeptAnswer).where(KeptAnswer.created_at < now - KEPT_FOR))
        kept = session.get(KeptAnswer, sent.key_hash)
        if kept is not None:
            if kept.body_hash != sent.body_hash:
                raise IdempotencyKeyReusedError("Choose a new key for a new request.")
            return msgspec.json.decode(vault.decrypt(kept.answer_encrypted)), True
        result = work(session)
        session.add(
            KeptAnswer(
                key_hash=sent.key_hash,
                body_hash=sent.body_hash,
                answer_encrypted=vault.encrypt(msgspec.json.encode(result).decode()),
                created_at=now,
            )
        )
        return result, False

    with _running(sent.key_hash):
        return db.transact(work_or_find)


_lock = threading.Lock()
_now_running: set[bytes] = set()


@contextmanager
def _running(key_hash: bytes) -> Iterator[None]:
    """Hold a key within this process, which is the only one on SQLite."""
    with _lock:
        if key_hash in _now_running:
            raise IdempotencyInProgressError(retry_after_s=1)
        _now_running.add(key_hash)
    try:
        yield
    finally:
        with _lock:
            _now_running.discard(key_hash)


def _claim(session: Session, key_hash: bytes) -> None:
    """Hold a key among all processes on PostgreSQL, until the transaction ends."""
    if session.get_bind().dialect.name == "sqlite":
        return
    number = int.from_bytes(key_hash[:8], signed=True)
    if not session.execute(select(func.pg_try_advisory_xact_lock(number))).scalar_one():
        raise IdempotencyInProgressError(retry_after_s=1)

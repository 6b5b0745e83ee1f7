"""Responses as they are written: one row a ticket, and the user's clocks beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from backend.storage.fast import Sql, from_json, from_ms, to_json, to_ms, together

# Two posts with one ticket wait for each other on PostgreSQL; SQLite has one writer anyway. The
# response is read by a statement of its own: one that waited for the lock would not see it.
_TICKET = Sql(
    "SELECT t.token_hash, t.project_id, t.decision_id, t.survey_id, t.version, t.user_key,"
    " t.account_key, t.wave, t.context, t.admission_probability, t.issued_at, s.status"
    " FROM tickets t JOIN surveys s ON s.id = t.survey_id WHERE t.token_hash = ?",
    postgresql_suffix=" FOR UPDATE OF t",
)
_RESPONSE = Sql(
    "SELECT id, state, revision, score, comment, answers, answered_at, wave, language"
    " FROM responses WHERE ticket_hash = ?"
)
_OF_WAVE = Sql("SELECT id FROM responses WHERE user_key = ? AND survey_id = ? AND wave = ?")
_CONTENT = Sql("SELECT content FROM survey_versions WHERE survey_id = ? AND number = ?")
_ADD_COLUMNS: Final = (
    "id", "project_id", "ticket_hash", "decision_id", "survey_id", "version", "user_key",
    "account_key", "wave", "state", "revision", "score", "comment", "answers", "role", "plan",
    "page", "language", "app_version", "device", "traits", "is_verified", "is_manual", "is_test",
    "admission_probability", "invited_at", "created_at", "answered_at", "updated_at",
)  # fmt: skip
_ADD = Sql(
    f"INSERT INTO responses ({', '.join(_ADD_COLUMNS)})"  # noqa: S608 - the names above
    f" VALUES ({', '.join('?' * len(_ADD_COLUMNS))})"
)
_CHANGE_COLUMNS: Final = (
    "wave", "state", "revision", "score", "comment", "answers", "language", "answered_at",
    "updated_at",
)  # fmt: skip
_CHANGE = Sql(
    f"UPDATE responses SET {', '.join(f'{name} = ?' for name in _CHANGE_COLUMNS)}"  # noqa: S608
    " WHERE id = ?"
)
_CLOCKS: Final = ("shown_at", "answered_at", "declined_at", "later_at", "last_score")
_KEEP_CLOCKS = Sql(
    "INSERT INTO user_surveys AS old (user_key, survey_id, shown_at, answered_at, declined_at,"
    " later_at, last_score, answers) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (user_key, survey_id) DO UPDATE SET"
    " shown_at = COALESCE(excluded.shown_at, old.shown_at),"
    " answered_at = COALESCE(excluded.answered_at, old.answered_at),"
    " declined_at = COALESCE(excluded.declined_at, old.declined_at),"
    " later_at = COALESCE(excluded.later_at, old.later_at),"
    " last_score = COALESCE(excluded.last_score, old.last_score),"
    " answers = CASE WHEN excluded.answers > old.answers THEN excluded.answers ELSE old.answers END"
)
_SHOWN = Sql("UPDATE users SET last_shown_at = ? WHERE key = ?")
_FREE = Sql("UPDATE users SET open_ticket_until = NULL WHERE key = ?")
_TIMES: Final = ("invited_at", "created_at", "answered_at", "updated_at")
_DOCUMENTS: Final = ("answers", "traits")

# Published wording never changes, so it is read once.
_contents: dict[tuple[str, int], dict[str, Any]] = {}
_CONTENTS_KEPT: Final = 1_000


@dataclass(frozen=True, slots=True)
class KnownTicket:
    """A ticket and the state of its survey."""

    token_hash: bytes
    project_id: str
    decision_id: str
    survey_id: str
    version: int
    user_key: int
    account_key: int | None
    wave: int
    context: dict[str, Any]
    admission_probability: float | None
    issued_at: datetime
    survey_status: str


@dataclass(frozen=True, slots=True)
class KnownResponse:
    """What was said with a ticket so far."""

    id: str
    state: str
    revision: int
    score: int | None
    comment: str | None
    answers: dict[str, Any]
    answered_at: datetime | None
    wave: int | None
    language: str | None


def ticket(connection: Connection, token_hash: bytes) -> KnownTicket | None:
    """Return the ticket, holding it until the transaction ends."""
    row = _TICKET(connection, (token_hash,)).fetchone()
    if row is None:
        return None
    issued_at = from_ms(row[10])
    assert issued_at is not None
    return KnownTicket(
        token_hash=bytes(row[0]),
        project_id=row[1],
        decision_id=row[2],
        survey_id=row[3],
        version=row[4],
        user_key=row[5],
        account_key=row[6],
        wave=row[7],
        context=from_json(row[8]),
        admission_probability=row[9],
        issued_at=issued_at,
        survey_status=row[11],
    )


def response(connection: Connection, token_hash: bytes) -> KnownResponse | None:
    """Return the response given with a ticket so far."""
    row = _RESPONSE(connection, (token_hash,)).fetchone()
    if row is None:
        return None
    return KnownResponse(
        id=row[0],
        state=row[1],
        revision=row[2],
        score=row[3],
        comment=row[4],
        answers=from_json(row[5]),
        answered_at=from_ms(row[6]),
        wave=row[7],
        language=row[8],
    )


def content(connection: Connection, survey_id: str, version: int) -> dict[str, Any]:
    """Return the wording of one version."""
    known = _contents.get((survey_id, version))
    if known is None:
        known = from_json(_CONTENT(connection, (survey_id, version)).fetchone()[0])
        if len(_contents) >= _CONTENTS_KEPT:
            _contents.clear()
        _contents[survey_id, version] = known
    return known


def is_taken(connection: Connection, user_key: int, survey_id: str, wave: int) -> bool:
    """Say whether the user's answer of this wave was given, with whatever ticket."""
    return _OF_WAVE(connection, (user_key, survey_id, wave)).fetchone() is not None


def add(connection: Connection, columns: dict[str, Any]) -> None:
    """Store a new response.

    Raises:
        fast.DUPLICATES: another answer of the wave was stored this moment.
    """
    stored = _as_stored(columns)
    _ADD(connection, [stored.get(name) for name in _ADD_COLUMNS])


def change(connection: Connection, old: KnownResponse, columns: dict[str, Any]) -> None:
    """Replace what was said; `wave` and `language` stay when `columns` lack them.

    Raises:
        fast.DUPLICATES: another answer of the wave was stored this moment.
    """
    stored = _as_stored({"wave": old.wave, "language": old.language} | columns)
    _CHANGE(connection, [*(stored[name] for name in _CHANGE_COLUMNS), old.id])


def keep_clocks(
    connection: Connection,
    ticket: KnownTicket,
    times: dict[str, Any],
    *,
    is_first: bool,
    ends: bool,
) -> None:
    """Set the given clocks of the user with the survey, and what any survey must know of them.

    Args:
        times: `shown_at`, `answered_at`, `declined_at`, `later_at`, `last_score`, `answers`;
            those left out stay as they are.
        is_first: the survey was shown just now; `ends`: no more is expected, another may be shown.
    """
    with together(connection):
        if times:
            clocks = [
                to_ms(value) if isinstance(value, datetime) else value
                for value in (times.get(name) for name in _CLOCKS)
            ]
            _KEEP_CLOCKS(
                connection,
                (ticket.user_key, ticket.survey_id, *clocks, times.get("answers", 0)),
            )
        if is_first:
            _SHOWN(connection, (to_ms(times["shown_at"]), ticket.user_key))
        if ends:
            _FREE(connection, (ticket.user_key,))


def _as_stored(columns: dict[str, Any]) -> dict[str, Any]:
    times = {name: to_ms(columns[name]) for name in _TIMES if name in columns}
    documents = {name: to_json(columns[name]) for name in _DOCUMENTS if name in columns}
    return columns | times | documents

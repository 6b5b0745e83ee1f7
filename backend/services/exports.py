"""Responses as files: CSV for spreadsheets, JSON lines for programs, streamed in pieces."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec

from backend.domain.timestamps import format_time
from backend.services import audit, response_views, responses
from backend.services.responses import Filters
from backend.storage.db import Database

# A piece is read in one short look at the database, so a slow reader holds nothing up.
PIECE: Final = 500
COLUMNS: Final = (
    "id",
    "survey_id",
    "survey_version",
    "answered_at",
    "score",
    "category",
    "comment",
    "state",
    "user_id",
    "account_id",
    "role",
    "plan",
    "page",
    "language",
    "app_version",
    "device",
    "anonymous",
    "verified",
    "manual",
    "is_test",
    "admission_probability",
    "invited_at",
    "updated_at",
    "active_days",
    "active_percentile",
    "features",
    "pages",
    "answers",
    "traits",
    "status",
    "assignee_id",
    "tags",
    "note",
)
# What a spreadsheet would take for the beginning of a formula, and their full-width forms
# (OWASP ASVS 5.0, 1.2.10).
_FORMULA_STARTS: Final = tuple("=+-@\t\r\n\0＝＋－＠")


def csv_lines(pieces: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    """Yield the text of a CSV file (RFC 4180, a header line first), a piece at a time."""
    yield _csv_text([COLUMNS])
    for piece in pieces:
        yield _csv_text([[_cell(_flat(view)[name]) for name in COLUMNS] for view in piece])


def json_lines(pieces: Iterator[list[dict[str, Any]]]) -> Iterator[str]:
    """Yield responses as JSON, one a line, a piece at a time."""
    for piece in pieces:
        yield "".join(msgspec.json.encode(_with_times(view)).decode() + "\n" for view in piece)


FORMATS: Final[dict[str, Callable[[Iterator[list[dict[str, Any]]]], Iterator[str]]]] = {
    "csv": csv_lines,
    "jsonl": json_lines,
}


def pieces(db: Database, project_id: str, filters: Filters) -> Iterator[list[dict[str, Any]]]:
    """Yield responses, oldest first, as lists of what `response_views.views` gives.

    All that is there at the start is given, each once; what arrives meanwhile may be.
    """
    after: tuple[datetime, str] | None = None
    while True:
        with db.read() as session:
            rows = responses.listed(
                session, project_id, filters, newest_first=False, after=after, limit=PIECE
            )
            if not rows:
                return
            after = responses.place(rows[-1], filters)
            views = response_views.views(session, project_id, rows, names_people=True)
        yield views
        if len(rows) < PIECE:
            return


def record(db: Database, project_id: str, kind: str, *, actor: str) -> None:
    """Note in the audit log that answers left the house."""
    db.transact(
        lambda session: audit.record(
            session,
            actor=actor,
            action="responses.export",
            subject=kind,
            project_id=project_id,
        )
    )


def safe_cell(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula."""
    return "'" + text if text.startswith(_FORMULA_STARTS) else text


def _csv_text(rows: Any) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _flat(view: dict[str, Any]) -> dict[str, Any]:
    usage = view["usage"] or {}
    return view | {
        "active_days": usage.get("active_days"),
        "active_percentile": usage.get("percentile"),
        "features": usage.get("features"),
        "pages": usage.get("pages"),
    }


def _cell(value: Any) -> str | int | float:
    """Return one cell: numbers stay numbers, lists and objects are JSON, nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return value
    if isinstance(value, datetime):
        return format_time(value) or ""
    return safe_cell(value if isinstance(value, str) else msgspec.json.encode(value).decode())


def _with_times(view: dict[str, Any]) -> dict[str, Any]:
    return {
        name: format_time(value) if isinstance(value, datetime) else value
        for name, value in view.items()
    }

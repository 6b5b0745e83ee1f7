"""Brings answers over from other tools, so that history and trend survive the move.

An imported answer counts in every insight, but carries no admission probability: it stays out of
weighted numbers wherever answers of the sampling rule are beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from hashlib import sha256
from itertools import islice
from typing import Any, Final
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.orm import Session

from backend.domain import flow
from backend.domain.errors import FieldError, InvalidRequestError
from backend.services import audit
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.services.import_rows import Options, Parsed, Row, parse
from backend.services.projects import find
from backend.services.scope import one
from backend.storage import people
from backend.storage.db import Database
from backend.storage.models import Decision, Response, Survey, SurveyVersion, User, UserSurvey

AT_ONCE: Final = 500
FAULTS_TOLD: Final = 200
PAGE: Final = "(import)"


def run(
    db: Database,
    project_id: str,
    survey_id: str,
    text: str,
    options: Options,
    *,
    actor: str,
    dry_run: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> dict[str, Any]:
    """Import a CSV file's answers as answers to a survey; return what was, or would be, done.

    Sending a file again adds nothing: an answer is known by its source id, else by all its cells.
    Lines with a fault are left out and listed; the others are taken.

    Args:
        progress: called with the answers handled and all of them, a few hundred at a time.
    Raises:
        NotFoundError: there is no such project or survey.
        InvalidRequestError: the survey has no published version with a score from 0 to 10.
    """
    now = utc_now()
    with db.read() as session:
        zone = ZoneInfo(find(session, project_id).timezone)
        version = _version(session, project_id, survey_id)
    parsed = parse(text, options, zone, now)
    imported = known = 0
    rows = iter(parsed.rows)
    while some := list(islice(rows, AT_ONCE)):
        into = _Import(project_id, survey_id, version, now)
        if dry_run:
            with db.read() as session:
                new = len(some) - len(into.known(session.connection(), some))
        else:
            new = db.write(partial(into.add, rows=some))
        imported += new
        known += len(some) - new
        if progress is not None:
            progress(imported + known, len(parsed.rows))
    if not dry_run:
        _note(db, project_id, survey_id, imported, actor)
    return _result(parsed, imported, known, dry_run)


class _Import:
    """One file on its way into one survey."""

    def __init__(self, project_id: str, survey_id: str, version: int, now: datetime) -> None:
        self._project_id = project_id
        self._survey_id = survey_id
        self._version = version
        self._now = now

    def known(self, connection: Connection, rows: Sequence[Row]) -> set[bytes]:
        """Return the hashes of the rows that are there already."""
        hashes = [self._hash(row) for row in rows]
        return set(
            connection.scalars(select(Response.ticket_hash).where(Response.ticket_hash.in_(hashes)))
        )

    def add(self, connection: Connection, rows: Sequence[Row]) -> int:
        """Store the rows that are not there yet; return how many."""
        known = self.known(connection, rows)
        new = [row for row in rows if self._hash(row) not in known]
        if not new:
            return 0
        # In the order of people, so that two imports lock the same rows in the same order.
        new.sort(key=lambda row: (_user_of(row), row.answered_at))
        stored = [self._response(connection, row) for row in new]
        connection.execute(insert(Decision), [_decision(response) for response in stored])
        connection.execute(insert(Response), stored)
        self._move_clocks(connection, stored)
        return len(new)

    def _hash(self, row: Row) -> bytes:
        """Stand in for the ticket, which no other answer may carry."""
        told = f"import\x1f{self._project_id}\x1f{self._survey_id}\x1f{row.source}"
        return sha256(told.encode()).digest()

    def _response(self, connection: Connection, row: Row) -> dict[str, Any]:
        account_key = None
        if row.account_id is not None:
            account_key = people.account_key(
                connection, self._project_id, row.account_id, self._now
            )
        return {
            "id": new_id("rsp_"),
            "project_id": self._project_id,
            "ticket_hash": self._hash(row),
            "decision_id": new_id("dec_"),
            "survey_id": self._survey_id,
            "version": self._version,
            "user_key": self._user(connection, row, account_key),
            "account_key": account_key,
            "wave": None,
            "state": "completed",
            "revision": 1,
            "score": row.score,
            "comment": row.comment,
            "answers": {},
            "role": row.context.get("role"),
            "plan": row.context.get("plan"),
            "page": row.context.get("page", PAGE),
            "language": row.context.get("language"),
            "app_version": row.context.get("app_version"),
            "device": None,
            "traits": row.traits,
            "is_verified": False,
            "is_manual": True,
            "is_test": False,
            "admission_probability": None,
            "invited_at": row.answered_at,
            "created_at": self._now,
            "answered_at": row.answered_at,
            "updated_at": self._now,
            # Known to have no usage before it, unless events of that time come later.
            "profiled_at": self._now,
        }

    def _user(self, connection: Connection, row: Row, account_key: int | None) -> int:
        user_id, is_anonymous = _user_of(row)
        query = select(User.key, User.account_key).where(
            User.project_id == self._project_id,
            User.user_id == user_id,
            User.is_anonymous == is_anonymous,
        )
        found = connection.execute(query).first()
        if found is None:
            # Seen for the first time when they answered: nobody is new because of a move.
            people.add_user(connection, self._project_id, user_id, is_anonymous, row.answered_at)
            found = connection.execute(query).one()
        if found.account_key is None and account_key is not None:
            connection.execute(
                update(User).where(User.key == found.key).values(account_key=account_key)
            )
        key: int = found.key
        return key

    def _move_clocks(self, connection: Connection, stored: Sequence[Mapping[str, Any]]) -> None:
        """Let whoever answered lately elsewhere rest here too."""
        last: dict[int, Mapping[str, Any]] = {}
        for response in stored:
            held = last.get(response["user_key"])
            if held is None or held["answered_at"] < response["answered_at"]:
                last[response["user_key"]] = response
        for user_key, response in last.items():
            key = {"user_key": user_key, "survey_id": self._survey_id}
            clocks = {"answered_at": response["answered_at"], "last_score": response["score"]}
            of_user = (UserSurvey.user_key == user_key) & (UserSurvey.survey_id == self._survey_id)
            at = connection.execute(select(UserSurvey.answered_at).where(of_user)).first()
            if at is None:
                connection.execute(insert(UserSurvey), {**key, **clocks, "answers": 0})
            elif at.answered_at is None or at.answered_at < response["answered_at"]:
                connection.execute(update(UserSurvey).where(of_user).values(**clocks))


def _version(session: Session, project_id: str, survey_id: str) -> int:
    survey = one(session, Survey, project_id, survey_id)
    version = (
        session.get(SurveyVersion, (survey.id, survey.published_version))
        if survey.published_version
        else None
    )
    metric = flow.metric(version.content) if version is not None else None
    if version is None or metric is None or metric["kind"] != "nps":
        text = "Must be a survey with a published version that asks for a score from 0 to 10."
        raise InvalidRequestError(errors=[FieldError("#/survey_id", text)])
    return version.number


def _user_of(row: Row) -> tuple[str, bool]:
    """Return the user's id and whether it is made up: without one, each answer is somebody."""
    if row.user_id is not None:
        return row.user_id, False
    return "import:" + sha256(row.source.encode()).hexdigest()[:32], True


def _decision(response: Mapping[str, Any]) -> dict[str, Any]:
    copied = ("project_id", "user_key", "survey_id", "version", "admission_probability")
    return {name: response[name] for name in copied} | {
        "id": response["decision_id"],
        "at": response["answered_at"],
        "is_shown": True,
        "reason": None,
        "is_manual": True,
        "page": PAGE,
        "evaluations": [],
    }


def _note(db: Database, project_id: str, survey_id: str, imported: int, actor: str) -> None:
    db.transact(
        lambda session: audit.record(
            session,
            actor=actor,
            action="responses.import",
            subject=survey_id,
            project_id=project_id,
            changes={"answers": [0, imported]},
        )
    )


def _result(parsed: Parsed, imported: int, known: int, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "lines": parsed.lines,
        "imported": imported,
        "already_there": known,
        "faulty": len({fault.line for fault in parsed.faults if fault.line > 1}),
        "columns": parsed.columns,
        "ignored_columns": parsed.ignored,
        "faults": [fault._asdict() for fault in parsed.faults[:FAULTS_TOLD]],
    }

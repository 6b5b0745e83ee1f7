"""One page for people who live in e-mail: `zeroten report`"""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from dataclasses import asdict
from datetime import date
from pathlib import Path

import msgspec

from backend.cli.common import database, project_of
from backend.config import Config
from backend.services import report as reports
from backend.services import report_html
from backend.services.insights.question import Question
from backend.services.report import Report


def report(config: Config, given: Namespace) -> None:
    """Print the report as text, or write it as one HTML file."""
    question = Question(
        since=given.since,
        until=given.until,
        survey_id=given.survey,
        confidence=given.confidence,
        sees_answers=not given.for_everyone,
    )
    with database(config) as db:
        with db.read() as session:
            project_id = project_of(session, given)
        page = reports.gather(db, project_id, question)
    if given.html is None:
        sys.stdout.write(_json(page) if given.json else reports.text(page))
    elif given.html == "-":
        sys.stdout.write(report_html.html(page))
    else:
        Path(given.html).write_text(report_html.html(page), encoding="utf-8")
        sys.stderr.write(f"zeroten: the report is in {given.html}\n")


def day(text: str) -> date:
    """Read a date of the command line."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text!r} is no date such as 2026-11-22") from error


def _json(page: Report) -> str:
    return msgspec.json.encode(asdict(page)).decode() + "\n"

"""`zeroten responses …`"""

from __future__ import annotations

import sys
from argparse import Namespace
from pathlib import Path

from backend.cli.common import ACTOR, database, project_of
from backend.config import Config
from backend.services import exports
from backend.services.responses import Filters


def export(config: Config, given: Namespace) -> None:
    """Write all answers as CSV or JSON lines."""
    with database(config) as db:
        with db.read() as session:
            project_id = project_of(session, given)
        exports.record(db, project_id, given.format, actor=ACTOR)
        pieces = exports.pieces(db, project_id, Filters(survey_id=given.survey))
        texts = exports.FORMATS[given.format](pieces)
        if given.output == "-":
            for text in texts:
                sys.stdout.buffer.write(text.encode())
            return
        with Path(given.output).open("wb") as file:
            file.writelines(text.encode() for text in texts)

"""Logs: one JSON object a line on standard error, with control characters escaped."""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor


def configure(level: str) -> None:
    """Have structlog write JSON lines from `level` up."""
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, *_to_line()],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, level)),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def formatter() -> logging.Formatter:
    """Return what makes such a line of a record of the standard library."""
    without_record = structlog.stdlib.ProcessorFormatter.remove_processors_meta
    return structlog.stdlib.ProcessorFormatter(processors=[without_record, *_to_line()])


def _to_line() -> list[Processor]:
    return [
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        # Without local variables: there are comments, traits and keys in them.
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        _without_rows,
        structlog.processors.JSONRenderer(),
    ]


def _without_rows(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Cut what PostgreSQL adds to an error: its DETAIL quotes the row, with people's words."""
    for raised in event.get("exception") or ():
        raised["exc_value"] = raised["exc_value"].partition("\nDETAIL:")[0]
    return event

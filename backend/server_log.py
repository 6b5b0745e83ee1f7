"""gunicorn's own lines as one JSON object each, like all others (`logs.py`)."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger as GunicornLogger  # type: ignore[import-untyped]

from backend.logs import formatter


class Logger(GunicornLogger):  # type: ignore[misc]
    """gunicorn's logger with our format; there is no access log, since it would hold addresses."""

    def setup(self, cfg: Any) -> None:
        """Give every handler the format, at the start and whenever gunicorn reads its settings."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(formatter())

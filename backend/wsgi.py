"""What gunicorn loads: `backend.wsgi:app`."""

from __future__ import annotations

from backend.app import create_app
from backend.config import Config
from backend.logs import configure

config = Config.from_env()
configure(config.log_level)
app = create_app(config)

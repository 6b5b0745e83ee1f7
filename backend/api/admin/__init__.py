"""The admin plane: flask-smorest blueprints under `/api/v1`, described by OpenAPI."""

from __future__ import annotations

from flask import Flask


def register(app: Flask) -> None:
    """Add every admin blueprint to `app`."""

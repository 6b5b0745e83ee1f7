"""What the build of the widget made."""

from __future__ import annotations

import json
from typing import Any

from tests.contracts.serving import ROOT

MANIFEST = ROOT / "widget" / "dist" / "manifest.json"


def manifest() -> dict[str, Any]:
    """Return what the build made."""
    read: dict[str, Any] = json.loads(MANIFEST.read_text())
    return read

"""What a started demo leaves for scripts and says to people."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from demo.console import say
from demo.settings import Settings
from demo.world import Keys

FILE = "demo.json"
# While no demo is ready, so that nobody takes an earlier start's file for readiness.
PREVIOUS = "demo.json.previous"

INSIGHTS = (
    ("The score, with its uncertainty", "insights/score"),
    *(
        (f"The score by {what}", f"insights/breakdown?by={what}")
        for what in ("role", "page", "plan", "language", "version")
    ),
    ("Features that go with higher or lower scores", "insights/features"),
    ("The answers themselves", "responses"),
)


def take_known(data_dir: Path) -> dict[str, Any]:
    """Return what an earlier start wrote, and put its file aside until this one is ready."""
    put_aside(data_dir)
    try:
        known = json.loads((data_dir / PREVIOUS).read_text())
    except (OSError, ValueError):
        return {}
    return known if isinstance(known, dict) else {}


def put_aside(data_dir: Path) -> None:
    """Keep the keys for the next start under another name: demo.json says that it runs."""
    if (data_dir / FILE).exists():
        (data_dir / FILE).replace(data_dir / PREVIOUS)


def write(settings: Settings, keys: Keys, pids: dict[str, int]) -> Path:
    """Write demo.json in one step, readable by its owner only: it holds secrets."""
    document = {
        "url": settings.url,
        **asdict(keys),
        "dashboard": f"{settings.url}/",
        "demo_page": f"{settings.product_url}/",
        "api": f"{settings.url}/api/v1",
        "api_docs": f"{settings.url}/api/v1/docs",
        "data_dir": str(settings.data_dir),
        "pids": pids,
    }
    path = settings.data_dir / FILE
    partial = path.with_name(f"{FILE}.partial")
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(json.dumps(document, indent=2) + "\n")
        out.flush()
        os.fsync(out.fileno())
    partial.replace(path)
    path.with_name(PREVIOUS).unlink(missing_ok=True)
    return path


def greet(settings: Settings, keys: Keys, path: Path, took_s: float) -> None:
    """Say what to open, and how to ask for each insight."""
    say(f"""
Ready in {took_s:.1f} s. All data here is made up.

  Demo product   {settings.product_url}/   the question appears there after a moment
  Dashboard      {settings.url}/   sign in as {keys.email}, password {keys.password}
  Keys, ids      {path}
  Logs           {settings.data_dir / "logs"}

Ask for what the answers say:
""")
    for title, address in INSIGHTS:
        say(f"# {title}")
        say(
            f'curl -s -H "Authorization: Bearer {keys.admin_token}"'
            f' "{settings.url}/api/v1/{address}"'
        )
    say("\nCtrl-C stops it.")

"""Draws the README's pictures from a running demo: `python -m demo.screenshots` beside `make demo`.

Needs Playwright and a Chromium (`make setup` brings the first, CHROMIUM names the second).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, ViewportSize, sync_playwright

from demo.announce import FILE
from demo.console import say
from demo.settings import Settings

IMAGES = Path(__file__).resolve().parent.parent / "docs" / "images"
SIZE: ViewportSize = {"width": 1200, "height": 760}
MOST_BYTES = 150_000


def main() -> int:
    """Write the pictures; return the exit status."""
    try:
        known = json.loads((Settings.from_env().data_dir / FILE).read_text())
    except OSError:
        sys.stderr.write("No demo is running on this data folder: start `make demo` first.\n")
        return 2
    IMAGES.mkdir(parents=True, exist_ok=True)
    browser_path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path)
        page = browser.new_page(viewport=SIZE, locale="en-GB")
        _draw(page, known["demo_page"])
        browser.close()
    return 0


def _draw(page: Page, address: str) -> None:
    visitor = f"demo-visitor-{secrets.token_hex(4)}"
    page.goto(f"{address}reports/42?role=admin&user={visitor}")
    scores = page.get_by_role("radio")
    scores.first.wait_for()
    # The panel comes in with a movement, and takes no answer before it has come to rest.
    page.wait_for_timeout(1_200)
    _shoot(page, "widget-in-demo.png")
    page.mouse.move(40, 40)
    scores.nth(9).click()
    comment = page.get_by_role("textbox")
    comment.wait_for()
    comment.fill("Scheduled reports save me an hour every Monday.")
    page.wait_for_timeout(400)
    _shoot(page, "widget-follow-up.png")


def _shoot(page: Page, name: str) -> None:
    path = IMAGES / name
    page.screenshot(path=path)
    size = path.stat().st_size
    say(f"{path.relative_to(IMAGES.parent.parent)}  {size} bytes")
    if size > MOST_BYTES:
        raise SystemExit(f"{name} is over {MOST_BYTES} bytes.")


if __name__ == "__main__":
    sys.exit(main())

"""Makes sure there is a Chromium for the tests: the system's, an installed one, or says how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find() -> str | None:
    """Return the path of a system browser, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def main() -> None:
    """Find a browser, else try to install one, else end with one clear line."""
    if find() or _playwright_has_one():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing Chromium for the browser tests", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], check=False)
    elif not find():
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not find() and not _playwright_has_one():
        sys.exit(
            "The browser tests need Chromium: install it (Debian: apt-get install chromium)"
            " or set CHROMIUM to its path."
        )


def _playwright_has_one() -> bool:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        return os.path.exists(playwright.chromium.executable_path)  # noqa: PTH110


if __name__ == "__main__":
    main()

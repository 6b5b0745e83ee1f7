"""Makes sure there are a Chromium and a Firefox for the tests, installs them, or says how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FIREFOX_NAMES = ("firefox-esr", "firefox")


def find() -> str | None:
    """Return the path of a system browser, or None."""
    return os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)


def find_firefox() -> str | None:
    """Return the path of a system Firefox, or None."""
    return os.environ.get("FIREFOX") or next(filter(None, map(shutil.which, FIREFOX_NAMES)), None)


def can_install() -> bool:
    """Return whether a browser that is not there could have been installed."""
    return bool(shutil.which("apt-get")) and os.geteuid() == 0


def must_have_firefox() -> bool:
    """Return whether a missing Firefox is a fault: where it can be installed, and on CI."""
    return can_install() or "CI" in os.environ


def main() -> None:
    """Find both, else try to install them; without Chromium end with one clear line."""
    has_chromium = bool(find() or _playwright_has_one())
    wanted = [] if has_chromium else ["chromium"]
    wanted += [] if find_firefox() else ["firefox-esr"]
    if wanted and can_install():
        print(f"Installing {' and '.join(wanted)} for the browser tests", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        for each in wanted:
            subprocess.run(["apt-get", "install", "-y", "-qq", each], check=False)
    elif not has_chromium:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    if not find_firefox():
        print(
            f"The tests in Firefox {'will fail' if must_have_firefox() else 'are skipped'}: install"
            " it (Debian: apt-get install firefox-esr) or set FIREFOX to its path.",
            flush=True,
        )
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

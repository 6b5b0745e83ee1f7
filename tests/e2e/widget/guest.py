"""A page with the widget in it, as a person and a test see it."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Page

from tests.contracts.serving import ROOT


@dataclass
class Guest:
    """A page with the widget in it, and everything the page would have noticed."""

    page: Page
    noticed: list[str]
    expects_trouble: bool = False

    def panel(self) -> Any:
        return self.page.locator("zeroten-survey")

    def open(self, url: str) -> Guest:
        """Go there and wait for the question."""
        self.page.goto(url)
        return self.wait()

    def wait(self) -> Guest:
        # Until then the panel lets clicks through, for those that were meant for the page.
        self.panel().locator("section:not(.w) input").first.wait_for()
        return self

    def expect_trouble(self) -> None:
        """Let the browser tell of what fails in this test, whenever it gets round to it."""
        self.expects_trouble = True

    def stop_clock(self) -> None:
        """Let the time of the page stand still; it goes on by `page.clock.run_for` alone."""
        now_s = int(time.time())
        self.page.clock.install(time=now_s)
        self.page.clock.pause_at(now_s + 1)
        # Playwright's own is not there yet while a page loads.
        self.page.add_init_script(
            "Object.defineProperty(performance, 'timeOrigin',"
            " {get: () => Date.now() - performance.now()})"
        )

    def score(self, score: int) -> None:
        self.panel().get_by_role("radio").nth(score).click()

    def heading(self) -> str:
        return str(self.panel().get_by_role("heading").inner_text())

    def button(self, name: str) -> Any:
        return self.panel().get_by_role("button", name=name)


def picture(guest: Guest, name: str) -> None:
    """Keep what the page shows for the guide, when `SCREENSHOTS` is set."""
    if "SCREENSHOTS" in os.environ:
        # Once it has faded in, which it does again where the page put it elsewhere.
        guest.page.wait_for_timeout(300)
        guest.page.screenshot(path=ROOT / "docs" / "screenshots" / f"widget-{name}.png")

"""The demo's dashboard in a real browser, and somebody signed in to it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.contracts.serving import ROOT
from tests.dashboard import PASSWORD
from tests.e2e.widget.host import Host

AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# What browsers tell a page of its own policy, kept from the first moment on.
WATCH = """
addEventListener('securitypolicyviolation', (event) => {
  (window.broken ??= []).push(event.blockedURI);
});
"""


@pytest.fixture(scope="session")
def cookies(demo: dict[str, Any], browser: Browser) -> list[Any]:
    """Sign in once, by the form and with what `make demo` printed."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, demo["dashboard"], demo["email"], demo["password"])
    kept = context.cookies()
    context.close()
    return kept


@pytest.fixture
def guest(cookies: list[Any], browser: Browser) -> Iterator[Callable[..., Page]]:
    """Open pages signed in; faults of scripts and of the policy fail the test.

    `guest(allows="ERR_FAILED")` lets messages of that pattern pass: of connections a test cuts.
    """
    opened: list[tuple[Any, Page, list[str]]] = []

    def make(allows: str | None = None, **look: Any) -> Page:
        context = browser.new_context(**look)
        context.add_cookies(cookies)
        page, faults = context.new_page(), []
        page.add_init_script(WATCH)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda said: is_fault(said, allows) and faults.append(said.text))
        opened.append((context, page, faults))
        return page

    yield make
    for context, page, faults in opened:
        broken = page.evaluate("window.broken ?? []")
        context.close()
        assert faults == []
        assert broken == []


@pytest.fixture(scope="module")
def host() -> Iterator[Host]:
    """A product's own web server."""
    running = Host()
    yield running
    running.http.shutdown()
    running.http.server_close()


def sign_in(page: Page, address: str, email: str, password: str = PASSWORD) -> None:
    """Go from the first page through the sign-in form to Home."""
    page.goto(address)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_role("heading", name="How it stands").wait_for()


def is_fault(said: ConsoleMessage, allowed: str | None) -> bool:
    """Whether a browser's message is a fault of the page."""
    return said.type == "error" and not (allowed and re.search(allowed, said.text))


def picture(page: Page, name: str) -> None:
    """Keep what the page shows for the guides, when `SCREENSHOTS` is set."""
    if "SCREENSHOTS" in os.environ:
        page.screenshot(path=ROOT / "docs" / "screenshots" / f"{name}.png")


def violations(page: Page) -> list[Any]:
    """Return what axe finds on the page."""
    page.evaluate(Path(AXE).read_text())
    found: list[Any] = page.evaluate(
        "async (runOnly) => (await axe.run(document, {runOnly})).violations"
        ".map(({id, nodes}) => [id, nodes.map(({html}) => html.slice(0, 200))])",
        RULES,
    )
    return found

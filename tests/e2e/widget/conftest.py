"""One real server, one browser, and pages of a host on an origin of their own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.contracts.serving import Server
from tests.e2e.conftest import PATIENCE_S
from tests.e2e.widget.built import MANIFEST
from tests.e2e.widget.guest import Guest
from tests.e2e.widget.host import Host
from tests.e2e.widget.scene import Scene, new_scene
from tools.browsers import find

# A name for this machine that browsers do not take for a secure one.
PLAIN = "plain.test"


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the system's Chromium; back/forward cache stays on, as people have it."""
    return browser_type_launch_args | {
        "executable_path": find(),
        "args": ["--no-sandbox", f"--host-resolver-rules=MAP {PLAIN} 127.0.0.1"],
        "ignore_default_args": ["--disable-back-forward-cache"],
    }


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The real server, as an operator runs it."""
    assert MANIFEST.is_file(), "build the widget first: npm run build in widget/"
    running = Server(tmp_path_factory.mktemp("zeroten")).start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A product's web server."""
    running = Host()
    yield running
    running.http.shutdown()
    running.http.server_close()


@pytest.fixture
def scene(server: Server, host: Host) -> Callable[..., Scene]:
    """Make projects with one survey each: `scene(content, targeting=…)`."""

    def make(
        content: dict[str, Any] | None = None,
        *,
        survey: bool = True,
        origins: Sequence[str] = (),
        **given: Any,
    ) -> Scene:
        made = new_scene(server, host, origins)
        if survey:
            made.survey(content, **given)
        return made

    return make


@pytest.fixture
def guests(browser: Browser) -> Iterator[Callable[..., Guest]]:
    """Open pages in browsers of their own; at the end nothing may have been noticed by any."""
    contexts: list[BrowserContext] = []
    made: list[Guest] = []

    def make(context: BrowserContext | None = None, **options: Any) -> Guest:
        if context is None:
            context = browser.new_context(
                **({"viewport": {"width": 1000, "height": 700}} | options)
            )
            contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_S * 1000)
        guest = Guest(page, [])
        page.on("pageerror", lambda error: guest.noticed.append(f"error: {error}"))
        page.on("console", lambda message: guest.noticed.append(f"console: {message.text}"))
        made.append(guest)
        return guest

    yield make
    for context in contexts:
        context.close()
    assert [each.noticed for each in made if each.noticed and not each.expects_trouble] == []


@pytest.fixture
def guest(guests: Callable[..., Guest]) -> Guest:
    """One such page."""
    return guests()

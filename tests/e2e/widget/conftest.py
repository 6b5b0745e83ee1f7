"""One real server, one browser, and pages of a host on an origin of their own."""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import func, select

from backend.services import projects, surveys
from backend.storage.models import Decision, Response
from tests.contracts.serving import ROOT, Server
from tests.e2e.conftest import PATIENCE_S
from tools.browsers import find

# A name for this machine that browsers do not take for a secure one.
PLAIN = "plain.test"
MANIFEST = ROOT / "widget" / "dist" / "manifest.json"


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


class Host:
    """A product's own web server; every path is a page put there by a test."""

    def __init__(self) -> None:
        self.pages: dict[str, tuple[str, dict[str, str]]] = {}
        host = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.split("?")[0]
                html, headers = host.pages.get(path) or host.pages.get("*") or ("", {})
                body = html.encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                for name, value in ({"Content-Type": "text/html; charset=utf-8"} | headers).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.http.daemon_threads = True
        self.origin = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, daemon=True).start()


@pytest.fixture(scope="session")
def host() -> Iterator[Host]:
    """A product's web server."""
    running = Host()
    yield running
    running.http.shutdown()
    running.http.server_close()


@dataclass
class Scene:
    """A project with a survey, and the page of a host that holds its tag."""

    server: Server
    host: Host
    project_id: str
    key: str
    survey_ids: list[str] = field(default_factory=list)

    def tag(self, attributes: str = "") -> str:
        return f'<script async {attributes} src="{self.server.url}/w/{self.key}.js"></script>'

    def page(
        self,
        body: str = "",
        *,
        path: str = "/app",
        head: str = "",
        tag: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> str:
        """Put a page up; return its address."""
        html = (
            f'<!doctype html><html lang="en"><head><title>Host</title>{head}</head>'
            f"<body><h1>Reports</h1>{body}{self.tag() if tag is None else tag}</body></html>"
        )
        self.host.pages[path] = (html, headers or {})
        return self.host.origin + path

    def survey(self, content: dict[str, Any] | None = None, **given: Any) -> str:
        """Publish a survey that asks everybody at once."""
        targeting = {
            "old_enough_days": 0,
            "triggers": [{"type": "page_load", "delay_ms": 0}],
        } | given.pop("targeting", {})
        sampling = {"spread_days": 0, "rate": 1} | given.pop("sampling", {})

        def work(session: Any) -> str:
            survey = surveys.create(
                session,
                self.project_id,
                name="NPS",
                content=content or NPS,
                targeting=targeting,
                sampling=sampling,
                **given,
            )
            surveys.publish(session, survey)
            return survey.id

        self.survey_ids.append(self.server.db.transact(work))
        return self.survey_ids[-1]

    def responses(self) -> list[dict[str, Any]]:
        """Return what is stored, oldest first."""
        columns = (
            Response.state, Response.score, Response.comment, Response.answers,
            Response.page, Response.role, Response.revision, Response.language,
        )  # fmt: skip
        query = select(*columns).where(Response.project_id == self.project_id)
        with self.server.db.read() as session:
            return [dict(row._mapping) for row in session.execute(query)]

    def decisions(self) -> int:
        """Return how many times the server was asked."""
        query = select(func.count()).where(Decision.project_id == self.project_id)
        with self.server.db.read() as session:
            return int(session.execute(query).scalar_one())


NPS: dict[str, Any] = {
    "default_language": "en",
    "questions": [
        {"id": "score", "kind": "nps", "required": True},
        {"id": "why", "kind": "text", "show_if": {"question": "score", "answered": True}},
    ],
    "texts": {
        "en": {
            "questions": {
                "score": {
                    "text": "How likely are you to recommend us to a colleague?",
                    "low": "Not at all likely",
                    "high": "Extremely likely",
                },
                "why": {
                    "text": "Care to tell us why?",
                    "by_band": {
                        "detractor": "What should we do better?",
                        "passive": "What would make it a 10?",
                        "promoter": "What do you value most?",
                    },
                },
            },
            "thanks": {
                "text": "Thank you!",
                "by_band": {
                    "promoter": {
                        "link_text": "Write a review",
                        "link_url": "https://example.com/review",
                    }
                },
            },
        }
    },
    "theme": {"mode": "auto"},
    "later": True,
}


def new_scene(server: Server, host: Host, origins: Sequence[str] = ()) -> Scene:
    """Make a project without a survey, for pages of the host or of other origins.

    Pages put up before are gone.
    """

    def work(session: Any) -> tuple[str, str]:
        new = projects.create(session, name="Acme", origins=origins or [host.origin])
        return new.project.id, new.publishable_key

    host.pages.clear()
    return Scene(server, host, *server.db.transact(work))


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


def picture(guest: Guest, name: str) -> None:
    """Keep what the page shows for the guide, when `SCREENSHOTS` is set."""
    if "SCREENSHOTS" in os.environ:
        # Once it has faded in, which it does again where the page put it elsewhere.
        guest.page.wait_for_timeout(300)
        guest.page.screenshot(path=ROOT / "docs" / "screenshots" / f"widget-{name}.png")


def manifest() -> dict[str, Any]:
    """Return what the build made."""
    read: dict[str, Any] = json.loads(Path(MANIFEST).read_text())
    return read

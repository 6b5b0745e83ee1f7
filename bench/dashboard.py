"""The dashboard on 100,000 answers and on the demo: server, weight, paint and interactions.

The floor of each row is what issue and guide promise, so a ratio up to 1 keeps the promise. The
server's time is that of its processor, of a loaded window; paint and interaction are a Chromium's
on a processor four times slower.
"""

from __future__ import annotations

import logging
import os
import re
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import brotli
import numpy as np
from flask import Flask
from flask.testing import FlaskClient
from playwright.sync_api import BrowserContext, Page, sync_playwright
from sqlalchemy.orm import Session
from werkzeug.serving import make_server

from backend.api.auth import PLAIN_COOKIE
from backend.app import create_app
from backend.config import Config
from backend.domain.insights.active_use import scatter_table
from backend.domain.insights.columns import make_answers
from backend.services import sessions, surveys
from backend.services.clock import utc_now
from backend.services.ids import new_id
from backend.storage.db import Database
from backend.storage.models import Member
from backend.web import assets
from backend.web.charts.scatter import scatter
from bench.insights_world import PROJECT, World, write
from demo import world as demo_world
from demo.settings import Settings
from tools.browsers import find

SERVER_MS: Final = 150
PAINT_MS: Final = 1_000
INTERACTION_MS: Final = 100
WEIGHT_KB: Final = 250
CHART_MS: Final = 200
POINTS: Final = 20_000
SLOWDOWN: Final = 4
LOOKS: Final = 5
PAGES: Final = {
    "home": "/",
    "explore": "/explore?by=page",
    "features": "/explore/features",
    "active_use": "/explore/active-use",
    "people": "/explore/active-use/people",
    "segments": "/explore/segments",
    "accounts": "/accounts",
    "account": "/accounts/{account}",
    "person": "/users/{user}",
    "explain": "/explain?user={user}",
    "inbox": "/inbox",
    "surveys": "/surveys",
    "survey": "/surveys/{survey}",
    "editor": "/surveys/{survey}/edit",
    "audience": "/surveys/{survey}/audience",
    "themes": "/settings/themes",
    "install": "/settings",
}
WATCH: Final = """
  slowest = 0;
  new PerformanceObserver((list) => {
    const counted = list.getEntries().filter((one) => one.interactionId);
    slowest = Math.max(slowest, ...counted.map((one) => one.duration));
  }).observe({type: 'event', buffered: true, durationThreshold: 16});
"""


@dataclass(frozen=True)
class Subject:
    """A project to look at, with an account and a user that it has."""

    name: str
    db: Database
    survey: str
    account: str
    user: str


def run() -> Iterator[dict[str, object]]:
    """Yield the server's time and the weight of each page, then paint and interaction."""
    yield _chart()
    wanted = os.environ.get("DASHBOARD_OF", "answers demo").split()
    for make in (make for name, make in SUBJECTS.items() if name in wanted):
        with tempfile.TemporaryDirectory() as folder:
            subject = make(Path(folder))
            yield from _measured(subject, Path(folder))
            subject.db.close()


def _measured(subject: Subject, folder: Path) -> Iterator[dict[str, object]]:
    app = create_app(Config(data_dir=folder, rate_limits=False, insecure_cookies=True), subject.db)
    token = subject.db.transact(_owner)
    given = {"survey": subject.survey, "account": subject.account, "user": subject.user}
    paths = {subject.name + name: path.format(**given) for name, path in PAGES.items()}
    client = app.test_client()
    client.set_cookie(PLAIN_COOKIE, token)
    yield from _served(client, paths)
    with _listening(app) as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
        context = browser.new_context()
        context.add_cookies([{"name": PLAIN_COOKIE, "value": token, "url": url}])
        yield from _painted(context, url, paths)
        yield from _interaction(context, url, subject.name, paths)
        browser.close()


def _answers(folder: Path) -> Subject:
    answers = int(os.environ.get("DASHBOARD_ANSWERS", "100000"))
    now_ms = int(time.time() * 1000)
    db = write(folder / "zeroten.db", World(answers=answers, now_ms=now_ms))
    return Subject("", db, db.transact(_survey), "acc_1", "user_1")


def _demo(folder: Path) -> Subject:
    settings = Settings.from_env({"ZEROTEN_DATA": str(folder)})
    keys = demo_world.prepare(settings, {})
    db = Database(Config(data_dir=folder).url)
    return Subject("demo_", db, keys.survey_id, "demo-01", "user-0001")


def row(name: str, value: float, unit: str, floor: float) -> dict[str, object]:
    """Return one line; the floor is what is promised, lower is better."""
    kept = {"value": round(value, 1), "unit": unit, "floor": floor}
    return {"name": f"dashboard_{name}", **kept, "ratio": round(value / floor, 2)}


def _served(client: FlaskClient, paths: dict[str, str]) -> Iterator[dict[str, object]]:
    for name, path in paths.items():
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.status_code)
        yield row(f"{name}_server", _best(lambda path=path: client.get(path)), "ms", SERVER_MS)
        yield row(f"{name}_weight", _weight(answer.text) / 1000, "kB brotli", WEIGHT_KB)


def _weight(html: str) -> int:
    """Return what a first visit downloads: the page with the files it names, packed."""
    names = set(re.findall(r"/assets/\w+/([\w.]+)", html))
    files = [(assets.FOLDER / name).read_bytes() for name in names]
    return sum(len(brotli.compress(text)) for text in (html.encode(), *files))


def _chart() -> dict[str, object]:
    g = np.random.default_rng(1)
    answers = make_answers(g.integers(0, 11, POINTS), active_days=g.integers(0, 31, POINTS))

    def draw() -> None:
        scatter(scatter_table(answers), "Bench")

    return row("scatter_of_20000_points", _best(draw), "ms", CHART_MS)


def _painted(
    context: BrowserContext, url: str, paths: dict[str, str]
) -> Iterator[dict[str, object]]:
    first = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
    for name, path in paths.items():
        found = []
        for _ in range(3):
            page = _slow_page(context)
            page.goto(url + path)
            page.wait_for_function(f"({first}) > 0")
            found.append(float(page.evaluate(first)))
            page.close()
        yield row(f"{name}_first_paint", median(found), "ms", PAINT_MS)


def _interaction(
    context: BrowserContext, url: str, of: str, paths: dict[str, str]
) -> Iterator[dict[str, object]]:
    """Open menus, type, turn the slider, go by keyboard; yield each page's slowest next paint."""
    for name in ("home", "explore", "active_use", "inbox", "survey", "editor", "audience"):
        page = _slow_page(context)
        page.goto(url + paths[of + name])
        page.locator("details.menu > summary").last.click()
        page.keyboard.press("Escape")
        if name == "inbox":
            page.get_by_role("searchbox").press_sequentially("slow")
            page.get_by_role("heading", name="Comments, newest first").click()
            for key in ("j", "j", "c", "n"):
                page.keyboard.press(key)
        if name == "survey":
            page.get_by_role("slider").first.press("ArrowLeft")
        if name == "editor":
            page.get_by_label("Question", exact=True).first.press_sequentially("slow")
        if name == "audience":
            page.get_by_role("button", name="Add a condition").first.click()
        for _ in range(5):
            page.keyboard.press("Tab")
        page.wait_for_timeout(500)
        slowest = float(page.evaluate("slowest"))
        page.close()
        yield row(f"{of}{name}_interaction", slowest, "ms", INTERACTION_MS)


def _slow_page(context: BrowserContext) -> Page:
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    return page


def _best(work: Any) -> float:
    """Return the median of the processor's milliseconds, after one look to warm up."""
    work()
    times = []
    for _ in range(LOOKS):
        started = time.process_time()
        work()
        times.append(1000 * (time.process_time() - started))
    return median(times)


def _survey(session: Session) -> str:
    survey = surveys.create(session, PROJECT, name="Quarterly pulse")
    surveys.publish(session, survey)
    return survey.id


def _owner(session: Session) -> str:
    member = Member(
        id=new_id("mem_"),
        email="bench@example.com",
        name="Bench",
        everywhere_role="owner",
        password_hash="none",
        totp_encrypted=None,
        totp_enabled=False,
        totp_step=0,
        created_at=utc_now(),
    )
    session.add(member)
    session.flush()
    return sessions.renew(session, member.id, utc_now())


@contextmanager
def _listening(app: Flask) -> Iterator[str]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()


SUBJECTS: Final = {"answers": _answers, "demo": _demo}

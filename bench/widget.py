"""The widget beside a panel written by hand and a blank page, on a CPU four times slower.

Times and heap are what each adds to the blank page, medians of seven loads taken in turns. "idle"
is a page on which nothing shows; the question is then asked for, and its time runs from that call.
"""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any, Final

import brotli
from playwright.sync_api import Browser, sync_playwright

from backend.domain import survey_defaults
from backend.services import projects, surveys
from backend.storage.db import Database
from bench.server import Bench, serve
from tools.browsers import find

ROUNDS: Final = 7
SLOWDOWN: Final = 4
SETTLE_MS: Final = 700
FLOOR: Final = Path(__file__).parent / "widget" / "floor.js"
MANIFEST: Final = Path("widget/dist/manifest.json")
PAGE: Final = "<!doctype html><html lang=en><title>Host</title><body><h1>Reports</h1>"
ASK: Final = {"blank": "0", "floor": "floorShow()", "widget": "zeroten('track', 'go')"}
WATCH: Final = """
  tasks = [0];
  new PerformanceObserver((list) => list.getEntries().forEach((one) => tasks.push(one.duration)))
    .observe({type: 'longtask', buffered: true});
  new MutationObserver(() => {
    const one = window.seenAt ? null : document.querySelector('zeroten-survey, #floor');
    if (one) seenAt = performance.now();
  }).observe(document, {childList: true, subtree: true});
"""


def run() -> Iterator[dict[str, object]]:
    """Yield bytes, then times and memory."""
    with serve() as bench, _host() as host:
        key = _publish(bench, host.origin)
        server = f"http://127.0.0.1:{bench.port}"
        host.pages = {
            "/blank": PAGE,
            "/floor": f'{PAGE}<script async data-key="{key}" data-server="{server}"'
            ' src="/floor.js"></script>',
            "/widget": f'{PAGE}<script async src="{server}/w/{key}.js"></script>',
            "/floor.js": FLOOR.read_text(),
        }
        yield from _bytes(server, key, host.origin)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=find(), args=["--no-sandbox"])
            yield from _costs(browser, host.origin)
            browser.close()


def row(name: str, value: float, unit: str, floor: float) -> dict[str, object]:
    """Return one line of output; the ratio is value ÷ floor."""
    ratio = round(value / floor, 3) if floor > 0 else None
    rounded = {"value": round(value, 2), "unit": unit, "floor": round(floor, 2)}
    return {"name": f"widget_{name}", **rounded, "ratio": ratio}


def _bytes(server: str, key: str, origin: str) -> Iterator[dict[str, object]]:
    """Yield what a page downloads; the floor's script is minified by nobody."""
    download = partial(_download, origin=origin)
    panel = json.loads(MANIFEST.read_text())["panel"]
    script = download(f"{server}/w/{key}.js")
    asked = {"publishable_key": key, "user_id": "bytes", "triggers": {}, "manual": True}
    decision = download(f"{server}/v1/decide", json.dumps(asked).encode())
    shown = script + download(f"{server}/w/{panel}") + decision
    floor = len(brotli.compress(FLOOR.read_bytes(), quality=11))
    yield row("script_bytes", script, "bytes", floor)
    yield row("shown_bytes", shown, "bytes", floor + download(f"{server}/w/{key}.json"))


def _download(url: str, data: bytes | None = None, *, origin: str) -> int:
    headers = {"Accept-Encoding": "br", "Origin": origin, "Content-Type": "text/plain"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return len(answer.read())


def _costs(browser: Browser, origin: str) -> Iterator[dict[str, object]]:
    loads: dict[str, list[dict[str, float]]] = {name: [] for name in ASK}
    for at in range(ROUNDS + 1):
        for name, ask in ASK.items():
            cost = _load(browser, f"{origin}/{name}", ask, shows=name != "blank")
            # The first of each only warms the server and the browser.
            if at:
                loads[name].append(cost)

    def over_blank(name: str, what: str) -> float:
        values = {each: median(load[what] for load in loads[each]) for each in (name, "blank")}
        return max(values[name] - values["blank"], 0.0)

    for what, unit in (("idle_script", "ms"), ("shown_script", "ms"), ("heap", "KB")):
        yield row(
            f"{what}_{unit.lower()}", over_blank("widget", what), unit, over_blank("floor", what)
        )
    for what in ("longest_task", "visible"):
        value, floor = (median(load[what] for load in loads[name]) for name in ("widget", "floor"))
        yield row(f"{what}_ms", value, "ms", floor)


def _load(browser: Browser, url: str, ask: str, *, shows: bool) -> dict[str, float]:
    """Return what one load of a page cost, in ms and KB, in a browser profile of its own."""
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script(WATCH)
    session = context.new_cdp_session(page)
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    session.send("Performance.enable")

    def metrics() -> dict[str, float]:
        found = session.send("Performance.getMetrics")["metrics"]
        return {each["name"]: each["value"] for each in found}

    page.goto(url)
    page.wait_for_timeout(SETTLE_MS)
    idle_s = metrics()["ScriptDuration"]
    asked_at = page.evaluate(f"() => {{ const at = performance.now(); {ask}; return at }}")
    if shows:
        page.wait_for_function("window.seenAt")
    page.wait_for_timeout(SETTLE_MS)
    shown_s = metrics()["ScriptDuration"]
    seen_at, longest = page.evaluate("[window.seenAt || 0, Math.max(...tasks)]")
    session.send("HeapProfiler.collectGarbage")
    heap = metrics()["JSHeapUsedSize"]
    context.close()
    return {
        "idle_script": idle_s * 1000,
        "shown_script": shown_s * 1000,
        "longest_task": longest,
        "visible": seen_at - asked_at,
        "heap": heap / 1024,
    }


def _publish(bench: Bench, origin: str) -> str:
    """Return the key of a project for `origin` with one survey that an event shows to everybody."""
    db = Database(bench.database_url)

    def work(session: Any) -> str:
        made = projects.create(session, name="Widget", origins=[origin])
        survey = surveys.create(
            session,
            made.project.id,
            name="NPS",
            content=survey_defaults.content(),
            targeting={"old_enough_days": 0, "triggers": [{"type": "event", "name": "go"}]},
            sampling={"spread_days": 0, "rate": 1},
        )
        surveys.publish(session, survey)
        return made.publishable_key

    key = db.transact(work)
    db.close()
    return key


class _Host(ThreadingHTTPServer):
    """A product's own web server."""

    daemon_threads = True
    pages: dict[str, str]

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: _Host

    def do_GET(self) -> None:
        body = self.server.pages.get(self.path, "").encode()
        kind = "text/javascript" if self.path.endswith(".js") else "text/html"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def _host() -> Iterator[_Host]:
    with _Host(("127.0.0.1", 0), _Handler) as host:
        threading.Thread(target=host.serve_forever, daemon=True).start()
        yield host
        host.shutdown()

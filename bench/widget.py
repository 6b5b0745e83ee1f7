"""The widget beside a panel written by hand and a blank page, on a CPU four times slower.

Times and heap are what each adds to the blank page, medians of seven loads taken in turns. "idle"
is a page on which nothing shows; the question is then asked for, and its time runs from that call.
"later" is what five more seconds cost, in which the widget first looks into storage.

Scripting is read from the browser's trace: every script, callback and microtask of the page's main
thread, on the wall's clock. `ScriptDuration` will not do: it leaves out microtasks, so a panel that
fetches first would look free. The page is driven without Playwright's own scripts in it.
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
from playwright.sync_api import Browser, Page, sync_playwright

from backend.domain import survey_defaults
from backend.services import projects, surveys
from backend.storage.db import Database
from bench.server import Bench, serve
from tools.browsers import find

ROUNDS: Final = 7
SLOWDOWN: Final = 4
SETTLE_MS: Final = 900
LATER_MS: Final = 5000
FLOOR: Final = Path(__file__).parent / "widget" / "floor.js"
MANIFEST: Final = Path("widget/dist/manifest.json")
PAGE: Final = "<!doctype html><html lang=en><title>Host</title><body><h1>Reports</h1>"
ASK: Final = {"blank": "0", "floor": "floorShow()", "widget": "zeroten('track', 'go')"}
# What a trace calls the outermost of a script's work.
SCRIPTS: Final = {
    "EvaluateScript",
    "FireAnimationFrame",
    "FireIdleCallback",
    "FunctionCall",
    "RunMicrotasks",
    "v8.compile",
    "v8.compileModule",
    "v8.evaluateModule",
}
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

    parts = {"idle_script": "ms", "shown_script": "ms", "later_script": "ms", "heap": "KB"}
    for what, unit in parts.items():
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
    session = context.new_cdp_session(page)
    for method in ("Page.enable", "Performance.enable"):
        session.send(method)
    session.send("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})

    def evaluate(expression: str) -> Any:
        asked = {"expression": expression, "returnByValue": True}
        return session.send("Runtime.evaluate", asked)["result"].get("value")

    with _traced(browser, page) as events:
        page.goto(url)
        page.wait_for_timeout(SETTLE_MS)
        evaluate(
            f"setTimeout(() => {{ performance.mark('asked'); asked = performance.now(); {ask} }})"
        )
        while shows and not evaluate("window.seenAt"):
            page.wait_for_timeout(50)
        page.wait_for_timeout(SETTLE_MS)
        evaluate("performance.mark('settled')")
        seen_ms, longest_ms = evaluate("[(window.seenAt || 0) - asked, Math.max(...tasks)]")
        session.send("HeapProfiler.collectGarbage")
        found = session.send("Performance.getMetrics")["metrics"]
        page.wait_for_timeout(LATER_MS)
    context.close()
    idle, shown, later = _scripting(events)
    heap = next(each["value"] for each in found if each["name"] == "JSHeapUsedSize")
    return {
        "idle_script": idle,
        "shown_script": idle + shown,
        "later_script": later,
        "longest_task": longest_ms,
        "visible": seen_ms,
        "heap": heap / 1024,
    }


@contextmanager
def _traced(browser: Browser, page: Page) -> Iterator[list[dict[str, Any]]]:
    """Yield a list that holds what the browser did, once the block has ended."""
    session = browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    ends: list[object] = []
    session.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    session.on("Tracing.tracingComplete", lambda _: ends.append(True))
    categories = "blink.user_timing,devtools.timeline"
    session.send("Tracing.start", {"categories": categories, "transferMode": "ReportEvents"})
    yield events
    session.send("Tracing.end")
    while not ends:
        page.wait_for_timeout(50)
    session.detach()


def _scripting(events: list[dict[str, Any]]) -> tuple[float, float, float]:
    """Return ms of script on the page's main thread before it was asked, until settled, after."""
    asked, settled = (
        next(each for each in events if each["name"] == name) for name in ("asked", "settled")
    )
    mine = [
        each
        for each in events
        if (each["pid"], each["tid"]) == (asked["pid"], asked["tid"])
        and each["ph"] == "X"
        and each["name"] in SCRIPTS
    ]
    spent, end = [0.0, 0.0, 0.0], -1.0
    # A script that another runs counts once, with the outer one.
    for each in sorted(mine, key=lambda one: (one["ts"], -one["dur"])):
        if each["ts"] >= end:
            end = each["ts"] + each["dur"]
            spent[(end > asked["ts"]) + (each["ts"] > settled["ts"])] += each["dur"] / 1000
    return spent[0], spent[1], spent[2]


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

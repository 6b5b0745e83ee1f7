"""The widget beside a panel written by hand and a blank page, on a CPU four times slower.

Times and heap are what each adds to the blank page, medians of seven loads taken in turns. "idle"
is a page on which nothing shows; the question is then asked for, and its time runs from that call,
once beside a server on this machine and once where an answer takes 150 ms ("slow 4G"). "later" is
what five more seconds cost a page that is never asked: the widget first looks into storage then;
"told" what they cost one whose question nobody answers: the server hears of the showing then.
`--peers` adds other widgets (bench/widget_peers.py).
"""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import brotli
from playwright.sync_api import Browser, sync_playwright

from backend.domain import survey_defaults
from backend.services import projects, surveys
from backend.storage.db import Database
from bench.server import Bench, serve
from bench.widget_host import hosting
from bench.widget_loads import later, launch, shown, visible_on_slow_4g

ROUNDS: Final = 7
# A page that is never asked takes six seconds to look at.
LATER_ROUNDS: Final = 3
FLOOR: Final = Path(__file__).parent / "widget" / "floor.js"
MANIFEST: Final = Path("widget/dist/manifest.json")
PAGE: Final = "<!doctype html><html lang=en><title>Host</title><body><h1>Reports</h1>"
ASK: Final = {"blank": "0", "floor": "floorShow()", "widget": "zeroten('track', 'go')"}


def run() -> Iterator[dict[str, object]]:
    """Yield bytes, then times and memory."""
    with serve() as bench, hosting() as host:
        key = publish(bench, host.origin)
        server = f"http://127.0.0.1:{bench.port}"
        host.pages = pages(key, server)
        yield from _bytes(server, key, host.origin)
        with sync_playwright() as playwright:
            browser = launch(playwright)
            yield from _costs(browser, host.origin)
            yield from _later(browser, host.origin)
            yield from _visible(browser, host.origin)
            browser.close()


def pages(key: str, server: str) -> dict[str, str]:
    """Return the host's pages: blank, with the floor's tag, with ours."""
    return {
        "/blank": PAGE,
        "/floor": f'{PAGE}<script async data-key="{key}" data-server="{server}"'
        ' src="/floor.js"></script>',
        "/widget": f'{PAGE}<script async crossorigin src="{server}/w/{key}.js"></script>',
        "/floor.js": FLOOR.read_text(),
    }


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
    shown_bytes = script + download(f"{server}/w/{panel}") + decision
    floor = len(brotli.compress(FLOOR.read_bytes(), quality=11))
    yield row("script_bytes", script, "bytes", floor)
    yield row("shown_bytes", shown_bytes, "bytes", floor + download(f"{server}/w/{key}.json"))


def _download(url: str, data: bytes | None = None, *, origin: str) -> int:
    headers = {"Accept-Encoding": "br", "Origin": origin, "Content-Type": "text/plain"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers)) as answer:
        return len(answer.read())


def loads(browser: Browser, origin: str, asks: dict[str, str]) -> dict[str, dict[str, float]]:
    """Return what each page cost, medians of loads in turns; scripting and heap beyond blank's."""
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in asks}
    for at in range(ROUNDS + 1):
        for name, ask in asks.items():
            cost = shown(browser, f"{origin}/{name}", ask, shows=name != "blank")
            # The first of each only warms the server and the browser.
            if at:
                taken[name].append(cost)
    found = {
        name: {what: median(load[what] for load in each) for what in each[0]}
        for name, each in taken.items()
    }
    blank = found["blank"]
    over = ("idle_script", "shown_script", "heap")
    return {
        name: cost | {what: max(cost[what] - blank[what], 0.0) for what in over}
        for name, cost in found.items()
    }


def _costs(browser: Browser, origin: str) -> Iterator[dict[str, object]]:
    costs = loads(browser, origin, ASK)
    parts = {
        "idle_script": "ms",
        "shown_script": "ms",
        "heap": "KB",
        "longest_task": "ms",
        "visible": "ms",
    }
    for what, unit in parts.items():
        name = f"{what}_{unit.lower()}"
        yield row(name, costs["widget"][what], unit, costs["floor"][what])
    yield row("shown_shift", costs["widget"]["shift"], "CLS", costs["floor"]["shift"])


def _later(browser: Browser, origin: str) -> Iterator[dict[str, object]]:
    taken: dict[str, list[dict[str, float]]] = {name: [] for name in ASK}
    for _ in range(LATER_ROUNDS):
        for name, each in taken.items():
            each.append(later(browser, f"{origin}/{name}"))
    told = [
        later(browser, f"{origin}/widget", ASK["widget"])["later_script"]
        for _ in range(LATER_ROUNDS)
    ]

    def of(name: str, what: str) -> float:
        return median(load[what] for load in taken[name])

    blank = of("blank", "later_script")
    ours, floor = (max(of(name, "later_script") - blank, 0.0) for name in ("widget", "floor"))
    yield row("later_script_ms", ours, "ms", floor)
    yield row("told_script_ms", max(median(told) - blank, 0.0), "ms", floor)
    yield row(
        "idle_longest_task_ms", of("widget", "longest_task"), "ms", of("floor", "longest_task")
    )
    yield row("idle_shift", of("widget", "shift"), "CLS", of("floor", "shift"))


def _visible(browser: Browser, origin: str) -> Iterator[dict[str, object]]:
    taken: dict[str, list[float]] = {"floor": [], "widget": []}
    for _ in range(ROUNDS):
        for name, each in taken.items():
            each.append(visible_on_slow_4g(browser, f"{origin}/{name}", ASK[name]))
    yield row("visible_slow_4g_ms", median(taken["widget"]), "ms", median(taken["floor"]))


def publish(bench: Bench, origin: str) -> str:
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

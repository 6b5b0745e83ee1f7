"""Answers in closed tabs, lost networks, many tabs and pages gone back to, over and over.

`python -m tests.e2e.rounds 300 60` takes up to 300 rounds of each kind, for up to 60 minutes in
all, and counts what got lost, what was stored twice and who saw two panels. A further argument
names the ledger, a file in which the rounds of several runs of one build add up; kinds may be
named too: tabs, no-locks, close, offline, back.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests.contracts.serving import Server
from tests.e2e.widget.built import MANIFEST
from tests.e2e.widget.guest import Guest
from tests.e2e.widget.host import Host
from tests.e2e.widget.scene import Scene, new_scene
from tools.browsers import find

STUB = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
IDENTIFIED = (
    f"<script>{STUB}refused=0;zeroten('on','not_shown',()=>refused=1);"
    "zeroten('identify','u-1')</script>"
)
# As on http: pages; the server knows the person.
LOCKLESS = "<script>delete Navigator.prototype.locks</script>" + IDENTIFIED
HEARD = "<script>addEventListener('pageshow',e=>window.persisted=e.persisted)</script>"
# Counts every panel that ever stood in a tab, also one that was soon gone again.
COUNTING = """new MutationObserver(all => {
  for (const one of all)
    for (const node of one.addedNodes)
      if (node.localName === 'zeroten-survey')
        sessionStorage.panels = Number(sessionStorage.panels || 0) + 1;
}).observe(document, {childList: true, subtree: true});"""
PANELS = "Number(sessionStorage.panels || 0)"
# The page asked for the panel, or need not: another tab asks, or has shown the question before.
HAS_ASKED = (
    "window.zeroten?.loaded && (window.refused || performance.getEntriesByType('resource')"
    ".some(one => one.name.includes('/w/panel.'))"
    " || Object.keys(localStorage).some(name => name.endsWith('.lease')))"
)
# How long an answer may take to arrive.
PATIENCE_S = 15.0
# So many rounds go on beside the newest: a second answer or panel has all that time to come.
OPEN = 6
FAULTS = ("lost", "doubled", "two panels", "not shown")


def many_tabs(given: Scene, context: BrowserContext, at: int, head: str = IDENTIFIED) -> int:
    """Load five tabs at once, answer in the one that asks."""
    url = given.page(head=head)
    tabs = [guest(context) for _ in range(5)]
    for tab in tabs:
        tab.page.goto(url, wait_until="commit")
    for tab in tabs:
        tab.page.wait_for_function(HAS_ASKED)
    deadline = time.monotonic() + PATIENCE_S
    while not (asking := [tab for tab in tabs if tab.panel().count()]):
        if time.monotonic() > deadline:
            return 0
        tabs[0].page.wait_for_timeout(20)
    asking[0].page.bring_to_front()
    asking[0].wait().score(at % 11)
    return 0


def closed_tab(given: Scene, context: BrowserContext, at: int) -> int:
    """Score, and close the tab after 0, 20 or 100 ms; return the panels it had shown."""
    tab = guest(context).open(given.page())
    shown = panels(tab.page)
    tab.score(at % 11)
    if wait_ms := (0, 20, 100)[at % 3]:
        tab.page.wait_for_timeout(wait_ms)
    tab.page.close()
    return shown


def lost_network(given: Scene, context: BrowserContext, at: int) -> int:
    """Score without a network; every second time the page is left before it comes back."""
    url = given.page()
    tab = guest(context).open(url)
    context.set_offline(True)
    with tab.page.expect_event("requestfailed"):
        tab.score(at % 11)
    if at % 2:
        tab.page.goto("about:blank")
    context.set_offline(False)
    if at % 2:
        tab.page.goto(url)
    return 0


def gone_back(given: Scene, context: BrowserContext, at: int) -> int:
    """Score, go to another page and come back: the panel still stands there."""
    given.page(path="/other", tag="")
    tab = guest(context).open(given.page(head=HEARD))
    tab.score(at % 11)
    tab.page.goto(given.host.origin + "/other")
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    return 0 if tab.panel().count() else -1


Round = Callable[[Scene, BrowserContext, int], int]
KINDS: dict[str, Round] = {
    "tabs": many_tabs,
    "no-locks": partial(many_tabs, head=LOCKLESS),
    "close": closed_tab,
    "offline": lost_network,
    "back": gone_back,
}


@dataclass(frozen=True)
class Open:
    """A round that was played and is still to be judged."""

    kind: str
    given: Scene
    context: BrowserContext
    score: int
    panels: int


def guest(context: BrowserContext) -> Guest:
    """Open a tab; what its console says is for the tests to judge."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    return Guest(page, [])


def panels(page: Page) -> int:
    """Return how many panels a tab has shown in all its pages."""
    return int(page.evaluate(PANELS))


def begin(browser: Browser, server: Server, host: Host, kind: str, at: int) -> Open:
    """Play one round in a browser without a past, with a project of its own."""
    given = new_scene(server, host)
    given.survey()
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.add_init_script(COUNTING)
    try:
        shown = KINDS[kind](given, context, at)
    except Error as error:
        print(f"{kind} {at}: {error.message.splitlines()[0]}", flush=True)
        shown = -1
    return Open(kind, given, context, at % 11, shown)


def judge(played: Open) -> tuple[str, str]:
    """Return a round's kind and how it ended, well or by its worst fault; close its browser."""
    try:
        return played.kind, end_of(played)
    finally:
        played.context.close()


def end_of(played: Open) -> str:
    """Wait for the answer, then look at all that was stored and shown."""
    deadline = time.monotonic() + PATIENCE_S
    while played.score not in (stored := scores(played.given)) and time.monotonic() < deadline:
        pause(played.context, 0.05)
    try:
        shown = played.panels + sum(panels(page) for page in played.context.pages)
    except Error:  # A tab that stands on no page of the host.
        return "not shown"
    if shown != 1:
        return "two panels" if shown > 1 else "not shown"
    if played.score not in stored:
        return "lost"
    return "well" if len(stored) == 1 else "doubled"


def scores(given: Scene) -> list[int | None]:
    return [one["score"] for one in given.responses()]


def pause(context: BrowserContext, seconds: float) -> None:
    """Wait; the browser goes on."""
    if context.pages:
        context.pages[0].wait_for_timeout(seconds * 1000)
    else:
        time.sleep(seconds)


@contextmanager
def stage() -> Iterator[tuple[Browser, Server, Host]]:
    """Start a browser with its back/forward cache, the real server and a host's."""
    options: dict[str, Any] = {
        "executable_path": find(),
        "args": ["--no-sandbox"],
        "ignore_default_args": ["--disable-back-forward-cache"],
    }
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server, host = Server(Path(folder)).start(), Host()
        try:
            yield playwright.chromium.launch(**options), server, host
        finally:
            host.http.shutdown()
            server.stop()


def play(
    stage_of: tuple[Browser, Server, Host], todo: Iterator[tuple[int, str]], ends_at: float
) -> Iterator[tuple[str, str]]:
    """Play rounds until there are no more or time is up; yield kind and end of each."""
    going: deque[Open] = deque()
    for at, kind in todo:
        if time.monotonic() > ends_at:
            break
        going.append(begin(*stage_of, kind, at))
        if len(going) > OPEN:
            yield judge(going.popleft())
    # The last ones have their time too.
    time.sleep(1)
    while going:
        yield judge(going.popleft())


class Ledger:
    """What became of the rounds that were taken with one build, in one run or several."""

    def __init__(self, path: Path | None) -> None:
        self.path = path
        manifest = json.loads(MANIFEST.read_text())
        files = (manifest[name] for name in ("loader", "panel"))
        built = b"".join((MANIFEST.parent / name).read_bytes() for name in files)
        self.build = hashlib.sha256(built).hexdigest()[:12]
        self._all: dict[str, dict[str, dict[str, int]]] = {}
        if path and path.is_file():
            self._all = json.loads(path.read_text())
        self.counts = self._all.setdefault(self.build, {})

    def taken(self, kind: str) -> int:
        return sum(self.counts.get(kind, {}).values())

    def note(self, kind: str, end: str) -> None:
        """Count one round, and keep the count whatever ends the run."""
        counted = self.counts.setdefault(kind, {})
        counted[end] = counted.get(end, 0) + 1
        if self.path:
            self.path.write_text(json.dumps(self._all, indent=1) + "\n")

    def is_well(self) -> bool:
        return all(end == "well" for counted in self.counts.values() for end in counted)

    def __str__(self) -> str:
        lines = [f"build {self.build}"]
        for kind, counted in self.counts.items():
            told = ", ".join(f"{counted.get(fault, 0)} {fault}" for fault in FAULTS)
            lines.append(f"{kind:8} {self.taken(kind):4} rounds: {told}")
        return "\n".join(lines)


def main() -> None:
    """Take the rounds and print the counts; end with 1 if one did not go well."""
    rounds, minutes, *rest = sys.argv[1:]
    kinds = [name for name in rest if name in KINDS] or list(KINDS)
    ledger = Ledger(next((Path(name) for name in rest if name not in KINDS), None))
    ends_at = time.monotonic() + float(minutes) * 60
    taken = {kind: ledger.taken(kind) for kind in kinds}
    turns = itertools.product(range(int(rounds)), kinds)
    todo = ((at, kind) for at, kind in turns if at >= taken[kind])
    with stage() as running:
        for kind, end in play(running, todo, ends_at):
            ledger.note(kind, end)
    print(ledger)
    sys.exit(not ledger.is_well())


if __name__ == "__main__":
    main()

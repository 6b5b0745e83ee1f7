"""Answers in closed tabs, lost networks, many tabs and pages gone back to, over and over.

`python -m tests.e2e.rounds 300 60` takes up to 300 rounds of each kind, for up to 60 minutes in
all, and counts what got lost, what was stored twice and who saw two panels. Further arguments
name the kinds: tabs, close, offline, back.
"""

from __future__ import annotations

import itertools
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Error, sync_playwright

from tests.contracts.serving import Server
from tests.e2e.widget.conftest import Guest, Host, Scene, new_scene
from tools.browsers import find

IDENTIFIED = (
    "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
    "zeroten('identify', 'u-1')</script>"
)
HEARD = "<script>addEventListener('pageshow',e=>window.persisted=e.persisted)</script>"
# How long an answer may take to arrive, and how long a second one is waited for.
PATIENCE_S = 8.0
SECOND_S = 0.3


def many_tabs(given: Scene, context: BrowserContext, at: int) -> int:
    """Load five tabs at once, answer in the one that asks; return how many asked."""
    url = given.page(head=IDENTIFIED)
    tabs = [guest(context) for _ in range(5)]
    for tab in tabs:
        tab.page.goto(url, wait_until="commit")
    deadline = time.monotonic() + PATIENCE_S
    while not any(tab.panel().count() for tab in tabs) and time.monotonic() < deadline:
        tabs[0].page.wait_for_timeout(50)
    tabs[0].page.wait_for_timeout(500)
    asking = [tab for tab in tabs if tab.panel().count()]
    if asking:
        asking[0].page.bring_to_front()
        asking[0].wait().score(at % 11)
    return len(asking)


def closed_tab(given: Scene, context: BrowserContext, at: int) -> int:
    """Score, and close the tab after 0, 20 or 100 ms."""
    tab = guest(context).open(given.page())
    tab.score(at % 11)
    if wait_ms := (0, 20, 100)[at % 3]:
        tab.page.wait_for_timeout(wait_ms)
    tab.page.close()
    return 1


def lost_network(given: Scene, context: BrowserContext, at: int) -> int:
    """Score without a network; every second time the page is left before it comes back."""
    url = given.page()
    tab = guest(context).open(url)
    context.set_offline(True)
    tab.score(at % 11)
    tab.page.wait_for_timeout(100)
    shown = int(tab.panel().count())
    if at % 2:
        tab.page.goto("about:blank")
    context.set_offline(False)
    if at % 2:
        tab.page.goto(url)
    return shown


def gone_back(given: Scene, context: BrowserContext, at: int) -> int:
    """Score, go to another page and come back: the panel still stands there."""
    given.page(path="/other", tag="")
    tab = guest(context).open(given.page(head=HEARD))
    tab.score(at % 11)
    tab.page.goto(given.host.origin + "/other")
    tab.page.go_back(wait_until="commit")
    tab.page.wait_for_function("window.persisted")
    return int(tab.panel().count())


Round = Callable[[Scene, BrowserContext, int], int]
KINDS: dict[str, Round] = {
    "tabs": many_tabs,
    "close": closed_tab,
    "offline": lost_network,
    "back": gone_back,
}


def guest(context: BrowserContext) -> Guest:
    """Open a tab; what its console says is for the tests to judge."""
    page = context.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    return Guest(page, [])


def outcome(given: Scene, context: BrowserContext, wanted: int, panels: int) -> str:
    """Say how a round ended: well, or by its worst fault."""
    deadline = time.monotonic() + PATIENCE_S
    while not (stored := [one["score"] for one in given.responses()]).count(wanted):
        if time.monotonic() > deadline:
            break
        # Sleeping here would stop the browser's requests on their way through Playwright.
        pause(context, 0.05)
    pause(context, SECOND_S)
    stored = [one["score"] for one in given.responses()]
    if panels != 1:
        return "two panels" if panels > 1 else "not shown"
    if wanted not in stored:
        return "lost"
    return "well" if len(stored) == 1 else "doubled"


def pause(context: BrowserContext, seconds: float) -> None:
    """Wait; the browser goes on."""
    if context.pages:
        context.pages[0].wait_for_timeout(seconds * 1000)
    else:
        time.sleep(seconds)


def take(browser: Browser, server: Server, host: Host, kind: str, at: int) -> str:
    """Take one round in a browser without a past, with a project of its own."""
    given = new_scene(server, host)
    given.survey()
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    try:
        return outcome(given, context, at % 11, KINDS[kind](given, context, at))
    except Error as error:
        print(f"{kind} {at}: {error.message.splitlines()[0]}", flush=True)
        return "not shown"
    finally:
        context.close()


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


def main() -> None:
    """Take the rounds and print the counts; end with 1 if one did not go well."""
    rounds, minutes, *named = sys.argv[1:]
    kinds = named or list(KINDS)
    ends_at = time.monotonic() + float(minutes) * 60
    counted = {kind: Counter[str]() for kind in kinds}
    with stage() as (browser, server, host):
        for at, kind in itertools.product(range(int(rounds)), kinds):
            if time.monotonic() > ends_at:
                break
            counted[kind][take(browser, server, host, kind, at)] += 1
    for kind, ended in counted.items():
        faults = {name: ended[name] for name in ("lost", "doubled", "two panels", "not shown")}
        told = ", ".join(f"{count} {name}" for name, count in faults.items())
        print(f"{kind:8} {ended.total():4} rounds: {told}")
    sys.exit(any(ended.total() != ended["well"] for ended in counted.values()))


if __name__ == "__main__":
    main()

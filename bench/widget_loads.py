"""Loads of a page in Chromium on a CPU four times slower, and what each of them cost.

Scripting is read from the browser's trace: every script, callback and microtask of the page's main
thread, on the wall's clock. `ScriptDuration` will not do: it leaves out microtasks, so a panel that
fetches first would look free; in the trace they are of V8's own category. The page is driven
without Playwright's own scripts in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from playwright.sync_api import Browser, CDPSession, Page, Playwright

from tools.browsers import find

SLOWDOWN: Final = 4
SETTLE_MS: Final = 900
LATER_MS: Final = 5000
# A question that takes longer than this is not coming.
PATIENCE_MS: Final = 20_000
# The browser's own address bar is a page too: drawn for each new window, it takes the CPU that a
# load is measured on.
ARGUMENTS: Final = [
    "--no-sandbox",
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,WebUIOmniboxFullPopup",
]
# What Lighthouse calls slow 4G.
SLOW_4G: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
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
# Any widget that is measured: ours, the floor, and the peers' (bench/peers).
SEEN: Final = "zeroten-survey, #floor, #sentry-feedback, [class*=PostHogSurvey], .sd-question"
WATCH: Final = f"""
  tasks = [0];
  shifts = [0];
  new PerformanceObserver((list) => list.getEntries().forEach((one) => tasks.push(one.duration)))
    .observe({{type: 'longtask', buffered: true}});
  new PerformanceObserver((list) => list.getEntries().forEach((one) => shifts.push(one.value)))
    .observe({{type: 'layout-shift', buffered: true}});
  new MutationObserver(() => {{
    const one = window.seenAt ? null : document.querySelector('{SEEN}');
    if (one) seenAt = performance.now();
  }}).observe(document, {{childList: true, subtree: true}});
"""
TOLD: Final = (
    "[(window.seenAt || 0) - asked, Math.max(...tasks), shifts.reduce((one, more) => one + more)]"
)


def launch(playwright: Playwright) -> Browser:
    """Start the system's browser."""
    return playwright.chromium.launch(executable_path=find(), args=ARGUMENTS)


def shown(browser: Browser, url: str, ask: str, *, shows: bool) -> dict[str, float]:
    """Load a page, ask by the script `ask`, wait until it `shows`; return what it cost (ms, KB)."""
    with _opened(browser) as (page, session), _traced(browser, page) as events:
        page.goto(url)
        page.wait_for_timeout(SETTLE_MS)
        _ask(session, ask)
        if shows:
            _await_question(page, session)
        page.wait_for_timeout(SETTLE_MS)
        _evaluate(session, "performance.mark('settled')")
        seen_ms, longest_ms, shift = _evaluate(session, TOLD)
        session.send("HeapProfiler.collectGarbage")
        found = session.send("Performance.getMetrics")["metrics"]
    idle, more = _scripting(events)
    heap = next(each["value"] for each in found if each["name"] == "JSHeapUsedSize")
    return {
        "idle_script": idle,
        "shown_script": idle + more,
        "longest_task": longest_ms,
        "visible": seen_ms,
        "shift": shift,
        "heap": heap / 1024,
    }


def later(browser: Browser, url: str, ask: str | None = None) -> dict[str, float]:
    """Return ms of script in the five seconds after a load, or after a showing (`ask`)."""
    with _opened(browser) as (page, session), _traced(browser, page) as events:
        page.goto(url)
        page.wait_for_timeout(SETTLE_MS)
        if ask:
            _evaluate(session, f"asked = performance.now(); {ask}")
            _await_question(page, session)
            page.wait_for_timeout(SETTLE_MS)
        _ask(session, "0")
        page.wait_for_timeout(LATER_MS)
        _evaluate(session, "performance.mark('settled')")
        _, longest_ms, shift = _evaluate(session, TOLD)
    return {"later_script": _scripting(events)[1], "longest_task": longest_ms, "shift": shift}


def visible_on_slow_4g(browser: Browser, url: str, ask: str) -> float:
    """Return ms from asking until the question is in the page, where an answer takes 150 ms."""
    with _opened(browser) as (page, session):
        page.goto(url)
        page.wait_for_timeout(SETTLE_MS)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", SLOW_4G)
        _ask(session, ask)
        _await_question(page, session)
        return float(_evaluate(session, "seenAt - asked"))


def _await_question(page: Page, session: CDPSession) -> None:
    for _ in range(PATIENCE_MS // 50):
        if _evaluate(session, "window.seenAt"):
            return
        page.wait_for_timeout(50)
    raise TimeoutError(f"no question on {page.url}")


@contextmanager
def _opened(browser: Browser) -> Iterator[tuple[Page, CDPSession]]:
    """Open a page in a browser profile of its own."""
    context = browser.new_context()
    page = context.new_page()
    session = context.new_cdp_session(page)
    for method in ("Page.enable", "Performance.enable"):
        session.send(method)
    session.send("Page.addScriptToEvaluateOnNewDocument", {"source": WATCH})
    session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWDOWN})
    yield page, session
    context.close()


def _evaluate(session: CDPSession, expression: str) -> Any:
    asked = {"expression": expression, "returnByValue": True}
    return session.send("Runtime.evaluate", asked)["result"].get("value")


def _ask(session: CDPSession, ask: str) -> None:
    mark = "performance.mark('asked'); asked = performance.now();"
    _evaluate(session, f"setTimeout(() => {{ {mark} {ask} }})")


@contextmanager
def _traced(browser: Browser, page: Page) -> Iterator[list[dict[str, Any]]]:
    """Yield a list that holds what the browser did, once the block has ended."""
    session = browser.new_browser_cdp_session()
    events: list[dict[str, Any]] = []
    ends: list[object] = []
    session.on("Tracing.dataCollected", lambda told: events.extend(told["value"]))
    session.on("Tracing.tracingComplete", lambda _: ends.append(True))
    categories = "blink.user_timing,devtools.timeline,v8.execute"
    session.send("Tracing.start", {"categories": categories, "transferMode": "ReportEvents"})
    yield events
    session.send("Tracing.end")
    while not ends:
        page.wait_for_timeout(50)
    session.detach()


def _scripting(events: list[dict[str, Any]]) -> tuple[float, float]:
    """Return ms of script on the page's main thread before it was asked, and until settled."""
    asked, settled = (
        next(each for each in events if each["name"] == name) for name in ("asked", "settled")
    )
    mine = [
        each
        for each in events
        if (each["pid"], each["tid"]) == (asked["pid"], asked["tid"])
        and each["ph"] == "X"
        and each["name"] in SCRIPTS
        and each["ts"] < settled["ts"]
    ]
    spent, end = [0.0, 0.0], -1.0
    # A script that another runs counts once, with the outer one.
    for each in sorted(mine, key=lambda one: (one["ts"], -one["dur"])):
        if each["ts"] >= end:
            end = each["ts"] + each["dur"]
            spent[end > asked["ts"]] += each["dur"] / 1000
    return spent[0], spent[1]

"""Other survey widgets from the npm registry, beside ours in one run (`--peers`).

Each is bundled by esbuild as its own guide says, and asked for the same: a score, and why. Its
server is played by the host's where it needs one. Bytes are brotli 11 of the scripts and data that
a page has fetched by the time the question shows; scripting and heap are what the page costs beyond
a blank one, on a CPU four times slower. What cannot be run says why, on a line of its own.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import brotli
from playwright.sync_api import sync_playwright

from bench.server import serve
from bench.widget import ASK, PAGE, loads, pages, publish
from bench.widget_host import Host, hosting
from bench.widget_loads import launch

HERE: Final = Path(__file__).parent / "peers"
ESBUILD: Final = Path("widget/node_modules/.bin/esbuild")
PEERS: Final = ("posthog", "sentry", "surveyjs")
NOT_RUN: Final = {
    "formbricks": "its npm package only fetches the widget from a Formbricks server,"
    " which is not in the registry",
}
POSTHOG_FILES: Final = HERE / "node_modules" / "posthog-js" / "dist"
POSTHOG_SURVEY: Final[dict[str, Any]] = {
    "id": "018f0000-0000-7000-8000-000000000001",
    "name": "NPS",
    "type": "popover",
    "start_date": "2026-01-01T00:00:00Z",
    "end_date": None,
    "appearance": {},
    "conditions": {"events": {"values": [{"name": "go"}]}},
    "questions": [
        {
            "id": "score",
            "type": "rating",
            "display": "number",
            "scale": 10,
            "question": "How likely are you to recommend us?",
            "lowerBoundLabel": "Not at all likely",
            "upperBoundLabel": "Extremely likely",
        },
        {"id": "why", "type": "open", "question": "Why?"},
    ],
}


def run() -> Iterator[dict[str, object]]:
    """Yield a row for each widget and each figure, and one for each that cannot be run."""
    for name, why in NOT_RUN.items():
        yield {"name": f"peer_{name}", "value": None, "why": why}
    if why := _installed():
        yield {"name": "peers", "value": None, "why": why}
        return
    with serve() as bench, hosting() as host:
        server = f"http://127.0.0.1:{bench.port}"
        host.pages = pages(publish(bench, host.origin), server) | _peers()
        _play_posthog(host)
        asks = ASK | dict.fromkeys(PEERS, "peerShow()")
        with sync_playwright() as playwright:
            browser = launch(playwright)
            costs = loads(browser, host.origin, asks)
            browser.close()
        for name in PEERS:
            yield _row(f"{name}_bytes", _weight(host, name), "bytes", None)
            for what, unit in (("idle_script", "ms"), ("shown_script", "ms"), ("heap", "KB")):
                ours = costs["widget"][what]
                yield _row(f"{name}_{what}_{unit.lower()}", costs[name][what], unit, ours)


def _row(name: str, value: float, unit: str, ours: float | None) -> dict[str, object]:
    ratio = round(value / ours, 1) if ours else None
    beside = {} if ours is None else {"ours": round(ours, 2), "ratio": ratio}
    return {"name": f"peer_{name}", "value": round(value, 2), "unit": unit, **beside}


def _installed() -> str | None:
    """Install the peers; return why that was not possible."""
    if not (npm := shutil.which("npm")):
        return "there is no npm here"
    flags = ["--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
    told = subprocess.run([npm, "ci", *flags], cwd=HERE, capture_output=True, text=True)
    return told.stderr.strip()[:300] if told.returncode else None


def _peers() -> dict[str, str]:
    """Return each peer's page and its one script."""
    flags = ["--bundle", "--minify", "--format=iife", "--target=es2020", "--loader:.css=text"]
    made = {}
    for name in PEERS:
        entry = [ESBUILD, HERE / f"{name}.js", *flags]
        made[f"/{name}.js"] = subprocess.run(
            entry, capture_output=True, text=True, check=True
        ).stdout
        made[f"/{name}"] = f'{PAGE}<script async src="/{name}.js"></script>'
    return made


def _play_posthog(host: Host) -> None:
    """Answer what PostHog's SDK asks of its server."""
    told = {"surveys": [POSTHOG_SURVEY], "supportedCompression": []}
    host.pages["/array/phc_bench/config"] = json.dumps(told)
    host.pages["/api/surveys/"] = json.dumps({"surveys": [POSTHOG_SURVEY]})
    host.pages["/flags/"] = json.dumps({"featureFlags": {}, "flags": {}})
    version = json.loads((POSTHOG_FILES.parent / "package.json").read_text())["version"]
    host.pages[f"/static/{version}/surveys.js"] = (POSTHOG_FILES / "surveys.js").read_text()


def _weight(host: Host, name: str) -> int:
    """Return the bytes of all that this peer's page downloads."""
    more = [path for path in host.pages if path.startswith(("/static/", "/array/", "/api/"))]
    paths = [f"/{name}.js", *(more if name == "posthog" else [])]
    return sum(len(brotli.compress(host.pages[path].encode(), quality=11)) for path in paths)

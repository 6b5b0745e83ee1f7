"""Pages that hold files of another release than the server's own (WIDGET_BROWSER B30)."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.contracts.serving import ROOT, eventually
from tests.e2e.widget.built import manifest

EARLIER = Path(__file__).parent / "earlier"
EARLIER_PANEL = "panel.d9f74ccd.js"
PLACEHOLDER = '"__ZEROTEN_CONFIG__"'


def hold(guest, given, loader, panel):
    """Let the page have had its script before the server's release changed; return panels asked."""
    guest.page.goto(given.page(path="/empty", tag=""))
    config = guest.page.request.get(f"{given.server.url}/w/{given.key}.json").json()
    script = loader.replace(PLACEHOLDER, json.dumps(config | {"panel": panel}))
    guest.page.context.route(
        "**/w/pk_*.js",
        lambda route: route.fulfill(body=script, headers={"Content-Type": "text/javascript"}),
    )
    asked = []
    guest.page.on("request", lambda one: asked.append(one.url) if "/w/panel." in one.url else None)
    return asked


def keep(given, name, text):
    """Put a panel where the server keeps what it once served."""
    kept = given.server.data / "widget"
    kept.mkdir(exist_ok=True)
    (kept / name).write_text(text)


@pytest.mark.parametrize("held", ["earlier", "later"])
def test_a_page_gets_the_panel_its_script_was_built_with(scene, guest, held):
    given = scene()
    if held == "earlier":
        loader, panel = EARLIER / "loader.js", EARLIER_PANEL
        text = (EARLIER / panel).read_text()
    else:
        # A server gone back to an earlier release does not build it, it only kept it.
        dist = ROOT / "widget" / "dist"
        loader, panel = dist / "loader.js", "panel.0123456789abcdef.js"
        text = (dist / manifest()["panel"]).read_text()
    keep(given, panel, text)
    asked = hold(guest, given, loader.read_text(), panel)

    guest.open(given.page()).score(9)
    assert guest.heading() == "What do you value most?"
    guest.panel().get_by_role("textbox").fill("Exports")
    guest.button("Send").click()
    assert guest.heading() == "Thank you!"

    eventually(
        lambda: (
            [(one["score"], one["comment"], one["state"]) for one in given.responses()]
            == [(9, "Exports", "completed")]
        )
    )
    assert asked == [f"{given.server.url}/w/{panel}"]
    assert given.decisions() == 1


def test_an_earlier_page_asks_by_the_rules_the_server_has_now(scene, guest):
    given = scene(targeting={"pages": ["/reports/*"]})
    keep(given, EARLIER_PANEL, (EARLIER / EARLIER_PANEL).read_text())
    hold(guest, given, (EARLIER / "loader.js").read_text(), EARLIER_PANEL)
    guest.page.goto(given.page(path="/home"))
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.evaluate("history.pushState({}, '', '/reports/7')")

    guest.wait().score(3)

    eventually(
        lambda: [(one["score"], one["page"]) for one in given.responses()] == [(3, "/reports/:id")]
    )

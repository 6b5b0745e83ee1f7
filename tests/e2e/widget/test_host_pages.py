"""Pages as products build them: Bootstrap, Tailwind's reset, Turbo, React in strict mode."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from tests.contracts.serving import ROOT, eventually
from tests.e2e.widget.guest import picture

WIDGET = ROOT / "widget"
MODULES = WIDGET / "node_modules"
SHEETS = {
    "bootstrap": "bootstrap/dist/css/bootstrap.min.css",
    "tailwind": "tailwindcss/preflight.css",
}
JAVASCRIPT = {"Content-Type": "text/javascript"}
BODY = (
    '<main class="container py-4"><button class="btn btn-primary">New report</button>'
    '<table class="table mt-4"><thead><tr><th>Report<th>Owner<th>Last run</thead><tbody>'
    + "".join(
        f"<tr><td>{name}<td>{owner}<td>{day} November"
        for name, owner, day in (
            ("Revenue", "Ada", 21),
            ("Churn", "Grace", 20),
            ("Usage", "Alan", 18),
        )
    )
    + "</table></main>"
)
# The example as it stands, in strict mode, signed in.
STRICT = """
import {StrictMode, createElement} from 'react';
import {createRoot} from 'react-dom/client';
import {App} from './App.jsx';
const user = {id: 'u-1', role: 'owner', account: 'acme'};
createRoot(document.querySelector('#root')).render(
  createElement(StrictMode, null,
    createElement(App, {user, exportReport: async () => {}, signOut: () => {}})));
"""


@pytest.mark.parametrize("name", SHEETS)
def test_the_sheet_of_a_framework_changes_nothing_of_it(scene, guests, name):
    given = scene()
    given.host.pages["/sheet.css"] = (
        (MODULES / SHEETS[name]).read_text(),
        {"Content-Type": "text/css"},
    )
    boxes = []
    for head in ("", '<link rel="stylesheet" href="/sheet.css">'):
        guest = guests()
        guest.open(given.page(BODY, head=head))
        parts = guest.panel().locator("section, h2, label, .n button")
        # It slides in by some pixels.
        parts.first.evaluate(
            "one => Promise.all(one.getAnimations({subtree: true}).map(each => each.finished))"
        )
        boxes.append(
            parts.evaluate_all(
                "all => all.flatMap(one => { const b = one.getBoundingClientRect();"
                " return [b.x, b.y, b.width, b.height] })"
            )
        )
        if head:
            picture(guest, f"in-{name}")
        guest.score(7)
        assert guest.heading() == "What would make it a 10?"

    assert boxes[0] == pytest.approx(boxes[1], abs=1)


def test_a_visit_by_turbo_keeps_the_panel_and_what_is_typed_in_it(scene, guest):
    given = scene()
    turbo = MODULES / "@hotwired/turbo/dist/turbo.es2017-umd.js"
    given.host.pages["/turbo.js"] = (turbo.read_text(), JAVASCRIPT)
    tags = f'<script src="/turbo.js"></script>{given.tag()}'
    given.page("<p id=second>Second</p>", path="/second", head=tags, tag="")
    guest.open(given.page('<a id=go href="/second">Go</a>', head=tags, tag="")).score(4)
    guest.panel().get_by_role("textbox").fill("Half a thought")

    guest.page.locator("#go").click()
    guest.page.locator("#second").wait_for()

    assert guest.panel().get_by_role("textbox").input_value() == "Half a thought"
    picture(guest, "after-a-turbo-visit")
    guest.button("Send").click()
    eventually(lambda: [one["comment"] for one in given.responses()] == ["Half a thought"])
    assert given.decisions() == 1


def test_the_react_example_works_as_it_stands_in_strict_mode(scene, guest):
    given = scene(targeting={"triggers": [{"type": "event", "name": "export_done"}]})
    given.host.pages["/app.js"] = (react_app(given), JAVASCRIPT)

    guest.page.goto(given.page("<div id=root></div>", tag='<script src="/app.js"></script>'))
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.get_by_role("button", name="Export").click()
    guest.wait()
    picture(guest, "in-react")
    guest.score(10)

    eventually(
        lambda: [(one["score"], one["role"]) for one in given.responses()] == [(10, "owner")]
    )
    assert guest.panel().count() == 1
    assert given.decisions() == 1
    # React itself advertises its tools, in development only.
    guest.noticed[:] = [line for line in guest.noticed if "React DevTools" not in line]


def react_app(given) -> str:
    """Return the example, bundled for this server's project."""
    esbuild = shutil.which("esbuild", path=MODULES / ".bin")
    assert esbuild
    options = {
        "alias:zeroten": WIDGET / "dist" / "npm" / "index.js",
        "define:process.env.NODE_ENV": json.dumps("development"),
    }
    built = subprocess.run(
        [esbuild, "--bundle", "--format=iife", "--jsx=automatic"]
        + [f"--{name}={value}" for name, value in options.items()],
        input=STRICT,
        cwd=WIDGET / "examples" / "react",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    for theirs, ours in (
        ("pk_your_publishable_key", given.key),
        ("https://zeroten.example.com", given.server.url),
    ):
        assert theirs in built
        built = built.replace(theirs, ours)
    return built

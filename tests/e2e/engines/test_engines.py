"""What must hold in Firefox and WebKitGTK too: the tests with a star in WIDGET_BROWSER."""

from __future__ import annotations

import time

import pytest

from tests.contracts.serving import eventually
from tests.e2e.engines.conftest import ROOT
from tests.e2e.engines.tab import until

POLICY = "default-src 'none'; script-src 'nonce-x' 'strict-dynamic'; connect-src {url}"
TYPES = "; require-trusted-types-for 'script'; trusted-types 'none'"
# WebKit tells of its own request for an icon as well.
VIOLATIONS = (
    "<script nonce=x>violations=[];addEventListener('securitypolicyviolation',"
    "e=>/favicon.ico$/.test(e.blockedURI)||violations.push(e.violatedDirective+' '+e.blockedURI))"
    "</script>"
)
IDENTIFIED = (
    "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
    "zeroten('identify','u-1')</script>"
)
HIDING = (
    "body *, zeroten-survey {all: unset !important; display: none !important;"
    " opacity: 0 !important; transform: scale(0) !important; pointer-events: none !important}"
)
# How long no key had been pressed when the panel came, in ms of a clock that browsers make coarse.
WATCHING = """<script>{
  let key = 0;
  addEventListener('keydown', () => { key = performance.now(); }, true);
  new MutationObserver(() => {
    if (window.shown || !document.querySelector('zeroten-survey')) return;
    window.shown = true;
    window.quiet = performance.now() - key;
  }).observe(document.documentElement, {childList: true, subtree: true});
}</script>"""
BOX = f"(b => [b.x, b.y, b.width, b.height].map(Math.round))({ROOT}.host.getBoundingClientRect())"


@pytest.mark.parametrize("more", ["", TYPES], ids=["csp", "types"])
def test_the_strictest_policy_needs_only_a_nonce_and_our_origin(scene, tab, more):
    given = scene()
    policy = POLICY.format(url=given.server.url) + more
    url = given.page(
        head=VIOLATIONS, tag=given.tag("nonce=x"), headers={"Content-Security-Policy": policy}
    )

    tab.open(url).panel().score(9)
    tab.wait(f"{ROOT}.querySelector('textarea')")
    assert tab.inside("getComputedStyle(root.querySelector('section')).borderRadius") == "14px"
    tab.press(*"Exports")
    tab.tap(".y")
    tab.wait(f"{ROOT}.querySelector('.z')")

    eventually(lambda: [one["comment"] for one in given.responses()] == ["Exports"])
    assert tab.evaluate("violations") == []


def test_the_keyboard_alone_answers_and_arrows_commit_nothing(scene, tab):
    given = scene()
    tab.open(given.page("<button id=first>First</button>")).panel()
    checked = "root.querySelector(':checked')?.value"
    tab.evaluate("document.querySelector('#first').focus()")
    tab.press("Tab")
    tab.inside("root.querySelector('input').focus()")
    assert tab.inside(checked) is None

    for keys, wanted in (
        (["ArrowRight", "ArrowRight"], "2"),
        (["ArrowLeft"], "1"),
        (["1", "0"], "10"),
        (["9"], "9"),
    ):
        tab.press(*keys)
        assert tab.inside(checked) == wanted
    assert [one["state"] for one in given.responses()] in ([], ["shown"])

    tab.press("Enter")
    assert tab.heading() == "What do you value most?"
    assert tab.inside("root.activeElement.id") == "h"
    tab.press("Tab")
    tab.press(*"Typed")
    tab.press("Enter", held="Control")
    assert tab.heading() == "Thank you!"
    tab.press("Escape")

    assert tab.count() == 0
    eventually(lambda: [one["state"] for one in given.responses()] == ["completed"])
    assert [(one["score"], one["comment"]) for one in given.responses()] == [(9, "Typed")]


def test_typing_in_the_page_is_never_disturbed(scene, tab):
    given = scene(targeting={"triggers": [{"type": "event", "name": "due"}]})
    tab.open(given.page(f"<textarea id=field></textarea>{WATCHING}"))
    tab.wait("window.zeroten?.loaded")
    tab.evaluate("document.querySelector('#field').focus()")
    tab.evaluate("void zeroten('track', 'due')")

    tab.press(*"x" * 200, pause_ms=20)
    tab.wait("window.shown", 30)
    tab.press("y")

    assert tab.evaluate("document.querySelector('#field').value") == "x" * 200 + "y"
    assert tab.evaluate("quiet") >= 2990


def test_the_style_of_the_page_cannot_hide_it(scene, tabs):
    given = scene()
    boxes = []
    for rules in ("", HIDING, f"@layer x {{{HIDING}}}"):
        # People of their own: the first answer rests the others.
        tab = tabs()
        tab.open(given.page(head=f"<style>{rules}</style>")).panel()
        boxes.append(tab.evaluate(BOX))
        tab.score(3)
        tab.wait(f"{ROOT}.querySelector('textarea')")
        tab.evaluate("localStorage.clear()")
        tab.close()

    assert boxes[0] == pytest.approx(boxes[1], abs=1)
    assert boxes[0] == pytest.approx(boxes[2], abs=1)


def test_nothing_of_the_page_lies_over_it(scene, tab):
    given = scene()
    style = "<style>body{transform:translateZ(0);height:3000px;filter:blur(0)}</style>"
    tab.open(given.page(head=style)).panel()
    tab.evaluate(
        "(cover => { document.body.append(cover); cover.style.cssText ="
        " 'position:fixed;inset:0;z-index:2147483647;background:#fffe' })"
        "(document.createElement('div'))"
    )
    x, y, width, height = tab.evaluate(BOX)
    middle = f"document.elementFromPoint({x + width / 2}, {y + height / 2}).localName"

    assert tab.evaluate(middle) == "zeroten-survey"
    assert x >= 0 and y >= 0
    assert tab.evaluate(f"innerWidth >= {x + width} && innerHeight >= {y + height}")


def test_rules_are_judged_on_every_path_and_the_same_panel_comes_back(scene, tab):
    given = scene(targeting={"pages": ["/reports/*"]})
    tab.open(given.page(path="/home"))
    time.sleep(0.6)
    assert (tab.count(), given.decisions()) == (0, 0)

    tab.evaluate("history.pushState({}, '', '/reports/7')")
    tab.panel().score(4)
    tab.wait(f"{ROOT}.querySelector('textarea')")
    tab.press(*"Kept")
    tab.evaluate("void (document.body = document.body.cloneNode(false))")
    tab.wait(f"{ROOT}?.querySelector('textarea').value === 'Kept'")
    tab.evaluate("history.replaceState({}, '', '/home')")
    for removal in range(1, 6):
        tab.evaluate("document.querySelector('zeroten-survey').remove()")
        time.sleep(0.05)
        assert tab.count() == (1 if removal <= 4 else 0)


@pytest.mark.parametrize("state", ["closed", "open", "half typed"])
def test_the_back_forward_cache_keeps_it(scene, tab, state):
    given = scene()
    given.page(path="/other", tag="")
    heard = "<script>addEventListener('pageshow',e=>window.persisted=e.persisted)</script>"
    tab.open(given.page(head=heard)).panel()
    if state == "closed":
        tab.tap(".x")
        tab.wait("!document.querySelector('zeroten-survey')")
    elif state == "half typed":
        tab.score(2)
        tab.wait(f"{ROOT}.querySelector('textarea')")
        tab.press(*"Half a")

    tab.open(given.host.origin + "/other")
    tab.back()

    tab.wait("window.persisted")
    if state == "half typed":
        assert tab.inside("root.querySelector('textarea').value") == "Half a"
    assert (tab.count(), given.decisions()) == (0 if state == "closed" else 1, 1)


def test_five_tabs_at_once_show_one_panel(scene, tabs):
    given = scene()
    address = f"{given.server.url}/w/{given.key}.js"
    begin = "(tag => { tag.src = at; document.head.append(tag) })(document.createElement('script'))"
    url = given.page(head=IDENTIFIED, tag="")
    together = [tabs().open(url) for _ in range(5)]
    # All load the script at one moment, when the slowest of them is there.
    at_ms = together[-1].evaluate("Date.now() + 500")
    for tab in together:
        tab.evaluate(f"void setTimeout(at => {begin}, {at_ms} - Date.now(), {address!r})")
    for tab in together:
        tab.wait("window.zeroten?.loaded", 20)

    until(lambda: sum(tab.count() for tab in together), 20, "a panel in one of them")
    time.sleep(0.5)
    assert (sum(tab.count() for tab in together), given.tickets()) == (1, 1)


@pytest.mark.parametrize("wait_s", [0, 0.02, 0.1])
def test_a_score_survives_a_tab_closed_at_once(scene, tabs, wait_s):
    given = scene()
    url, rounds = given.page(), 5
    for at in range(rounds):
        tab = tabs()
        tab.open(url).panel()
        # The next one is somebody else.
        tab.evaluate("void addEventListener('pagehide', () => localStorage.clear())")
        tab.score(at)
        time.sleep(wait_s)
        tab.close()

    eventually(lambda: sorted(one["score"] or 0 for one in given.responses()) == [0, 1, 2, 3, 4])
    time.sleep(0.3)
    assert len(given.responses()) == rounds

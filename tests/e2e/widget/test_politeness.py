"""Somebody at work is not disturbed (WIDGET_BROWSER B7, B9 to B11)."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.contracts.serving import eventually
from tests.e2e.widget.scene import NPS
from tests.e2e.widget.states import STATES, draw

CARET = "[document.activeElement.id, field.value, field.selectionStart, field.selectionEnd]"
CORNERS = ["bottom-right", "bottom-left", "top-right", "top-left"]
# Whether any corner or the middle of the control can be seen.
VISIBLE = """node => {
  const {left, right, top, bottom} = node.getBoundingClientRect();
  return [[left + 1, top + 1], [right - 1, top + 1], [left + 1, bottom - 1],
    [right - 1, bottom - 1], [(left + right) / 2, (top + bottom) / 2]]
    .some(([x, y]) => document.elementFromPoint(x, y) === node);
}"""
BLOCKING = {
    "dialog": ("d.showModal()", "d.close()"),
    "aria-modal": ("m.hidden = false", "m.hidden = true"),
    "inert page": ("document.body.inert = true", "document.body.inert = false"),
    "full screen": ("f.requestFullscreen()", "document.exitFullscreen()"),
}


@pytest.fixture
def waiting(scene, guest):
    """Open a page whose clock is ours and whose survey falls due when the page says so."""

    def make(body):
        given = scene(targeting={"triggers": [{"type": "event", "name": "due"}]})
        guest.stop_clock()
        guest.page.goto(given.page(body))
        guest.page.wait_for_function("window.zeroten?.loaded")
        return given

    return make


def fall_due(guest):
    """Let the survey fall due and be decided for; only a quiet moment is missing then."""
    with (
        guest.page.expect_event("requestfinished", lambda one: "/decide" in one.url),
        guest.page.expect_event("requestfinished", lambda one: "/panel." in one.url),
    ):
        guest.page.evaluate("void zeroten('track', 'due')")
        guest.page.clock.run_for(1)


def test_typing_in_the_page_is_never_disturbed(waiting, guest):
    waiting("<textarea id=field></textarea>")
    guest.page.locator("#field").focus()
    press, run_for = guest.page.keyboard.press, guest.page.clock.run_for

    press("x")
    fall_due(guest)
    for _ in range(199):
        press("x")
        run_for(50)
    assert guest.panel().count() == 0
    assert guest.page.evaluate(CARET) == ["field", "x" * 200, 200, 200]

    run_for(2900)
    assert guest.panel().count() == 0
    run_for(2000)
    guest.panel().wait_for()
    press("y")
    assert guest.page.evaluate(CARET) == ["field", "x" * 200 + "y", 201, 201]


def test_selecting_text_goes_on_while_the_panel_opens(scene, guest):
    given = scene()
    guest.page.goto(given.page("<p id=text>A line of text that somebody wants to copy</p>"))
    box = guest.page.locator("#text").bounding_box()
    middle = box["y"] + box["height"] / 2
    guest.page.mouse.move(box["x"] + 2, middle)
    guest.page.mouse.down()
    guest.page.mouse.move(box["x"] + 80, middle, steps=5)
    before = guest.page.evaluate("String(getSelection())")
    guest.wait()
    assert guest.page.evaluate("String(getSelection())") == before
    guest.page.mouse.move(box["x"] + 160, middle, steps=5)
    selected = guest.page.evaluate("String(getSelection())")
    guest.page.mouse.up()

    assert len(selected) > len(before) > 0
    assert guest.page.evaluate("String(getSelection())") == selected


@pytest.mark.parametrize("kind", BLOCKING)
def test_what_is_modal_in_the_page_comes_first(waiting, guest, kind):
    begin, end = BLOCKING[kind]
    waiting(
        "<dialog id=d>Modal</dialog><div id=m aria-modal=true role=dialog hidden>Modal</div>"
        f'<main id=f><button id=b onclick="{begin}">Begin</button></main>'
    )
    guest.page.locator("#b").click()
    if kind == "full screen":
        guest.page.wait_for_function("document.fullscreenElement", polling=50)

    fall_due(guest)
    guest.page.clock.run_for(5000)
    assert guest.panel().count() == 0
    guest.page.evaluate(end)
    if kind == "full screen":
        guest.page.wait_for_function("!document.fullscreenElement", polling=50)
    guest.page.clock.run_for(300)

    expect(guest.panel()).to_have_count(1)


def test_it_gives_up_on_a_page_that_is_never_quiet(waiting, guest):
    waiting("<dialog id=d open>Modal</dialog>")
    guest.page.evaluate("d.close(); d.showModal()")
    fall_due(guest)

    guest.page.clock.run_for(301_000)
    guest.page.evaluate("d.close()")
    guest.page.clock.run_for(5000)

    assert guest.panel().count() == 0


@pytest.mark.parametrize("size", [(1000, 700), (320, 568)], ids=["desk", "phone"])
def test_a_focused_control_of_the_page_is_not_left_under_the_panel(scene, guests, size):
    width, height = size
    guest = guests(viewport={"width": width, "height": height})
    controls = "".join(
        f"<button id={corner} style='position:fixed;{edge}:30px;{side}:40px'>x</button>"
        for corner in CORNERS
        for edge, side in [corner.split("-")]
    )
    guest.page.goto(scene(targeting={"triggers": []}).page(controls))
    guest.page.wait_for_function("window.zeroten?.loaded")

    for corner in CORNERS:
        guest.page.evaluate(
            "([content, options]) => zeroten('preview', content, options)",
            [NPS, {"theme": {"position": corner}}],
        )
        control = guest.page.locator(f"#{corner}")
        assert not control.evaluate(VISIBLE)
        for each in (corner, *CORNERS):
            guest.page.locator(f"#{each}").focus()
            assert guest.page.locator(f"#{each}").evaluate(VISIBLE), (corner, each)
        guest.page.evaluate("document.activeElement.blur()")


def test_a_control_in_use_is_not_covered_by_a_panel_that_comes(waiting, guest):
    waiting("<button id=b style='position:fixed;bottom:40px;right:60px'>Save</button>")
    guest.page.locator("#b").click()
    fall_due(guest)

    guest.panel().locator("section").wait_for()

    assert guest.page.locator("#b").evaluate(VISIBLE)


def test_a_panel_that_would_hide_a_control_at_both_edges_folds_until_somebody_comes_to_it(
    scene, guests
):
    guest = guests(viewport={"width": 320, "height": 256})
    given = scene()
    guest.open(given.page("<button id=b style='position:fixed;top:120px;left:40px'>Save</button>"))
    control, scale = guest.page.locator("#b"), guest.panel().get_by_role("radiogroup")
    folded = guest.panel().locator("section.c")
    assert not control.evaluate(VISIBLE)

    control.focus()
    assert control.evaluate(VISIBLE)
    assert folded.count() == 1
    guest.page.evaluate("document.activeElement.blur()")
    guest.panel().get_by_role("heading").click()
    assert folded.count() == 0
    assert scale.evaluate("node => node.getBoundingClientRect().height") > 30

    control.focus()
    assert folded.count() == 1
    guest.panel().get_by_role("radio").nth(4).focus()
    guest.page.keyboard.press("4")
    assert folded.count() == 0
    guest.page.keyboard.press("Enter")
    eventually(lambda: [one["score"] for one in given.responses()] == [4])


def test_a_panel_that_fills_the_page_does_not_fold(scene, guest):
    guest.page.goto(scene(targeting={"triggers": []}).page("<button id=b>Save</button>"))
    guest.page.wait_for_function("window.zeroten?.loaded")
    guest.page.locator("#b").focus()

    draw(guest, *STATES["full"])

    assert guest.page.evaluate("document.activeElement.id") == "b"
    assert guest.panel().locator("section.c").count() == 0

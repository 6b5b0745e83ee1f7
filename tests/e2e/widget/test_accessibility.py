"""Everybody can answer: axe, the keyboard, small screens (WIDGET_BROWSER B4 to B8, B10, B12)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contracts.serving import ROOT, eventually
from tests.e2e.widget.conftest import NPS, picture

SNAPSHOTS = Path(__file__).parent / "snapshots"
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}, "region": {"enabled": False}},
}
ARABIC = {
    "default_language": "ar",
    "questions": NPS["questions"],
    "texts": {
        "ar": {
            "questions": {
                "score": {
                    "text": "ما مدى احتمال أن توصي بنا؟",
                    "low": "غير محتمل",
                    "high": "محتمل جدًا",
                },
                "why": {"text": "هل تخبرنا بالسبب؟"},
            },
            "thanks": {"text": "شكرًا لك!"},
        }
    },
}
CHOICES = {
    "default_language": "en",
    "questions": [
        {"id": "a", "kind": "choice", "options": ["x", "y"], "required": True},
        {"id": "b", "kind": "csat", "style": "faces"},
        {"id": "c", "kind": "rating", "style": "stars"},
    ],
    "texts": {
        "en": {
            "questions": {
                "a": {"text": "Which one?", "options": {"x": "First", "y": "Second"}},
                "b": {"text": "Satisfied?", "low": "No", "high": "Yes"},
                "c": {"text": "Rate it"},
            }
        }
    },
}
STATES = {
    "scale": (NPS, {}),
    "follow-up": (NPS, {"state": "why", "values": {"score": 3}}),
    "thanks": (NPS, {"state": "thanks", "values": {"score": 10}}),
    "error": (CHOICES, {"state": "error"}),
    "faces": (CHOICES, {"state": "b", "values": {"a": "x", "b": 4}}),
    "stars": (CHOICES, {"state": "c", "values": {"a": "x", "c": 3}}),
}
LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "narrow": {"viewport": {"width": 320, "height": 568}},
    "rtl": {"color_scheme": "light"},
    "rtl narrow dark": {"color_scheme": "dark", "viewport": {"width": 320, "height": 568}},
}
# Those that the guide shows.
PICTURES = {
    ("light", "scale"): "question",
    ("light", "follow-up"): "follow-up",
    ("light", "thanks"): "thanks",
    ("light", "error"): "choices",
    ("dark", "faces"): "faces-dark",
    ("dark", "scale"): "dark",
    ("narrow", "scale"): "phone",
    ("rtl", "scale"): "arabic",
}


def mirrored(content):
    """Return a survey from right to left; what has no Arabic words here keeps its own."""
    if content is NPS:
        return ARABIC
    return content | {"default_language": "ar", "texts": {"ar": content["texts"]["en"]}}


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_is_sure_of_it(scene, guests, look):
    given = scene(targeting={"triggers": []})
    guest = guests(**LOOKS[look])
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    guest.page.evaluate(AXE.read_text())
    is_mirrored = look.startswith("rtl")
    for name, (content, options) in STATES.items():
        guest.page.evaluate(
            "([content, options]) => zeroten('preview', content, options)",
            [mirrored(content) if is_mirrored else content, options],
        )
        guest.panel().get_by_role("heading").wait_for()
        guest.page.wait_for_timeout(350)
        direction = guest.panel().locator("section").get_attribute("dir")
        assert direction == ("rtl" if is_mirrored else "ltr")
        if name == "scale":
            assert guest.panel().get_by_role("radio").count() == 11

        if (look, name) in PICTURES:
            picture(guest, PICTURES[look, name])
        found = guest.page.evaluate("rules => axe.run('zeroten-survey', rules)", RULES)

        assert found["passes"], name
        for kind in ("violations", "incomplete"):
            told = [
                (one["id"], node["target"], node["any"][:1])
                for one in found[kind]
                for node in one["nodes"]
            ]
            assert told == [], f"{name}: {kind}"


def test_the_keyboard_alone_answers_and_arrows_commit_nothing(scene, guest):
    given = scene()
    guest.open(given.page("<button id=first>First</button>"))
    keyboard = guest.page.keyboard
    guest.panel().get_by_role("radio").first.focus()
    assert guest.panel().locator(":checked").count() == 0

    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    assert checked(guest) == "2"
    keyboard.press("ArrowLeft")
    assert checked(guest) == "1"
    keyboard.press("1")
    keyboard.press("0")
    assert checked(guest) == "10"
    keyboard.press("9")
    assert checked(guest) == "9"
    assert [one["state"] for one in given.responses()] in ([], ["shown"])

    keyboard.press("Enter")
    assert guest.heading() == "What do you value most?"
    assert (
        guest.page.evaluate("document.querySelector('zeroten-survey').shadowRoot.activeElement.id")
        == "h"
    )
    keyboard.press("Tab")
    keyboard.type("Typed")
    keyboard.press("Control+Enter")
    assert guest.heading() == "Thank you!"
    keyboard.press("Escape")

    assert guest.panel().count() == 0
    eventually(lambda: given.responses()[0]["state"] == "completed")
    assert [(one["score"], one["comment"]) for one in given.responses()] == [(9, "Typed")]


def test_a_score_the_keyboard_rests_on_is_saved_without_moving_on(scene, guest):
    given = scene()
    guest.open(given.page())
    guest.panel().get_by_role("radio").first.focus()

    guest.page.keyboard.press("7")

    eventually(lambda: [one["score"] for one in given.responses()] == [7], within_s=5)
    assert guest.panel().get_by_role("radio").count() == 11
    guest.button("Next").click()
    assert guest.heading() == "What would make it a 10?"


def test_what_assistive_technology_hears(scene, guest):
    given = scene()
    guest.open(given.page())

    snapshot = guest.panel().aria_snapshot()

    assert 'region "How likely are you to recommend us to a colleague?"' in snapshot
    assert 'heading "How likely are you to recommend us to a colleague?" [level=2]' in snapshot
    assert 'radiogroup "How likely are you to recommend us to a colleague?"' in snapshot
    assert 'radio "0 , Not at all likely"' in snapshot or 'radio "0, Not at all likely"' in snapshot
    assert 'radio "5"' in snapshot
    eventually(
        lambda: "A short survey has opened" in guest.panel().get_by_role("status").inner_text()
    )


@pytest.mark.parametrize("state", ["scale", "follow-up", "thanks", "error"])
def test_each_state_is_read_out_as_before(scene, guest, state):
    content, options = STATES[state]
    given = scene(targeting={"triggers": []})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    guest.page.evaluate(
        "([content, options]) => zeroten('preview', content, options)", [content, options]
    )
    guest.page.wait_for_timeout(400)

    heard = guest.panel().aria_snapshot()

    assert heard + "\n" == (SNAPSHOTS / f"{state}.yaml").read_text()


def test_typing_in_the_page_is_never_disturbed(scene, guest):
    given = scene()
    guest.page.goto(given.page("<textarea id=field autofocus></textarea>"))
    guest.page.locator("#field").focus()

    guest.page.keyboard.type("x" * 100, delay=40)
    assert guest.panel().count() == 0
    assert guest.page.locator("#field").input_value() == "x" * 100

    guest.page.wait_for_timeout(2000)
    assert guest.panel().count() == 0
    guest.panel().wait_for()
    guest.page.keyboard.type("y")
    assert guest.page.locator("#field").input_value() == "x" * 100 + "y"


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


def test_keys_belong_to_the_page_unless_focus_is_in_the_panel(scene, guest):
    given = scene()
    guest.open(
        given.page(
            "<input id=field><script>keys=[];document.addEventListener('keydown',"
            "e=>keys.push(e.key))</script>"
        )
    )
    guest.page.locator("#field").focus()
    for key in ("Escape", "Enter", "Tab"):
        guest.page.keyboard.press(key)
    assert guest.page.evaluate("keys") == ["Escape", "Enter", "Tab"]
    assert guest.panel().count() == 1

    guest.panel().get_by_role("radio").first.focus()
    guest.page.keyboard.press("s")
    guest.page.keyboard.press("Escape")

    assert guest.panel().count() == 0
    assert guest.page.evaluate("keys") == ["Escape", "Enter", "Tab"]


def test_a_modal_dialog_of_the_page_comes_first(scene, guest):
    given = scene()
    guest.page.goto(given.page("<dialog id=d>Modal</dialog><script>d.showModal()</script>"))
    guest.page.wait_for_timeout(1200)
    assert guest.panel().count() == 0

    guest.page.evaluate("d.close()")

    guest.wait()


def test_a_focused_control_of_the_page_is_not_left_under_the_panel(scene, guest):
    given = scene()
    guest.open(
        given.page("<button style='position:fixed;right:60px;bottom:60px' id=under>x</button>")
    )

    guest.page.locator("#under").focus()

    panel, button = guest.panel().bounding_box(), guest.page.locator("#under").bounding_box()
    assert panel["y"] + panel["height"] < button["y"]


@pytest.mark.parametrize("content", [NPS, ARABIC], ids=["english", "arabic"])
def test_a_very_small_screen_clips_nothing(scene, guests, content):
    given = scene(content)
    guest = guests(viewport={"width": 320, "height": 256})
    guest.page.goto(given.page())
    guest.wait()
    widths = "node => [node.scrollWidth, node.clientWidth]"

    scrolled, client = guest.panel().locator("section").evaluate(widths)
    assert scrolled <= client
    assert guest.page.evaluate("document.documentElement.scrollWidth") <= 320
    for radio in guest.panel().get_by_role("radio").all():
        box = radio.bounding_box()
        assert box["width"] >= 24 and box["height"] >= 24
    box = guest.panel().bounding_box()
    assert box["y"] >= 0 and box["height"] <= 256


def checked(guest):
    return guest.panel().locator(":checked").get_attribute("value")

"""Every state, for everybody: axe and what is read out in which order (WIDGET_BROWSER B4, B6)."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.contracts.serving import ROOT
from tests.e2e.widget.guest import picture
from tests.e2e.widget.states import STATES, draw, mirrored, stage

SNAPSHOTS = Path(__file__).parent / "snapshots"
AXE = ROOT / "widget" / "node_modules" / "axe-core" / "axe.min.js"
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}, "region": {"enabled": False}},
}
# Without motion a state is at once what it will be.
STILL = {"reduced_motion": "reduce"}
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
    ("light", "inline"): "inline",
    ("light", "full"): "full-page",
    ("dark", "faces"): "faces-dark",
    ("dark", "scale"): "dark",
    ("narrow", "scale"): "phone",
    ("rtl", "scale"): "arabic",
}
FOCUSED = """() => {
  const {activeElement} = document.querySelector('zeroten-survey').shadowRoot;
  return activeElement && (activeElement.ariaLabel || activeElement.closest('label')?.textContent
    || activeElement.textContent || activeElement.localName);
}"""


def assert_axe_is_content(guest, state):
    found = guest.page.evaluate("rules => axe.run('zeroten-survey', rules)", RULES)
    assert found["passes"], state
    for kind in ("violations", "incomplete"):
        told = [
            (one["id"], node["target"], node["any"][:1])
            for one in found[kind]
            for node in one["nodes"]
        ]
        assert told == [], f"{state}: {kind}"


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_is_sure_of_it(scene, guests, look):
    guest = guests(**LOOKS[look], **STILL)
    stage(guest, scene(targeting={"triggers": []}))
    guest.page.evaluate(AXE.read_text())
    is_mirrored = look.startswith("rtl")
    for name, (content, options) in STATES.items():
        draw(guest, mirrored(content) if is_mirrored else content, options)
        direction = guest.panel().locator("section").get_attribute("dir")
        assert direction == ("rtl" if is_mirrored else "ltr")
        if name == "scale":
            assert guest.panel().get_by_role("radio").count() == 11

        if (look, name) in PICTURES:
            picture(guest, PICTURES[look, name])
        assert_axe_is_content(guest, name)


def test_axe_finds_nothing_in_what_was_opened_by_hand_and_answered_offline(scene, guests):
    given = scene(targeting={"triggers": []})
    guest = guests(**STILL)
    guest.expect_trouble()  # The browser tells of the failed requests.
    stage(guest, given)
    guest.page.evaluate(AXE.read_text())
    guest.page.evaluate("void zeroten('open')")
    guest.wait()
    assert guest.panel().get_by_role("dialog").count() == 1
    assert_axe_is_content(guest, "dialog")

    guest.page.context.set_offline(True)
    guest.score(2)
    assert_axe_is_content(guest, "follow-up offline")
    guest.button("Send").click()
    assert guest.heading() == "Thank you!"
    assert_axe_is_content(guest, "thanks offline")


@pytest.mark.parametrize("state", STATES)
def test_each_state_is_read_out_as_before(scene, guest, state):
    stage(guest, scene(targeting={"triggers": []}))
    draw(guest, *STATES[state])
    expect(guest.panel().get_by_role("status")).not_to_be_empty()

    heard = guest.panel().aria_snapshot()

    assert heard + "\n" == (SNAPSHOTS / f"{state}.yaml").read_text()


def test_a_survey_of_the_server_is_read_out_with_its_ends_and_announced(scene, guest):
    guest.open(scene().page())

    snapshot = guest.panel().aria_snapshot()

    question = "How likely are you to recommend us to a colleague?"
    for role in ("region", "heading", "radiogroup"):
        assert f'{role} "{question}"' in snapshot
    assert guest.panel().get_by_role("radio", name="0 , Not at all likely").count() == 1
    expect(guest.panel().get_by_role("status")).to_have_text(
        "A short survey has opened at the end of the page"
    )


@pytest.mark.parametrize(
    "state, stops",
    [
        ("scale", ["0, Not at all likely", "Ask me later", "Close"]),
        ("follow-up", ["textarea", "Back", "Send", "Close"]),
        ("thanks", ["Write a review", "Close"]),
        ("choice", ["First", "Next", "Close"]),
        ("choices", ["The API", "The dashboard", "The command line", "Back", "Next", "Close"]),
        ("faces", ["4", "Back", "Next", "Close"]),
        ("stars", ["3", "Back", "Next", "Close"]),
        ("words", ["textarea", "Back", "Send", "Close"]),
        ("full", ["The API", "The dashboard", "The command line", "Back", "Next", "Close"]),
    ],
)
def test_the_tab_key_goes_through_a_state_in_the_order_it_is_read(scene, guest, state, stops):
    stage(guest, scene(targeting={"triggers": []}))
    draw(guest, *STATES[state])
    guest.page.evaluate("document.querySelector('zeroten-survey').tabIndex = -1")
    guest.panel().focus()
    reached = []

    for _ in range(len(stops) + 1):
        guest.page.keyboard.press("Tab")
        reached.append(guest.page.evaluate(FOCUSED))

    # After the last stop the browser's own controls follow: the panel is no trap.
    assert reached == [*stops, None]

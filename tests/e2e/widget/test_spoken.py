"""What a screen reader says of the panel, in its order, by a virtual one (WIDGET_BROWSER, 9)."""

from __future__ import annotations

import pytest

from tests.contracts.serving import ROOT
from tests.e2e.widget.states import STATES, draw, stage

READER = ROOT / "widget/node_modules/@guidepup/virtual-screen-reader/lib/esm/index.browser.js"
# From the panel's beginning to its end, as with the reader's key for "next".
READ = """async () => {
  const {virtual} = await import('/reader.js');
  const container = document.querySelector('zeroten-survey').shadowRoot.querySelector('section');
  await virtual.start({container});
  for (let step = 0; step < 60; step++) {
    await virtual.next();
    if ((await virtual.lastSpokenPhrase()).startsWith('end of region')) break;
  }
  const said = await virtual.spokenPhraseLog();
  await virtual.stop();
  return said;
}"""
QUESTION = "How likely are you to recommend us to a colleague?"
ENDS = {0: " , Not at all likely", 10: " , Extremely likely"}
SPOKEN = {
    "scale": [
        f"region, {QUESTION}",
        f"heading, {QUESTION}, level 2",
        f"radiogroup, {QUESTION}",
        *(
            f"radio, {score}{ENDS.get(score, '')}, not checked, position {score + 1}, set size 11"
            for score in range(11)
        ),
        "button, Ask me later",
        "button, Close",
        "status",
    ],
    "follow-up": [
        "region, What should we do better?",
        "heading, What should we do better?, level 2",
        "textbox, What should we do better?",
        "button, Back",
        "button, Send",
        "button, Close",
        "status",
    ],
    "error": [
        "region, Which one?",
        "image, Question 1 of 6",
        "heading, Which one?, level 2",
        "radiogroup, Which one?, Please answer this question.",
        "radio, First, not checked, position 1, set size 2",
        "radio, Second, not checked, position 2, set size 2",
        "alert",
        "button, Next",
        "button, Close",
        "status",
    ],
    "thanks": [
        "region, Thank you!",
        "heading, Thank you!, level 2",
        "link, Write a review",
        "button, Close",
        "status",
    ],
}
ROLES = {phrase.split(",")[0] for phrases in SPOKEN.values() for phrase in phrases}


@pytest.mark.parametrize("state", SPOKEN)
def test_a_screen_reader_hears_question_answer_buttons_and_then_the_way_out(scene, guest, state):
    given = scene(targeting={"triggers": []})
    given.host.pages["/reader.js"] = (READER.read_text(), {"Content-Type": "text/javascript"})
    stage(guest, given)
    draw(guest, *STATES[state])

    said = guest.page.evaluate(READ)

    # Between them it reads texts once more by themselves, and says where a group ends.
    assert [phrase for phrase in said if phrase.split(",")[0] in ROLES] == SPOKEN[state]

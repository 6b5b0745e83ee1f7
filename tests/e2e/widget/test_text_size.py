"""Small screens, large text, wide spacing, long words (WIDGET_BROWSER B12, B31)."""

from __future__ import annotations

import pytest

from tests.e2e.widget.guest import picture
from tests.e2e.widget.scene import NPS
from tests.e2e.widget.states import STATES, draw, mirrored, stage

# WCAG 1.4.12, as the bookmarklets for it write it into every tree.
SPACING = (
    "*{line-height:1.5!important;letter-spacing:.12em!important;word-spacing:.16em!important}"
    "p{margin-bottom:2em!important}"
)
SPACED = """rules => {
  const {shadowRoot} = document.querySelector('zeroten-survey');
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(rules);
  shadowRoot.adoptedStyleSheets = [...shadowRoot.adoptedStyleSheets, sheet];
}"""
# What is cut off, sticks out or is too small to hit.
FAULTS = """() => {
  const host = document.querySelector('zeroten-survey');
  const section = host.shadowRoot.querySelector('section');
  const faults = [];
  const outer = section.getBoundingClientRect();
  if (document.documentElement.scrollWidth > innerWidth) faults.push('page scrolls sideways');
  if (section.scrollWidth > section.clientWidth) faults.push('panel scrolls sideways');
  if (outer.top < -1 || outer.left < -1 || outer.right > innerWidth + 1
    || (section.clientHeight > innerHeight + 1)) faults.push('outside the screen');
  for (const node of section.querySelectorAll('*')) {
    const style = getComputedStyle(node);
    if (node.closest('.v') || node.closest('svg') || style.display === 'none') continue;
    const name = `${node.localName}.${node.className}: ${node.textContent.slice(0, 30)}`;
    if (style.overflow !== 'visible' && node.localName !== 'textarea'
      && (node.scrollWidth > node.clientWidth + 1 || node.scrollHeight > node.clientHeight + 1))
      faults.push(`cut off: ${name}`);
    const range = document.createRange();
    const box = node.getBoundingClientRect();
    for (const child of node.childNodes) {
      if (child.nodeType !== 3 || !child.data.trim()) continue;
      range.selectNodeContents(child);
      const text = range.getBoundingClientRect();
      const cell = (node.closest('label, button, a') || section).getBoundingClientRect();
      if (text.left < cell.left - 1 || text.right > cell.right + 1
        || (cell !== outer && text.bottom > cell.bottom + 1 && node.closest('label, button, a')))
        faults.push(`sticks out: ${name}`);
    }
    if (node.matches('button, a, label, textarea') && (box.width < 24 || box.height < 24))
      faults.push(`too small: ${name} ${box.width} x ${box.height}`);
  }
  return faults;
}"""
LARGE = "<style>zeroten-survey{--zt-scale:2}</style>"
SIZES = {
    "400 % zoom": ({"width": 320, "height": 256}, "", ""),
    "200 % zoom": ({"width": 500, "height": 350}, "", ""),
    "200 % text": ({"width": 1000, "height": 700}, LARGE, ""),
    "200 % text in half a screen": ({"width": 640, "height": 700}, LARGE, ""),
    "text spacing": ({"width": 1000, "height": 700}, "", SPACING),
    "text spacing on a phone": ({"width": 320, "height": 568}, "", SPACING),
}
LANGUAGES = {
    "de": {
        "questions": {
            "score": {
                "text": "Wie wahrscheinlich ist es, dass Sie unsere"
                " Rechnungsverarbeitungssoftware weiterempfehlen?",
                "low": "Äußerst unwahrscheinlich",
                "high": "Äußerst wahrscheinlich",
            },
            "why": {"text": "Welche Geschwindigkeitsbeschränkungen stören Sie?"},
        },
        "thanks": {"text": "Vielen Dank für Ihre Verbesserungsvorschläge!"},
    },
    "he": {
        "questions": {
            "score": {
                "text": "מה הסיכוי שתמליצו עלינו לעמית?",
                "low": "כלל לא סביר",
                "high": "סביר מאוד",
            },
            "why": {"text": "למה?"},
        },
        "thanks": {"text": "תודה!"},
    },
    "ja": {
        "questions": {
            "score": {
                "text": "同僚や友人に当社をすすめる可能性はどのくらいありますか。",
                "low": "まったくすすめない",
                "high": "強くすすめたい",
            },
            "why": {"text": "その理由をお聞かせください。"},
        },
        "thanks": {"text": "ありがとうございました。"},
    },
    "ar": mirrored(NPS)["texts"]["ar"],
}
WORDS = {"de": "Später fragen", "he": "לשאול אותי אחר כך", "ja": "後で回答する"}


@pytest.mark.parametrize("size", SIZES)
def test_nothing_is_clipped_and_everything_can_be_hit(scene, guests, size):
    viewport, head, spacing = SIZES[size]
    guest = guests(viewport=viewport, reduced_motion="reduce")
    stage(guest, scene(targeting={"triggers": []}), head)
    for name, (content, options) in STATES.items():
        draw(guest, content, options)
        if spacing:
            guest.page.evaluate(SPACED, spacing)

        assert guest.page.evaluate(FAULTS) == [], name


@pytest.mark.parametrize("head", ["", LARGE], ids=["text", "200 % text"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits(scene, guests, language, head):
    guest = guests(viewport={"width": 800, "height": 700}, reduced_motion="reduce")
    stage(guest, scene(targeting={"triggers": []}), head)
    content = {**NPS, "default_language": language, "texts": {language: LANGUAGES[language]}}
    for state in ("score", "why", "thanks"):
        draw(guest, content, {"state": state, "values": {"score": 8}})
        if language == "de" and head and state == "score":
            picture(guest, "german-200-percent")
        assert guest.page.evaluate(FAULTS) == [], state


@pytest.mark.parametrize("language", ["de", "he", "ja"])
def test_a_page_in_a_language_gets_all_of_the_panel_in_it(scene, guest, language):
    given = scene({**NPS, "texts": {**NPS["texts"], language: LANGUAGES[language]}})
    switch = f"<script>document.documentElement.lang = '{language}'</script>"

    guest.open(given.page(head=switch))

    section = guest.panel().locator("section")
    direction = "rtl" if language == "he" else "ltr"
    assert (section.get_attribute("lang"), section.get_attribute("dir")) == (language, direction)
    assert guest.heading() == LANGUAGES[language]["questions"]["score"]["text"]
    assert guest.button(WORDS[language]).count() == 1
    first, last = (guest.panel().get_by_role("radio").nth(at).bounding_box() for at in (0, 10))
    assert (first["x"] > last["x"]) == (language == "he")
    guest.score(6)
    assert guest.heading() == LANGUAGES[language]["questions"]["why"]["text"]


def test_a_page_in_another_language_gets_all_of_it_in_the_survey_s_own(scene, guest):
    content = {**NPS, "default_language": "de", "texts": {"de": LANGUAGES["de"]}}
    given = scene({**content, "texts": {**content["texts"], "ja": LANGUAGES["ja"]}})

    guest.open(given.page(head="<script>document.documentElement.lang = 'fi'</script>"))

    assert guest.panel().locator("section").get_attribute("lang") == "de"
    assert guest.heading() == LANGUAGES["de"]["questions"]["score"]["text"]
    assert guest.button("Später fragen").count() == 1

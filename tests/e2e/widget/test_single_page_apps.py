"""Pages that do not reload (WIDGET_BROWSER B20)."""

from __future__ import annotations

import pytest

from tests.e2e.widget.scene import NPS


def go(guest, path):
    guest.page.evaluate("path => history.pushState({}, '', path)", path)


def test_page_rules_are_judged_on_every_path(scene, guest):
    given = scene(targeting={"pages": ["/reports/*"]})
    guest.page.goto(given.page(path="/home"))
    guest.page.wait_for_timeout(600)
    assert guest.panel().count() == 0
    assert given.decisions() == 0

    go(guest, "/reports/7")

    guest.wait()


def test_an_untouched_panel_leaves_with_its_page_and_a_touched_one_stays(scene, guests):
    for touched in (False, True):
        given = scene(targeting={"pages": ["/reports/*"]})
        guest = guests()
        guest.open(given.page(path="/reports/1"))
        if touched:
            guest.score(5)
            guest.panel().get_by_role("textbox").fill("Half a thought")

        go(guest, "/home")
        guest.page.wait_for_timeout(300)

        assert guest.panel().count() == int(touched)
        if touched:
            assert guest.panel().get_by_role("textbox").input_value() == "Half a thought"


def test_a_delay_of_the_page_before_does_not_fire_later(scene, guest):
    triggers = [{"type": "page_load", "delay_ms": 700}]
    given = scene(targeting={"pages": ["/reports/*"], "triggers": triggers})
    guest.page.goto(given.page(path="/reports/1"))
    guest.page.wait_for_function("window.zeroten")

    go(guest, "/home")
    guest.page.wait_for_timeout(1200)

    assert guest.panel().count() == 0


def test_the_same_panel_comes_back_when_the_body_is_replaced(scene, guest):
    given = scene()
    guest.open(given.page()).score(4)
    guest.panel().get_by_role("textbox").fill("Kept")

    guest.page.evaluate("document.body = document.body.cloneNode(false)")
    guest.page.wait_for_timeout(200)

    assert guest.panel().get_by_role("textbox").input_value() == "Kept"


def test_a_page_that_keeps_throwing_it_out_wins(scene, guest):
    given = scene()
    guest.open(given.page()).score(4)
    guest.panel().get_by_role("textbox").fill("Kept")

    texts = guest.page.evaluate(
        """async () => {
          const texts = [];
          for (let removal = 1; removal <= 10; removal++) {
            document.querySelector('zeroten-survey')?.remove();
            await new Promise(done => setTimeout(done));
            const back = document.querySelector('zeroten-survey');
            texts.push(back && back.shadowRoot.querySelector('textarea').value);
          }
          return texts;
        }"""
    )

    assert texts == ["Kept"] * 5 + [None] * 5


@pytest.mark.parametrize("api", ["navigation", "without"])
def test_rules_are_judged_again_however_the_path_changes(scene, guest, api):
    given = scene(targeting={"pages": ["/reports/*"]})
    reasons = (
        "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};seen=[];"
        "zeroten('on','not_shown',()=>seen.push(location.pathname));"
        f"{'' if api == 'navigation' else 'delete window.navigation'}</script>"
    )
    guest.page.goto(given.page(path="/home", head=reasons))
    guest.page.wait_for_function("seen.includes('/home')")
    for change, path in (
        ("history.pushState({}, '', '/a')", "/a"),
        ("history.replaceState({}, '', '/b')", "/b"),
        ("history.back()", "/home"),
        ("location.hash = 'part'; history.pushState({}, '', '/c')", "/c"),
    ):
        guest.page.evaluate("void (seen = [])")
        guest.page.evaluate(f"void ({change.replace(';', ',')})")
        guest.page.wait_for_function("path => seen.includes(path)", arg=path)
    assert (guest.panel().count(), given.decisions()) == (0, 0)

    guest.page.evaluate("history.replaceState({}, '', '/reports/7')")

    guest.wait()
    assert given.decisions() == 1


def test_a_survey_speaks_the_language_of_the_page_and_switches(scene, guest):
    content = {**NPS, "texts": {**NPS["texts"], "de": german()}}
    given = scene(content)
    guest.page.goto(given.page(head="<script>document.documentElement.lang='de-AT'</script>"))
    guest.wait()
    assert guest.heading() == "Wie wahrscheinlich?"
    assert guest.panel().locator("section").get_attribute("lang") == "de"

    guest.page.evaluate("zeroten('locale', 'en')")

    question = "How likely are you to recommend us to a colleague?"
    guest.panel().get_by_role("heading", name=question).wait_for()
    assert guest.panel().locator("section").get_attribute("lang") == "en"


def german():
    return {
        "questions": {"score": {"text": "Wie wahrscheinlich?"}, "why": {"text": "Warum?"}},
        "thanks": {"text": "Danke!"},
    }

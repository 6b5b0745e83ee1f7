"""What a page asks of the widget by `zeroten(…)`, and hears from it."""

from __future__ import annotations

import copy

from tests.contracts.serving import eventually
from tests.e2e.widget.scene import NPS


def test_an_event_of_the_page_arms_a_survey(scene, guest):
    given = scene(targeting={"triggers": [{"type": "event", "name": "export_done"}]})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    guest.page.evaluate("zeroten('track', 'something_else')")
    guest.page.wait_for_timeout(500)
    assert guest.panel().count() == 0

    guest.page.evaluate("zeroten('track', 'export_done')")

    guest.wait()


def test_a_survey_opened_by_hand_takes_focus_and_gives_it_back(scene, guest):
    given = scene(targeting={"triggers": []})
    guest.page.goto(given.page("<button id=b onclick=\"zeroten('open')\">Feedback</button>"))
    guest.page.wait_for_function("window.zeroten")
    guest.page.locator("#b").click()
    guest.wait()
    assert guest.page.evaluate("document.activeElement.localName") == "zeroten-survey"
    assert guest.panel().get_by_role("dialog").count() == 1

    guest.page.keyboard.press("Escape")

    assert guest.panel().count() == 0
    assert guest.page.evaluate("document.activeElement.id") == "b"


def test_a_preview_sends_nothing(scene, guest):
    given = scene(targeting={"triggers": []})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    posts = []
    guest.page.on("request", lambda one: posts.append(one.url) if one.method == "POST" else None)

    guest.page.evaluate("content => zeroten('preview', content)", NPS)
    guest.wait().score(9)
    guest.button("Send").click()
    assert guest.heading() == "Thank you!"
    guest.button("Close").click()

    assert posts == []
    assert given.decisions() == 0


def test_listeners_hear_what_happens_in_order(scene, guest):
    given = scene()
    guest.page.goto(
        given.page(
            "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};heard=[];"
            "for (const name of ['ready','shown','scored','completed','closed','error'])"
            " zeroten('on', name, () => heard.push(name));"
            "zeroten('on', 'shown', () => { throw new Error('the page has a bug') })</script>"
        )
    )
    guest.wait().score(7)
    guest.button("Send").click()
    guest.button("Close").click()

    assert guest.page.evaluate("heard") == ["ready", "shown", "scored", "completed", "closed"]


def test_each_survey_is_asked_for_with_what_armed_it(scene, guest):
    given = scene()
    content = copy.deepcopy(NPS)
    content["texts"]["en"]["questions"]["score"]["text"] = "Exported well?"
    by_event = {"triggers": [{"type": "event", "name": "export_done"}]}
    given.survey(content, targeting=by_event, priority=5)
    first, second = given.survey_ids
    asked = []
    guest.page.on(
        "request", lambda one: asked.append(one.post_data_json) if "decide" in one.url else None
    )
    url = given.page(
        "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
        "zeroten('track','export_done')</script>"
    )

    guest.open(url)

    assert sorted(asked[0]["candidates"]) == sorted(given.survey_ids)
    assert asked[0]["triggers"] == {
        first: {"type": "page_load"},
        second: {"type": "event", "name": "export_done"},
    }
    assert guest.heading() == "Exported well?"


def test_a_published_survey_is_previewed_by_its_id(scene, guest):
    given = scene(targeting={"triggers": []})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")

    drawn = guest.page.evaluate("id => zeroten('preview', id)", given.survey_ids[0])

    assert drawn is True
    assert guest.heading() == "How likely are you to recommend us to a colleague?"
    assert guest.page.evaluate("zeroten('preview', 'srv_none')") is False
    assert given.decisions() == 0


def test_a_survey_with_the_layout_inline_stands_in_the_page_s_own_element(scene, guest):
    content = copy.deepcopy(NPS) | {"theme": {"layout": "inline"}}
    given = scene(content, targeting={"triggers": []})
    guest.page.goto(given.page("<aside id=feedback></aside>"))
    guest.page.wait_for_function("window.zeroten?.loaded")

    guest.page.evaluate("id => void zeroten('open', id, {into: '#feedback'})", given.survey_ids[0])
    guest.wait().score(7)

    place, panel = guest.page.locator("#feedback").bounding_box(), guest.panel().bounding_box()
    assert guest.page.locator("#feedback > zeroten-survey").count() == 1
    assert (panel["x"], panel["y"]) == (place["x"], place["y"])
    guest.button("Send").click()
    eventually(lambda: [one["state"] for one in given.responses()] == ["completed"])


def test_signing_out_forgets_the_person_and_still_sends_what_they_answered(scene, guest):
    guest.expect_trouble()  # The browser tells of the lost network.
    given = scene(targeting={"triggers": [{"type": "event", "name": "go"}]})
    guest.page.goto(given.page())
    guest.page.wait_for_function("window.zeroten")
    guest.page.evaluate("zeroten('track', 'go')")
    guest.wait()
    guest.page.context.route("**/v1/responses", lambda route: route.abort())
    guest.score(6)
    guest.panel().get_by_role("heading", name="What should we do better?").wait_for()

    guest.page.evaluate("void zeroten('reset')")

    kept = guest.page.evaluate("Object.keys(localStorage).map(key => key.split('.').pop())")
    assert kept == ["queue"]
    guest.page.context.unroute("**/v1/responses")
    eventually(lambda: [one["score"] for one in given.responses()] == [6])

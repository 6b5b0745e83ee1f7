"""A question asked in a page, and the answer on the server."""

from __future__ import annotations

import copy

from tests.contracts.serving import eventually
from tests.e2e.widget.conftest import NPS

RICH = {
    "default_language": "en",
    "questions": [
        {"id": "sat", "kind": "csat", "style": "faces"},
        {"id": "stars", "kind": "rating", "style": "stars", "max": 5},
        {"id": "role", "kind": "choice", "options": ["dev", "ops"], "required": True},
        {"id": "tools", "kind": "choices", "options": ["api", "ui", "cli"], "min": 1, "max": 2},
        {
            "id": "why",
            "kind": "text",
            "show_if": {"question": "sat", "band": ["dissatisfied"]},
            "required": True,
        },
    ],
    "texts": {
        "en": {
            "questions": {
                "sat": {"text": "Satisfied?", "low": "No", "high": "Yes"},
                "stars": {"text": "Rate it"},
                "role": {"text": "Role?", "options": {"dev": "Developer", "ops": "Operator"}},
                "tools": {
                    "text": "Tools?",
                    "options": {"api": "The API", "ui": "The dashboard", "cli": "The CLI"},
                },
                "why": {"text": "What went wrong?"},
            },
            "thanks": {"text": "Thanks a lot"},
        }
    },
}


def test_a_score_and_a_comment_arrive_once_with_their_page_and_role(scene, guest):
    given = scene()
    url = given.page(
        "<script>window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
        "zeroten('identify','u-1',{traits:{role:'admin'}})</script>",
        path="/reports/42",
    )

    guest.open(url).score(9)
    assert guest.heading() == "What do you value most?"
    guest.page.keyboard.type("Exports that work")
    guest.button("Send").click()
    assert guest.heading() == "Thank you!"
    assert guest.panel().get_by_role("link").get_attribute("href") == "https://example.com/review"

    stored = eventually(
        lambda: [one for one in given.responses() if one["state"] == "completed"], within_s=5
    )
    assert len(given.responses()) == 1
    assert {name: stored[0][name] for name in ("score", "comment", "page", "role", "language")} == {
        "score": 9,
        "comment": "Exports that work",
        "page": "/reports/:id",
        "role": "admin",
        "language": "en",
    }
    guest.button("Close").click()
    assert guest.panel().count() == 0


def test_a_score_without_a_comment_is_saved_on_the_click(scene, guest):
    given = scene()

    guest.open(given.page()).score(0)

    eventually(lambda: [one["score"] for one in given.responses()] == [0])
    assert guest.heading() == "What should we do better?"


def test_going_back_corrects_the_score(scene, guest):
    given = scene()

    guest.open(given.page()).score(2)
    guest.button("Back").click()
    guest.page.wait_for_timeout(100)
    guest.score(8)

    assert guest.heading() == "What would make it a 10?"
    eventually(lambda: [one["score"] for one in given.responses()] == [8])


def test_closing_declines_and_later_is_later(scene, guests):
    for name, state in (("Close", "declined"), ("Ask me later", "later")):
        given = scene()
        guest = guests()
        guest.open(given.page()).button(name).click()

        assert guest.panel().count() == 0
        eventually(lambda given=given, state=state: given.responses()[0]["state"] == state)


def test_a_declined_survey_is_not_asked_again_on_the_next_page(scene, guest):
    given = scene()
    url = given.page()
    guest.open(url).button("Close").click()
    eventually(lambda: given.responses()[0]["state"] == "declined")

    guest.page.goto(url)
    guest.page.wait_for_timeout(1000)

    assert guest.panel().count() == 0
    assert given.decisions() == 1


def test_every_kind_of_question_can_be_answered(scene, guest):
    given = scene(RICH)

    guest.open(given.page()).score(0)
    guest.panel().get_by_role("heading", name="Rate it").wait_for()
    guest.score(3)
    guest.button("Next").click()
    assert "answer" in guest.panel().get_by_role("alert").inner_text()
    guest.panel().get_by_label("Operator").click()
    guest.button("Next").click()
    for label in ("The API", "The dashboard", "The CLI"):
        guest.panel().get_by_label(label).click()
    guest.button("Next").click()
    assert "2" in guest.panel().get_by_role("alert").inner_text()
    guest.panel().get_by_label("The CLI").click()
    guest.button("Next").click()
    assert guest.heading() == "What went wrong?"
    guest.button("Send").click()
    assert guest.panel().get_by_role("alert").inner_text()
    guest.panel().get_by_role("textbox").fill("All of it")
    guest.button("Send").click()
    assert guest.heading() == "Thanks a lot"

    eventually(lambda: given.responses()[0]["state"] == "completed")
    stored = given.responses()[0]
    assert (stored["score"], stored["comment"]) == (1, "All of it")
    assert stored["answers"] == {"stars": 4, "role": "ops", "tools": ["api", "ui"]}


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

"""A question asked in a page, and the answer on the server."""

from __future__ import annotations

from tests.contracts.serving import eventually

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
        eventually(
            lambda given=given, state=state: [one["state"] for one in given.responses()] == [state]
        )


def test_a_declined_survey_is_not_asked_again_on_the_next_page(scene, guest):
    given = scene()
    url = given.page()
    guest.open(url).button("Close").click()
    eventually(lambda: [one["state"] for one in given.responses()] == ["declined"])

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

    eventually(lambda: [one["state"] for one in given.responses()] == ["completed"])
    stored = given.responses()[0]
    assert (stored["score"], stored["comment"]) == (1, "All of it")
    assert stored["answers"] == {"stars": 4, "role": "ops", "tools": ["api", "ui"]}

"""Writing a survey by forms alone: words, questions, branching, looks; nothing gets lost."""

from __future__ import annotations

import copy
import html
import json
import re

import pytest

from backend.domain.errors import InvalidRequestError
from backend.domain.survey_templates import TEMPLATES
from backend.services import surveys
from backend.storage.models import Survey
from backend.web import content_form
from tests.web.conftest import words

NPS = TEMPLATES["nps"].content
FEATURE = TEMPLATES["feature"].content


def fields_of(page):
    """Return what a browser would send of the editor's form, buttons aside."""
    form = page[page.index('id="editor"') :]
    found = {}
    for tag in re.findall(r"<input [^>]*>", form):
        given = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if given.get("type") != "checkbox" or " checked" in tag:
            found[given.get("name")] = html.unescape(given.get("value", ""))
    for name, inner in re.findall(
        r'<textarea [^>]*name="([^"]+)"[^>]*>(.*?)</textarea>', form, re.S
    ):
        found[name] = html.unescape(inner)
    for name, inner in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option value="([^"]*)" selected', inner)
        first = re.search(r'<option(?: value="([^"]*)")?>', inner)
        found[name] = html.unescape((chosen or first)[1] or "")
    return found


@pytest.fixture
def drafted(visit, db):
    """An admin, a drafted survey's id, and how it is stored."""
    visitor = visit("admin")
    location = visitor.send("/surveys", on="/surveys", name="Mine", template="nps").location
    survey_id = location.split("/")[2]

    def stored():
        with db.read() as session:
            return surveys.view(session, session.get(Survey, survey_id))

    return visitor, f"/surveys/{survey_id}/edit", stored


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_form_that_nobody_touched_holds_the_same_content(visit, db, name):
    visitor = visit("admin")
    page = visitor.send("/surveys", on="/surveys", template=name).location

    assert content_form.read(fields_of(visitor.get(page).text)) == TEMPLATES[name].content


def test_words_branching_and_looks_are_written(drafted):
    visitor, page, stored = drafted
    form = fields_of(visitor.get(page).text) | {
        "name": "Ours",
        "q0.text.en": "Would you tell a friend?",
        "q1.show_if": json.dumps({"question": "score", "band": ["detractor"]}),
        "q1.by_band.passive.en": "",
        "thanks.promoter.link_text.en": "Review us",
        "thanks.promoter.link_url.en": "https://reviews.example/us",
        "theme.accent": "#2f5bea",
        "do": "save",
    }

    sent = visitor.send(page, on=page, **form)

    assert sent.status_code == 303
    assert "Saved as a draft" in visitor.text(sent.location)
    found = stored()
    content = found["content"]
    assert (found["name"], found["status"]) == ("Ours", "draft")
    assert content["texts"]["en"]["questions"]["score"]["text"] == "Would you tell a friend?"
    assert content["questions"][1]["show_if"] == {"question": "score", "band": ["detractor"]}
    assert "passive" not in content["texts"]["en"]["questions"]["why"]["by_band"]
    link = {"link_text": "Review us", "link_url": "https://reviews.example/us"}
    assert content["texts"]["en"]["thanks"]["by_band"] == {"promoter": link}
    assert content["theme"]["accent"] == "#2f5bea"


def test_buttons_change_the_form_and_store_nothing(drafted):
    visitor, page, stored = drafted
    form = fields_of(visitor.get(page).text) | {"q0.text.en": "Kept?"}

    for do, more in (("add:choice", {}), ("speak", {"new_language": "de"}), ("up:2", {})):
        answer = visitor.send(page, on=page, **form | more | {"do": do})
        assert answer.status_code == 200
        form = fields_of(answer.text)
    content = content_form.read(form)

    assert [question["kind"] for question in content["questions"]] == ["nps", "choice", "text"]
    assert content["texts"]["de"]["questions"]["score"]["text"] == "Kept?"
    assert stored()["content"] == NPS


def test_faults_are_told_at_their_fields_and_nothing_is_lost(drafted):
    visitor, page, stored = drafted
    wrong = {"q0.text.en": " ", "theme.accent": "#ffff00", "q1.text.en": "Why not?", "name": ""}
    form = fields_of(visitor.get(page).text) | wrong

    unnamed = visitor.send(page, on=page, **form)
    assert "The survey needs a name." in unnamed.text
    refused = visitor.send(page, on=page, **form | {"name": "Mine"})

    assert refused.status_code == 422
    assert 'id="q0.text.en-fault"' in refused.text
    assert "Theme, accent : Contrast with the panel is 1.07" in words(refused.text)
    assert fields_of(refused.text)["q1.text.en"] == "Why not?"
    assert stored()["content"] == NPS


def test_of_two_who_write_different_fields_both_are_saved(drafted):
    visitor, page, stored = drafted
    form = fields_of(visitor.get(page).text)
    hers = {"q0.text.en": "Hers?", "theme.accent": "#6b2fb3"}
    assert visitor.send(page, on=page, **form | hers).status_code == 303
    # A button that redraws the form does not make him lose sight of what he began with.
    drawn = visitor.send(page, on=page, **form | {"do": "add:text"})

    mine = {"q0.low.en": "Never", "q2.text.en": "And then?", "name": "Ours"}
    late = visitor.send(page, on=page, **fields_of(drawn.text) | mine)

    assert late.status_code == 303
    assert "together with what somebody else saved meanwhile" in visitor.text(late.location)
    content = stored()["content"]
    said = content["texts"]["en"]["questions"]
    assert (said["score"]["text"], said["score"]["low"]) == ("Hers?", "Never")
    assert said["text"]["text"] == "And then?"
    assert content["theme"]["accent"] == "#6b2fb3"
    assert stored()["name"] == "Ours"


def test_of_two_who_write_one_field_the_second_sees_it_and_loses_nothing(drafted):
    visitor, page, stored = drafted
    form = fields_of(visitor.get(page).text)
    hers = {"q0.text.en": "Hers?", "q0.high.en": "Always", "name": "Hers"}
    assert visitor.send(page, on=page, **form | hers).status_code == 303

    his = {"q0.text.en": "His?", "q0.low.en": "Never", "name": "His"}
    late = visitor.send(page, on=page, **form | his)

    assert late.status_code == 412
    text = words(late.text)
    assert "Words en, score, text Hers? His?" in text
    assert "Words the survey's name Hers His" in text
    assert "en, score, low" not in text
    assert stored()["content"]["texts"]["en"]["questions"]["score"]["text"] == "Hers?"
    shown = fields_of(late.text)
    assert (shown["q0.text.en"], shown["q0.low.en"], shown["q0.high.en"]) == (
        "His?", "Never", "Always",
    )  # fmt: skip

    theirs = visitor.send(page, on=page, **shown | {"do": "theirs", "q1.text.en": "Since?"})
    taken = fields_of(theirs.text)
    assert (taken["q0.text.en"], taken["name"], taken["q1.text.en"]) == ("Hers?", "Hers", "Since?")
    assert taken["q0.low.en"] == "Never"

    assert visitor.send(page, on=page, **shown).status_code == 303
    assert stored()["content"]["texts"]["en"]["questions"]["score"]["text"] == "His?"


def test_a_late_form_with_faults_is_put_right_first_and_joined_then(drafted):
    visitor, page, stored = drafted
    form = fields_of(visitor.get(page).text)
    assert visitor.send(page, on=page, **form | {"q0.text.en": "Hers?"}).status_code == 303

    faulty = visitor.send(page, on=page, **form | {"q1.text.en": ""})
    assert faulty.status_code == 422
    assert 'id="q1.text.en-fault"' in faulty.text
    again = visitor.send(page, on=page, **fields_of(faulty.text) | {"q1.text.en": "Why so?"})

    assert again.status_code == 303
    said = stored()["content"]["texts"]["en"]["questions"]
    assert (said["score"]["text"], said["why"]["text"]) == ("Hers?", "Why so?")


def test_publishing_tells_what_it_changes(drafted):
    visitor, page, _ = drafted
    survey = page.removesuffix("/edit")
    visitor.send(f"{survey}/status", on=page, status="published", revision="1")
    form = fields_of(visitor.get(page).text)
    visitor.send(page, on=page, **form | {"q0.text.en": "Would you?", "theme.mode": "dark"})

    text = visitor.text(survey)
    assert "What publishing changes, against version 1" in text
    assert "Looks mode auto dark" in text
    now = re.search(r'name="revision" value="(\d+)"', visitor.get(survey).text)[1]
    visitor.send(f"{survey}/status", on=page, status="published", revision=now)
    assert "2 changes" in visitor.text(survey)


def test_a_survey_is_archived_taken_out_again_and_copied(drafted, visit):
    visitor, page, stored = drafted
    survey = page.removesuffix("/edit")

    for status, told in (("archived", "archived"), ("restored", "draft")):
        sent = visitor.send(
            f"{survey}/status", on="/surveys", status=status, revision=stored()["revision"]
        )
        assert sent.status_code == 303
        assert stored()["status"] == told
    copied = visitor.send(f"{survey}/copy", on="/surveys")
    assert "Copy of Mine" in visitor.get(copied.location).text
    assert visit("analyst").send(f"{survey}/copy", on="/").status_code == 403
    assert visit("analyst").get(page).status_code == 403


def test_the_preview_draws_what_is_written_though_some_of_it_is_missing(drafted):
    visitor, page, _ = drafted
    form = fields_of(visitor.get(page).text) | {"q0.text.en": "", "preview.state": "thanks"}

    told = visitor.send(page.replace("/edit", "/preview"), on=page, **form).json

    assert told["options"]["state"] == "thanks"
    assert told["content"]["texts"]["en"]["questions"]["score"]["text"] == "…"
    wrong = visitor.send(
        page.replace("/edit", "/preview"), on=page, **form | {"theme.accent": "red"}
    ).json
    assert wrong["options"] is None
    assert wrong["faults"] == ["Theme, accent: Must be a colour such as #2f5bea."]


def test_reworded_options_keep_their_ids_and_new_ones_get_their_own():
    form = {"base": content_form.as_json(FEATURE)}
    reworded = form | {"q1.options.en": "Faster!\nIt should be easier to understand\nMore\nSure"}
    assert content_form.read(reworded)["questions"][1]["options"] == [
        "speed",
        "clarity",
        "options",
        "reliability",
    ]

    fewer = form | {"q1.options.en": "It should do more\nIt should look nice"}
    found = content_form.read(fewer)
    assert found["questions"][1]["options"] == ["options", "it_should_look_nice"]
    assert found["texts"]["en"]["questions"]["missing"]["options"] == {
        "options": "It should do more",
        "it_should_look_nice": "It should look nice",
    }


@pytest.mark.parametrize("base", ["", "[]", "{}", '{"questions": [1]}', "{", '{"questions": 3}'])
def test_a_form_that_is_not_whole_is_refused(base):
    with pytest.raises(InvalidRequestError):
        content_form.read({"base": base})


@pytest.mark.parametrize(
    "do", ["", "up:0", "down:1", "remove:9", "add:nps2", "speak", "silence:en"]
)
def test_a_button_that_cannot_be_changes_nothing(do):
    content = copy.deepcopy(NPS)

    assert content_form.act(content, do, "en") == NPS

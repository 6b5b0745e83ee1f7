"""From an empty project to its first answer, as somebody new to it goes; and odd projects."""

from __future__ import annotations

import re
import time
from urllib.parse import urlsplit

import pytest
from sqlalchemy import delete, insert

from backend.services import surveys
from backend.storage.models import DashboardSession, Name, Survey
from tests.answers import give
from tests.conftest import ORIGIN
from tests.web.conftest import words

EMOJI = "👩🏽‍💻" * 40
FORM = {"rate": "100", "spread_days": "0", "old_enough_days": "0"}
RESTS = ("rest_days", "decline_rest_days", "ignore_rest_days", "any_survey_rest_days")


def revision(visitor, page):
    return re.search(r'name="revision" value="(\d+)"', visitor.get(page).text)[1]


def step(visitor):
    """Return the step that Home says is next."""
    return words(re.search(r'aria-current="step"><b>([^<]+)', visitor.get("/").text)[1])


def test_an_empty_project_leads_step_by_step_to_its_first_answer(
    visit, make_project, client, project, db
):
    owner = visit("owner")
    page = "/settings/origins"
    owner.send(page, on=page, revision=revision(owner, page), allowed_origins="")
    assert step(owner) == "Say which pages may ask"

    owner.send(page, on=page, revision=revision(owner, page), allowed_origins=ORIGIN)
    assert step(owner) == "Put the tag into your pages"
    assert f"/w/{project.publishable_key}.js" in owner.text("/settings")

    sent = owner.send("/surveys", on="/surveys", template="nps", name="First")
    survey_id = urlsplit(sent.location).path.split("/")[2]
    survey = f"/surveys/{survey_id}"
    form = FORM | dict.fromkeys(RESTS, "0")
    saved = owner.send(survey, on=survey, revision=revision(owner, survey), **form)
    assert saved.status_code == 303
    status = {"status": "published", "revision": revision(owner, survey)}
    assert owner.send(f"{survey}/status", on=survey, **status).status_code == 303
    with db.read() as session:
        stored = surveys.view(session, session.get(Survey, survey_id))
    assert stored["targeting"]["old_enough_days"] == 0

    give(client, project, "user-1", 9, "Love it")

    deadline = time.monotonic() + 30
    while "No answers yet" in (text := owner.text("/")) and time.monotonic() < deadline:
        # A window of answers is kept for some seconds.
        time.sleep(0.1)
    assert "1 person by their last answer, from 0 accounts" in text
    assert "Love it" in owner.text("/inbox")
    assert "Answered 9: “Love it”" in owner.text("/users/user-1")


@pytest.mark.parametrize("answers", [1, 6])
def test_every_page_holds_a_project_of_few_answers_of_one_account(
    visit, client, project, make_survey, answers
):
    survey_id = make_survey()
    for number in range(answers):
        give(client, project, f"user-{number + 1}", 9, "Love it", account={"id": "acme"})
    owner = visit("owner")

    for path in (
        *("/", "/explore", "/explore/features", "/explore/active-use", "/explore/segments"),
        *("/explore/active-use/people", "/accounts", "/accounts/acme", "/users/user-1"),
        *("/inbox", "/surveys", f"/surveys/{survey_id}", "/settings/themes"),
    ):
        owner.text(path)
    home = owner.text("/")
    assert "NPS 100" not in home
    assert ("All answers come from one account" in home) == (answers == 6)


def test_names_of_two_hundred_emoji_are_shown_whole(visit, client, project, make_survey):
    name = EMOJI[:200]
    make_survey(name=name)
    give(client, project, name, 3, name, traits={"role": name, "plan": name}, account={"id": name})
    owner = visit("owner")
    owner.send("/settings/releases", on="/settings/releases", name=name, at="2026-01-31")

    for path in ("/", "/explore", "/inbox", "/accounts", "/surveys", "/settings/releases"):
        assert owner.get(path).status_code == 200, path
    assert name in owner.text("/inbox")
    link = re.search(r'href="(/users/[^"]+)"', owner.get("/inbox").text)[1]
    assert name in owner.text(link)


def test_five_thousand_features_come_in_pages_and_are_searched(visit, db, project):
    rows = [
        {"project_id": project.id, "kind": "feature", "name": f"feature {i:04}"}
        for i in range(5_000)
    ]
    db.write(lambda connection: connection.execute(insert(Name), rows))
    owner = visit("owner")

    page = owner.get("/settings/features")
    assert page.text.count('name="label_of"') == 100
    assert len(page.data) < 100_000
    assert "1 to 100 of 5,000." in words(page.text)
    assert "feature 4321" in owner.text("/settings/features?q=4321")
    assert "feature 4999" in owner.text("/settings/features?start=4900")
    assert "1 to 100 of 5,000." in owner.text("/settings/features?start=x")


@pytest.mark.parametrize("path", ["/explore?by=plan", "/settings/members", "/users/a%2Fb"])
def test_an_expired_session_leads_back_to_the_same_page(visit, db, path):
    owner = visit("owner")
    db.write(lambda connection: connection.execute(delete(DashboardSession)))

    sent = owner.get(path)

    assert sent.status_code == 302
    assert sent.location.startswith("/sign-in?next=")
    form = owner.get(sent.location).text
    assert re.search(r'name="next" value="([^"]+)"', form)[1] in (path, path.replace("%2F", "/"))


def test_a_form_sent_after_the_session_has_ended_changes_nothing(visit, db, project):
    owner, page = visit("owner"), "/settings/releases"
    owner.get(page)
    token = re.search(r'name="csrf_token" value="([^"]+)"', owner.get(page).text)[1]
    db.write(lambda connection: connection.execute(delete(DashboardSession)))

    form = {"csrf_token": token, "name": "5.0", "at": "2026-01-31"}
    sent = owner.client.post(page, data=form, headers={"Sec-Fetch-Site": "same-origin"})

    assert "Sign in" in words(sent.text)
    assert "No release is marked yet." in visit("owner").text(page)

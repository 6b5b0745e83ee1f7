"""From a corner of the plot to people, a saved segment and a survey for them."""

from __future__ import annotations

import re

import pytest

from backend.domain.audience_words import in_words
from backend.services import features, reach, segments, surveys
from backend.services.clock import utc_now
from backend.storage.models import Response, Survey, UserSurvey
from tests.web.conftest import words

PEOPLE, SEGMENTS = "/explore/active-use/people", "/explore/segments"


def drafted(db, sent):
    survey_id = sent.location.split("/")[2].split("?")[0]
    with db.read() as session:
        return surveys.view(session, session.get(Survey, survey_id))


def test_fields_of_the_plot_name_people_by_days_and_category(visit, world):
    analyst = visit("analyst")

    text = analyst.text(f"{PEOPLE}?days_from=31&days_to=0&band=detractor&band=passive")
    assert "Detractors and passives with 0 to 30 active days" in text
    everybody = analyst.text(f"{PEOPLE}?days_from=0&days_to=30")
    assert "Detractors and passives and promoters with" in everybody
    for group in ("3-4:nobody", "40-x:passive", "9:passive", "1:passive,passive", "5:"):
        assert analyst.get(f"{PEOPLE}?group={group}").status_code == 422, group


def test_a_saved_segment_says_whom_it_means_and_becomes_a_survey(visit, world, db, project):
    admin = visit("admin")
    corner = "?days_from=0&days_to=30&band=passive&segment=role:admin"

    saved = admin.send(SEGMENTS + corner, on=PEOPLE + corner, name="Passive admins 🎉")
    assert saved.status_code == 303
    text = admin.text(SEGMENTS)
    assert "Passive admins 🎉" in text
    assert "role is admin and last score to “NPS” was passive" in text

    with db.read() as session:
        segment_id = segments.listed(session, project.id, before=None, limit=1)[0].id
    ids = {"segment_id": segment_id}
    survey = drafted(db, admin.send(f"{SEGMENTS}/draft", on=SEGMENTS, **ids))
    assert survey["name"] == "For Passive admins 🎉"
    assert survey["targeting"]["audience"]["rules"][-1]["survey"] == world

    assert admin.send(f"{SEGMENTS}/remove", on=SEGMENTS, **ids).status_code == 303
    assert "None yet." in admin.text(SEGMENTS)


def test_a_survey_for_a_corner_reaches_people_of_the_corner(visit, world, db, project, app):
    admin = visit("admin")
    corner = f"{PEOPLE}?group=everybody&segment=category:passive"

    def remember(session):
        for one in session.query(Response):
            clocks = {"answered_at": one.answered_at, "last_score": one.score, "answers": 1}
            session.merge(UserSurvey(user_key=one.user_key, survey_id=world, **clocks))

    db.transact(remember)
    survey = drafted(db, admin.send(corner, on=corner))

    published = app.extensions["zeroten"].published
    with db.read() as session:
        told = reach.reach(
            session, published, published.project(project.id), survey["id"], {}, utc_now()
        )
    refused = {row["gate"]: row["people"] for row in told["removed_by"]}
    assert 0 < refused["audience_matches"] < told["people"]
    assert told["showings"] <= told["people"] - refused["audience_matches"]


def test_a_feature_leads_to_the_people_who_use_it(visit, world, db, project):
    with db.read() as session:
        name = features.catalogue(session, project.id, "feature")["items"][0]["label"]
    analyst = visit("analyst")

    text = analyst.text(f"{PEOPLE}?group=everybody&segment=feature:{name}")

    assert "Everybody who answered" in text
    assert re.search(r"[1-9]\d* people\.", text)


def test_what_no_rule_can_say_is_told_before_saving(visit, world):
    text = visit("admin").text(f"{PEOPLE}?group=everybody&segment=account_id:acc_1")

    assert "No rule can hold people to: account." in text


@pytest.mark.parametrize(
    ("path", "role", "status"),
    [
        (SEGMENTS, "viewer", 403),
        (f"{SEGMENTS}/draft", "analyst", 403),
        (f"{SEGMENTS}/remove", "viewer", 403),
    ],
)
def test_a_role_does_no_more_than_over_rest(visit, world, path, role, status):
    assert visit(role).send(path, on="/", name="x", segment_id="seg_none").status_code == status


def test_a_segment_without_a_name_is_refused(visit, world):
    sent = visit("admin").send(SEGMENTS, on=PEOPLE, name=" ")

    assert sent.status_code == 422
    assert "name-fault" in sent.text


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (None, "everybody"),
        ({"op": "or", "rules": []}, "nobody"),
        ({"op": "not", "rule": {"op": "exists", "trait": "x"}}, "not (x is known)"),
        ({"op": "used", "feature": "export", "days": 7}, "used export in the last 7 days"),
        ({"op": "in", "account_trait": "tier", "value": ["a", "b"]},
         "the account’s tier is one of a, b"),
        ({"op": "gte", "usage": "percentile", "value": 90},
         "percentile of active use is at least 90"),
    ],
)  # fmt: skip
def test_rules_are_said_in_words(rule, sentence):
    assert in_words(rule, {}) == sentence
    assert words(sentence) == sentence

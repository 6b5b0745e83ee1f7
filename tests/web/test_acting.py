"""What pages change: surveys, keys, origins; nothing gets lost."""

from __future__ import annotations

import json
import re
from html import unescape

import pytest

from backend.services import surveys
from backend.storage.models import ApiKey, Survey
from tests.answers import give
from tests.conftest import ORIGIN
from tests.web.conftest import words

FORM = {
    "rate": "40",
    "spread_days": "30",
    "old_enough_days": "30",
    "rest_days": "90",
    "decline_rest_days": "30",
    "ignore_rest_days": "14",
    "any_survey_rest_days": "7",
}


def revision(visitor, survey_id):
    page = visitor.get(f"/surveys/{survey_id}").text
    return re.search(r'name="revision" value="(\d+)"', page)[1]


def stored(db, survey_id):
    with db.read() as session:
        return surveys.view(session, session.get(Survey, survey_id))


def test_sampling_is_tried_without_saving_then_saved(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}"

    tried = visitor.text(f"{page}?rate=40")
    assert "What this would bring" in tried
    assert stored(db, world)["sampling"]["rate"] == 1.0

    sent = visitor.send(page, on=page, revision=revision(visitor, world), **FORM)
    assert sent.status_code == 303
    assert "Saved; it acts within seconds." in visitor.text(sent.location)
    assert stored(db, world)["sampling"]["rate"] == 0.4
    assert stored(db, world)["sampling"]["spread_days"] == 30


def test_of_two_who_change_a_survey_the_second_is_told_and_loses_nothing(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}"
    before = revision(visitor, world)
    assert visitor.send(page, on=page, revision=before, **FORM).status_code == 303

    late = visitor.send(page, on=page, revision=before, **FORM | {"rate": "77"})

    assert late.status_code == 412
    assert "Somebody else has changed this survey meanwhile." in late.text
    assert 'value="77"' in late.text
    assert stored(db, world)["sampling"]["rate"] == 0.4


def sampling(visitor, survey_id):
    """Return what the sampling form was made from, and its revision."""
    page = visitor.get(f"/surveys/{survey_id}").text
    begun = unescape(re.search(r'name="begun" value="([^"]*)"', page)[1])
    return {"begun": begun, "revision": revision(visitor, survey_id)} | json.loads(begun)


def test_of_two_who_change_different_numbers_of_a_survey_both_are_saved(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}"
    form = sampling(visitor, world)
    assert visitor.send(page, on=page, **form | {"rate": "40"}).status_code == 303

    late = visitor.send(page, on=page, **form | {"rest_days": "60.0"})

    assert late.status_code == 303
    assert "together with what somebody else saved meanwhile" in visitor.text(late.location)
    assert stored(db, world)["sampling"]["rate"] == 0.4
    assert stored(db, world)["rests"]["rest_days"] == 60


def test_a_number_that_two_changed_is_asked_about_and_the_others_are_kept(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}"
    form = sampling(visitor, world)
    hers = form | {"rate": "40", "spread_days": "7"}
    assert visitor.send(page, on=page, **hers).status_code == 303

    late = visitor.send(page, on=page, **form | {"rate": "60"})

    assert late.status_code == 412
    assert "Theirs: in the sample, percent: 40, yours 60." in words(late.text)
    assert 'name="spread_days" type="number" min="0" max="3650" value="7"' in late.text
    assert stored(db, world)["sampling"]["rate"] == 0.4


def test_trying_leads_to_an_address_that_holds_the_numbers_and_no_token(visit, world):
    visitor, page = visit("admin"), f"/surveys/{world}"

    sent = visitor.send(page, on=page, do="try", **sampling(visitor, world) | {"rate": "40"})

    assert sent.status_code == 303
    assert "rate=40" in sent.location
    assert "token" not in sent.location
    assert "What this would bring" in visitor.text(sent.location)


def test_what_cannot_be_is_refused_beside_the_form(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}"
    now = revision(visitor, world)

    for name, value in (("rate", "101"), ("rate", "many"), ("rest_days", "-1")):
        sent = visitor.send(page, on=page, revision=now, **FORM | {name: value})

        assert sent.status_code == 422
        assert f'value="{value}"' in sent.text
    assert stored(db, world)["sampling"]["rate"] == 1.0


def test_a_survey_is_drafted_published_and_paused(visit, db):
    visitor = visit("admin")
    drafted = visitor.send("/surveys", on="/surveys", name="Onboarding").location
    survey_id = drafted.split("/")[2].split("?")[0]
    status = f"/surveys/{survey_id}/status"

    for wanted in ("published", "paused"):
        now = revision(visitor, survey_id)
        page = f"/surveys/{survey_id}"
        assert visitor.send(status, on=page, status=wanted, revision=now).status_code == 303
        assert stored(db, survey_id)["status"] == wanted
    assert visitor.send(status, on="/surveys", status="deleted").status_code == 404


def test_viewers_and_analysts_change_no_survey(visit, world):
    for role in ("viewer", "analyst"):
        visitor = visit(role)
        for path in (f"/surveys/{world}", f"/surveys/{world}/status", "/surveys"):
            assert visitor.send(path, on="/", status="paused", **FORM).status_code == 403


def test_people_of_a_corner_become_the_audience_of_a_drafted_survey(visit, world, db):
    visitor = visit("admin")

    sent = visitor.send("/explore/active-use/people", on="/explore/active-use/people")

    survey = stored(db, sent.location.split("/")[2].split("?")[0])
    assert survey["status"] == "draft"
    assert survey["name"] == "For passives in the top tenth of active use"
    rules = survey["targeting"]["audience"]["rules"]
    assert {"op": "gte", "usage": "percentile", "value": 90} in rules


def test_the_preview_alone_may_stand_in_a_frame_of_ours(visit, world):
    answer = visit("viewer").get(f"/surveys/{world}/preview?state=thanks&score=9&mode=dark")

    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert '"state": "thanks"' in answer.text
    assert "/w/pk_" in answer.text


def test_why_somebody_is_not_asked_is_told_gate_by_gate(visit, client, project, make_survey):
    survey_id = make_survey()
    give(client, project, "user-1", 3, "Too slow")
    visitor = visit("analyst")

    now = visitor.text(f"/explain?user=user-1&survey_id={survey_id}")
    assert "rested after answer failed" in now

    page = visitor.get("/users/user-1").text
    decision = re.search(r'href="(/decisions/[^"?]+)"', page)[1]
    assert "decided again on the stored facts, the result is the same" in visitor.text(decision)


def test_a_person_page_has_answers_and_decisions_in_order(visit, client, project, make_survey):
    make_survey()
    give(client, project, "user-1", 3, "Too slow", traits={"role": "admin"})

    text = visit("analyst").text("/users/user-1")

    assert "Answered 3: “Too slow”" in text
    assert "Was asked" in text
    assert visit("analyst").get("/users/user-2").status_code == 404


def test_a_secret_key_is_shown_once_and_revoked(visit, db):
    visitor = visit("admin")

    made = visitor.send("/settings/keys", on="/settings/keys", kind="secret")
    secret = re.search(r"sk_[0-9A-Za-z]{43}", made.text)[0]
    page = visitor.get("/settings/keys").text
    assert secret not in page
    assert (
        "Revoke one of the two secret keys first."
        in visitor.send("/settings/keys", on="/settings/keys", kind="secret").text
    )

    with db.read() as session:
        key_id = session.query(ApiKey).filter_by(suffix=secret[-4:]).one().id
    sent = visitor.send("/settings/keys/revoke", on="/settings/keys", key_id=key_id)
    assert sent.status_code == 303
    assert "revoked" in visitor.text("/settings/keys")
    assert "key.revoke" in visitor.text("/settings/audit")


def test_origins_are_checked_and_saved(visit):
    visitor, page = visit("admin"), "/settings/origins"
    now = re.search(r'name="revision" value="(\d+)"', visitor.get(page).text)[1]

    wrong = visitor.send(page, on=page, revision=now, allowed_origins="not an origin")
    assert wrong.status_code == 422
    assert "not an origin" in wrong.text

    good = "https://app.example.com\nhttps://*.example.org"
    assert visitor.send(page, on=page, revision=now, allowed_origins=good).status_code == 303
    assert "https://*.example.org" in visitor.text(page)
    assert visitor.send(page, on=page, revision=now, allowed_origins=good).status_code == 412


def heard(visitor):
    return {what: said["text"] for what, said in visitor.get("/settings/seen").json.items()}


def test_the_live_check_hears_of_a_page_that_asks(visit, client, project, make_survey):
    make_survey()
    visitor = visit("viewer")
    assert heard(visitor)["page"] == "No page with the tag has been seen yet."

    give(client, project, "user-1", 9)

    assert heard(visitor) == {
        "page": "A page was seen with the tag just now.",
        "server": "No server has sent events yet.",
    }


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        (
            {"Referer": f"{ORIGIN}/app?user=7"},
            f"A page at {ORIGIN} was seen with the tag just now.",
        ),
        ({"Origin": ORIGIN}, f"A page at {ORIGIN} was seen with the tag just now."),
        ({"Sec-Fetch-Dest": "script"}, "A page was seen with the tag just now."),
        ({}, "No page with the tag has been seen yet."),
        (
            {"Referer": "https://other.example.com/"},
            "A page at https://other.example.com was seen with the tag just now, but may not ask:"
            " its origin is not on the list under Origins.",
        ),
    ],
)
def test_the_live_check_hears_of_a_page_before_any_survey_is_out(
    visit, client, project, headers, told
):
    assert client.get(f"/w/{project.publishable_key}.js", headers=headers).status_code == 200

    assert heard(visit("viewer"))["page"] == told
    assert told in visit("viewer").text("/settings")

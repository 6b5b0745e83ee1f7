"""Whom a survey is for: rows and rules say the same, people are counted, nothing gets lost."""

from __future__ import annotations

import html
import json
import re
from html import unescape

import pytest

from backend.domain import audience
from backend.domain.audience_words import in_words
from backend.services import surveys
from backend.storage.models import Survey
from backend.web import audience_form
from backend.web.audience_form import Group, Groups, Row
from tests.web.conftest import words

ADMINS = {"op": "eq", "trait": "role", "value": "admin"}
TOP = {"op": "gte", "usage": "percentile", "value": 90}
PASSIVES = {"op": "scored", "bands": ["passive"], "within_days": 180}
SHOWN = {
    "everybody": None,
    "one": ADMINS,
    "all": {"op": "and", "rules": [ADMINS, TOP, PASSIVES]},
    "any": {"op": "or", "rules": [{"op": "used", "feature": "export", "days": 30}, TOP]},
    "not": {"op": "and", "rules": [{"op": "not", "rule": ADMINS}, TOP]},
    "groups": {
        "op": "or",
        "rules": [
            {"op": "and", "rules": [ADMINS, TOP]},
            {"op": "not", "rule": {"op": "or", "rules": [PASSIVES, TOP]}},
        ],
    },
    "another survey": PASSIVES | {"survey": "srv_1"},
    "values": {
        "op": "and",
        "rules": [
            {"op": "in", "trait": "plan", "value": ["pro", "7", 7, True]},
            {"op": "starts_with", "field": "app_version", "value": "4"},
            {"op": "gt", "field": "app_version", "value": "4.10"},
            {"op": "missing", "account_trait": "owner"},
            {"op": "before", "trait": "renewal", "value": "2026-12-01"},
            {"op": "eq", "trait": "beta", "value": "true"},
        ],
    },
}
TEXTS = ("about", "name", "op", "value", "days", "survey")
DEEPER = {
    "three levels": {"op": "and", "rules": [TOP, {"op": "or", "rules": [SHOWN["all"], TOP]}]},
    "a comma": {"op": "in", "trait": "city", "value": ["Paris, Texas"]},
    "a least age": PASSIVES | {"older_than_days": 30},
    "nobody": {"op": "or", "rules": []},
}


def fields(groups):
    """Return rows as a browser sends them."""
    sent = {"join": groups.join}
    for g, group in enumerate(groups.groups):
        sent[f"g{g}.join"] = group.join
        sent |= {f"g{g}.not": "true"} if group.is_not else {}
        for r, row in enumerate(group.rows):
            texts = {
                name: getattr(row, name)
                for name in ("about", "name", "op", "value", "days", "survey")
            }
            sent |= {f"g{g}r{r}.{name}": text for name, text in texts.items()}
            sent |= {f"g{g}r{r}.not": "true"} if row.is_not else {}
    return sent


@pytest.mark.parametrize("name", SHOWN)
def test_a_rule_shown_in_rows_comes_back_as_it_was(name):
    rule = SHOWN[name]
    assert audience.check(rule) == []

    rows = audience_form.rows(rule)

    assert audience_form.rule_of(audience_form.read(fields(rows))) == rule


@pytest.mark.parametrize("name", DEEPER)
def test_a_rule_that_rows_cannot_show_is_not_bent(name):
    assert audience.check(DEEPER[name]) == []
    assert audience_form.rows(DEEPER[name]) is None


def test_buttons_add_and_drop_conditions():
    rows = audience_form.rows(ADMINS)
    for do in ("row:0", "group", "row:7", "drop:0:0", "drop:9:9", "drop:x", "nonsense"):
        rows = audience_form.act(rows, do)

    assert [len(group.rows) for group in rows.groups] == [1, 1]
    assert audience_form.act(audience_form.act(rows, "drop:1:0"), "drop:0:0") == Groups()


def test_conditions_have_the_pointers_of_their_rows():
    rows = audience_form.rows(SHOWN["groups"])

    assert audience_form.places(SHOWN["groups"]) == [
        "/rules/0/rules/0",
        "/rules/0/rules/1",
        "/rules/1/rule/rules/0",
        "/rules/1/rule/rules/1",
    ]
    assert list(audience_form.names(rows)) == ["g0r0", "g0r1", "g1r0", "g1r1"]


def test_rules_are_told_in_words():
    assert in_words(None, {}) == "everybody"
    assert in_words(SHOWN["all"], {}) == (
        "role is admin and percentile of active use is at least 90 and last score was passive, "
        "at most 180 days ago"
    )
    assert in_words(SHOWN["groups"], {}) == (
        "(role is admin and percentile of active use is at least 90) or not (last score was "
        "passive, at most 180 days ago or percentile of active use is at least 90)"
    )
    assert in_words(DEEPER["nobody"], {}) == "nobody"
    assert in_words(SHOWN["another survey"], {"srv_1": "Old"}) == (
        "last score to “Old” was passive, at most 180 days ago"
    )


def stored(db, survey_id):
    with db.read() as session:
        return surveys.view(session, session.get(Survey, survey_id))


def form_of(page):
    hidden = dict(re.findall(r'name="(revision|begun)" value="([^"]*)"', page))
    return {name: unescape(value) for name, value in hidden.items()}


def test_people_are_counted_before_the_audience_is_saved(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}/audience"
    form = form_of(visitor.get(page).text) | fields(Groups(groups=(Group(rows=(_row("admin"),)),)))

    # Everybody of this world is an admin.
    for role, told in (("admin", "210 of 210 people"), ("member", "0 of 210 people")):
        tried = visitor.send(page, on=page, do="try", **form | {"g0r0.value": role})
        assert told in words(tried.text)
    assert stored(db, world)["targeting"]["audience"] is None

    assert visitor.send(page, on=page, do="save", **form).status_code == 303
    assert stored(db, world)["targeting"]["audience"] == ADMINS
    assert "For role is admin" in visitor.text(f"/surveys/{world}")
    late = visitor.send(page, on=page, do="save", **form | {"g0r0.value": "member"})
    assert late.status_code == 412
    assert "Saved is now: role is admin" in words(late.text)
    assert 'value="member"' in late.text


def test_another_part_changed_meanwhile_is_not_in_the_way_of_the_audience(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}/audience"
    form = form_of(visitor.get(page).text) | fields(Groups(groups=(Group(rows=(_row("admin"),)),)))
    survey = f"/surveys/{world}"
    now = form_of(visitor.get(page).text)["revision"]
    rates = {"rate": "40", "spread_days": "3", "old_enough_days": "0"}
    assert visitor.send(survey, on=survey, revision=now, **rates).status_code == 303

    assert visitor.send(page, on=page, do="save", **form).status_code == 303

    assert stored(db, world)["targeting"]["audience"] == ADMINS
    assert stored(db, world)["sampling"]["rate"] == 0.4


def test_a_fault_stands_at_its_row(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}/audience"
    wrong = (_row("admin"), Row(about="percentile", op="gte", value="many"), Row(name="shoe"))
    form = form_of(visitor.get(page).text) | fields(Groups(groups=(Group(rows=wrong),)))

    refused = visitor.send(page, on=page, do="save", **form)

    assert refused.status_code == 422
    assert '<p class="fail" id="g0r1-fault">“is at least” takes a number.' in refused.text
    assert 'id="g0r2-fault">Nobody in this project has this trait yet.' in refused.text
    assert "g0r0-fault" not in refused.text
    assert stored(db, world)["targeting"]["audience"] is None


def test_what_rows_cannot_show_is_changed_as_json(visit, world, db):
    visitor, page = visit("admin"), f"/surveys/{world}/audience"
    rule = json.dumps({"op": "and", "rules": [TOP, {"op": "or", "rules": [SHOWN["all"], TOP]}]})

    broken = visitor.send(page, on=page, do="json", revision="1", json="{")
    assert broken.status_code == 422
    assert "This is no JSON yet" in broken.text
    assert ">{</textarea>" in broken.text
    form = form_of(visitor.get(page).text)
    assert visitor.send(page, on=page, do="save", json=rule, **form).status_code == 303

    text = visitor.get(page).text
    assert "more in it than rows can show" in text
    kept = html.unescape(re.search(r'<textarea name="json"[^>]*>(.*?)</textarea>', text, re.S)[1])
    assert json.loads(kept) == json.loads(rule) == stored(db, world)["targeting"]["audience"]


def _row(value):
    return Row(name="role", value=value)

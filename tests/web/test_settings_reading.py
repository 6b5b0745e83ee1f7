"""Settings: identity, features, pages, themes: tried before they are saved."""

from __future__ import annotations

import re
import time

import jwt
import pytest
from sqlalchemy import update

from backend.domain.pages import PageRule
from backend.services import features, projects
from backend.storage.models import IdentitySecret
from tests.answers import give
from tests.web.conftest import words

IDENTITY, FEATURES = "/settings/identity", "/settings/features"
PAGES, THEMES = "/settings/pages", "/settings/themes"


def revision(visitor, page):
    return re.search(r'name="revision" value="(\d+)"', visitor.get(page).text)[1]


def project_view(db, project):
    with db.read() as session:
        return projects.view(projects.find(session, project.id))


@pytest.fixture
def secret(visit, project):
    """An identity secret of the project, made on its page: (visitor, id, text)."""
    admin = visit("admin")
    made = admin.send(f"{IDENTITY}/secrets", on=IDENTITY).text
    return admin, re.search(r"is_\w+", made)[0], re.search(r"ids_[\w-]+", made)[0]


def token_of(secret, project, *, key=None, kid="", alg="HS256", **claims):
    _, own_id, text = secret
    now = int(time.time())
    told = {"sub": "user-1", "aud": project.id, "iat": now, "exp": now + 600, "role": "admin"}
    headers = {"kid": kid or own_id}
    return jwt.encode(told | claims, key or text, algorithm=alg, headers=headers)


def test_a_good_token_is_taken_with_every_check_in_words(secret, project):
    admin = secret[0]

    told = admin.send(f"{IDENTITY}/check", on=IDENTITY, token=token_of(secret, project))

    assert "The server takes this token." in told.text
    assert "the user is user-1" in words(told.text)
    assert "failed" not in words(told.text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "x" * 40}, "The signature is not that secret's."),
        ({"kid": "is_none"}, "This project has no identity secret 'is_none'."),
        ({"aud": "prj_other"}, "`aud` is 'prj_other'"),
        ({"sub": ""}, "`sub` is ''"),
        ({"exp": 1}, "`exp` is not after `iat`."),
        ({"iat": 1, "exp": 600}, "It ended"),
        ({"exp": int(time.time()) + 90_000}, "It lives 25 hours: at most 24 are taken."),
        ({"alg": "HS512", "key": "x" * 64}, "must be HS256"),
        ({"account": 7}, "`account` must be the account's id"),
    ],
)
def test_of_a_bad_token_the_failing_check_is_named(secret, project, change, said):
    token = token_of(secret, project, **change)

    told = secret[0].send(f"{IDENTITY}/check", on=IDENTITY, token=token)

    assert "The server refuses this token." in told.text
    assert said in words(told.text)


@pytest.mark.parametrize("token", ["no token", "a.b.c", "é" * 5_000])
def test_what_is_no_token_is_said_to_be_none(secret, token):
    told = secret[0].send(f"{IDENTITY}/check", on=IDENTITY, token=token)

    assert "The server refuses this token." in told.text


def test_a_revoked_secret_is_named_by_the_check(secret, project):
    admin, secret_id, text = secret
    admin.send(f"{IDENTITY}/revoke", on=IDENTITY, secret_id=secret_id)

    told = admin.send(f"{IDENTITY}/check", on=IDENTITY, token=token_of(secret, project))

    assert f"The secret {secret_id} was revoked" in words(told.text)
    assert text not in admin.get(IDENTITY).text


def test_the_way_from_unsigned_to_signed_is_shown_until_it_is_gone(visit, db, secret):
    admin = secret[0]
    assert steps_done(admin) == 1

    db.transact(lambda session: session.execute(update(IdentitySecret).values(last_used_day=1)))
    assert steps_done(admin) == 2

    now = revision(admin, IDENTITY)
    admin.send(IDENTITY, on=IDENTITY, revision=now, identity_mode="required")
    assert "in three steps" not in admin.get(IDENTITY).text


def steps_done(visitor):
    text = visitor.get(IDENTITY).text
    assert "From unsigned to signed in three steps" in text
    return text.count('<span class="pass">done</span>')


def test_the_identity_mode_is_changed(visit, db, project):
    admin = visit("admin")
    form = {"identity_mode": "required", "excludes_unverified": "true"}
    now = revision(admin, IDENTITY)

    assert admin.send(IDENTITY, on=IDENTITY, revision=now, **form).status_code == 303
    stored = project_view(db, project)
    assert (stored["identity_mode"], stored["excludes_unverified"]) == ("required", True)
    late = admin.send(IDENTITY, on=IDENTITY, revision=now, **form)
    assert late.status_code == 412
    assert "Somebody else has changed this meanwhile." in late.text


def labels(db, project):
    with db.read() as session:
        found = features.catalogue(session, project.id, "feature")["items"]
    return {item["label"]: (item["names"], item["is_hidden"]) for item in found}


def test_features_are_merged_hidden_and_taken_apart(visit, world, db, project):
    admin = visit("admin")
    first, second = list(labels(db, project))[:2]

    empty = admin.send(FEATURES, on=FEATURES, step="label", label="Both")
    assert (empty.status_code, "Choose at least one name" in empty.text) == (422, True)
    nameless = admin.send(FEATURES, on=FEATURES, step="label", label="", label_of=[first])
    assert 'id="label-fault"' in nameless.text

    both = {"label_of": [first, second]}
    admin.send(FEATURES, on=FEATURES, step="label", label="Both 🎉", **both)
    assert labels(db, project)["Both 🎉"] == ([first, second], False)
    admin.send(FEATURES, on=FEATURES, step="hide", label_of=["Both 🎉"])
    assert labels(db, project)["Both 🎉"] == ([first, second], True)
    admin.send(FEATURES, on=FEATURES, step="apart", label_of=["Both 🎉"])
    assert labels(db, project)[first] == ([first], False)


def test_viewers_read_the_catalogue_and_change_nothing(visit, world):
    viewer = visit("viewer")

    assert "Rename or merge" not in viewer.get(FEATURES).text
    assert viewer.send(FEATURES, on="/", step="hide", label_of=["x"]).status_code == 403


def test_page_rules_are_tried_as_they_stand_then_saved(visit, db, project):
    admin = visit("admin")
    form = {"page_rules": "/teams/*/reports/** -> /reports\n\n/x -> /y", "page_views": "true"}

    tried = admin.send(
        f"{PAGES}/try", on=PAGES, path="https://a.example/teams/b/reports/42", **form
    )
    assert "/teams/b/reports/42 counts as /reports , by rule 1." in words(tried.text)
    folded = admin.send(f"{PAGES}/try", on=PAGES, path="/orders/42?x=1", **form)
    assert "/orders/42 counts as /orders/:id ; no rule fits" in words(folded.text)
    assert project_view(db, project)["page_rules"] == []

    now = revision(admin, PAGES)
    assert admin.send(PAGES, on=PAGES, revision=now, **form).status_code == 303
    stored = project_view(db, project)
    assert [PageRule(**rule) for rule in stored["page_rules"]] == [
        PageRule("/teams/*/reports/**", "/reports"),
        PageRule("/x", "/y"),
    ]
    assert stored["page_views"] is True


def test_what_is_no_rule_is_told_and_kept(visit):
    admin = visit("admin")

    sent = admin.send(PAGES, on=PAGES, revision=revision(admin, PAGES), page_rules="/a/*")

    assert sent.status_code == 422
    assert 'id="page_rules-fault"' in sent.text
    assert ">/a/*</textarea>" in sent.text


def test_themes_are_tried_on_the_comments_then_saved(visit, client, project, make_survey):
    make_survey()
    for user, comment in (("a", "Far too slow"), ("b", "Slower than before"), ("c", "Lovely")):
        give(client, project, user, 3, comment)
    admin = visit("admin")
    form = {"name": ["Pace", "", "Joy"], "patterns": ["slow*, sluggish", "x", "love*"]}

    tried = words(admin.send(f"{THEMES}/try", on=THEMES, **form).text)
    assert "Of 3 comments in the last 360 days 0 have no theme" in tried
    assert "2 comments, 67 %: slow* 2. Nothing has sluggish." in tried
    assert "Far too slow" in tried
    assert "Pace" not in admin.text("/inbox")

    now = revision(admin, THEMES)
    assert admin.send(THEMES, on=THEMES, revision=now, **form).status_code == 303
    assert "Pace" in admin.text("/inbox")


@pytest.mark.parametrize("themes", [{"name": ["A", "A"], "patterns": ["x", "y"]},
                                    {"name": ["A"], "patterns": [""]}])  # fmt: skip
def test_themes_that_cannot_be_are_refused_and_stay_in_the_form(visit, themes):
    admin = visit("admin")

    sent = admin.send(THEMES, on=THEMES, revision=revision(admin, THEMES), **themes)

    assert sent.status_code == 422
    assert 'value="A"' in sent.text


def test_who_counts_how_much_is_changed(visit):
    admin = visit("admin")
    people = f"{THEMES}/people"
    form = {"key_roles": "buyer\nchampion", "role_weights": "buyer = 3", "value_trait": "arr"}

    wrong = admin.send(people, on=THEMES, revision="0", **form | {"role_weights": "buyer"})
    assert 'id="role_weights-fault"' in wrong.text
    assert admin.send(people, on=THEMES, revision="0", **form).status_code == 303
    assert "buyer = 3" in admin.get(THEMES).text

"""Every page: for whom it is, what it says without data, and the policy it comes with."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import delete

from backend.services import projects
from backend.storage.models import Membership
from tests.answers import give
from tests.web.conftest import add_member

FOR_ALL = ["/", "/explore", "/explore/features", "/explore/active-use", "/surveys", "/settings"]
FOR_ALL += [
    "/settings/releases",
    "/settings/features",
    "/settings/pages",
    "/settings/project",
    "/you",
]
FOR_ANALYSTS = ["/explore/active-use/people", "/accounts", "/inbox", "/explain"]
FOR_ANALYSTS += ["/settings/themes", "/settings/data", "/explore/segments"]
FOR_ADMINS = ["/settings/keys", "/settings/members", "/settings/audit"]
FOR_ADMINS += ["/settings/identity", "/settings/import"]
ALL = [*FOR_ALL, "/settings/origins", *FOR_ANALYSTS, *FOR_ADMINS]


def test_every_page_has_something_to_say_without_any_data(visit):
    visitor = visit("owner")

    pages = {path: visitor.text(path) for path in ALL}

    assert "No answers yet" in pages["/"]
    assert "No survey yet" in pages["/surveys"]
    assert "Nobody has written a comment yet." in pages["/inbox"]
    assert "No page with the tag has been seen yet." in pages["/settings"]


def test_every_page_shows_a_full_project(visit, world):
    visitor = visit("owner")

    for path in [*ALL, f"/surveys/{world}", "/accounts/acc_1", "/explore?by=usage_group"]:
        visitor.text(path)
    assert "likely" in visitor.text("/")
    assert "150 people by their last answer" in visitor.text("/?window=360")


@pytest.mark.parametrize(
    ("role", "closed"), [("viewer", [*FOR_ANALYSTS, *FOR_ADMINS]), ("analyst", FOR_ADMINS)]
)
def test_a_role_opens_its_own_pages_alone(visit, world, role, closed):
    visitor = visit(role)

    for path in ALL:
        assert visitor.get(path).status_code == (403 if path in closed else 200), path
    links = visitor.get("/").text
    assert all(f'href="{path}"' not in links for path in closed)


def test_a_viewer_meets_no_single_comment_and_no_person(visit, world):
    text = visit("viewer").text("/")

    assert "Newest comments" not in text
    assert "Worth a call" not in text
    assert "The export is slow" not in text


def test_what_is_too_small_for_viewers_is_hidden_as_over_rest(visit, client, project, make_survey):
    make_survey()
    for i, role in enumerate(["admin"] * 3 + ["member"] * 8 + ["buyer"] * 7):
        give(client, project, f"user-{i}", 9, traits={"role": role})

    # The two smaller groups in one row: alone, the smallest would follow from the total.
    assert re.search(r"\(hidden\) .* 10 ", visit("viewer").text("/explore?by=role"))
    seen = visit("analyst").text("/explore?by=role")
    assert "(hidden)" not in seen
    assert "too few to say" in seen


@pytest.mark.parametrize("scores", [[9], [9, 3, 7, 8]])
def test_under_five_answers_no_score_is_shown(visit, client, project, make_survey, scores):
    make_survey()
    for i, score in enumerate(scores):
        give(client, project, f"user-{i}", score)

    text = visit("owner").text("/")

    assert f"Too few to say: {len(scores)} answer" in text
    assert "likely" not in text


def test_another_project_is_one_that_does_not_exist(visit, make_project):
    visitor, foreign = visit("owner"), make_project(name="Foreign")

    for path in ("/", "/surveys", "/settings"):
        for project_id in (foreign.id, "prj_unknown"):
            refused = visitor.get(f"{path}?project_id={project_id}")
            assert refused.status_code == 404
            assert "Foreign" not in refused.text


def test_who_belongs_to_two_projects_goes_from_one_to_the_other(visit, make_project, db):
    visitor, other = visit("owner"), make_project(name="Zweites Produkt")
    add_member(db, other.id, "viewer", "owner@example.com")

    assert "Zweites Produkt" in visitor.text("/")
    page = visitor.get(f"/explore?project_id={other.id}").text
    assert f"project_id={other.id}" in page
    assert visitor.get(f"/settings/keys?project_id={other.id}").status_code == 403


def test_the_policy_lets_nothing_foreign_and_nothing_inline_run(visit, world):
    visitor = visit("owner")

    for path in [*ALL, f"/surveys/{world}", "/join", "/users/nobody"]:
        answer = visitor.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "require-trusted-types-for 'script'" in policy
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cache-Control"] == "no-store"
        inline = r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\bsrc=)"
        assert not re.search(inline, answer.text), path


def test_an_address_that_asks_for_nothing_there_is_says_so(visit):
    visitor = visit("owner")

    for query in (
        "window=7",
        "from=yesterday",
        "segment=shoe:42",
        "segment=category:x",
        "from=2026-02-02&to=2026-01-01",
    ):
        refused = visitor.get(f"/explore?{query}")
        assert refused.status_code == 422, query
        assert "This cannot be asked" in refused.text


def test_the_address_holds_window_and_segments(visit, world):
    visitor = visit("owner")

    page = visitor.get("/explore?window=360&segment=role:admin&by=plan").text

    assert "Role: admin" in page
    assert "window=360&amp;segment=role%3Aadmin" in page
    assert visitor.get("/?segment=trait:seats:5").status_code == 200


def test_accounts_say_the_window_they_are_about(visit, world):
    visitor = visit("analyst")

    assert '<option value="180" selected>' in visitor.get("/accounts").text
    assert '<option value="90" selected>' in visitor.get("/accounts?window=90").text
    assert "of the last 180 days" in visitor.text("/accounts/acc_1")


def test_comments_that_a_segment_cannot_narrow_are_left_out(visit, world):
    visitor = visit("analyst")

    assert "Newest comments" in visitor.text("/?segment=role:admin")
    assert "Newest comments" not in visitor.text("/?segment=feature:feature_1")


def test_words_of_people_are_shown_as_text(visit, client, project, make_survey, db):
    make_survey()
    nasty = '<script>alert(1)</script>" onmouseover="x'
    for i in range(6):
        traits = {"role": f"<b>{i}"}
        give(client, project, f"<i>{i}</i>", 9, nasty, traits=traits, account={"id": "<u>a</u>"})
    visitor = visit("owner")

    for path in ("/", "/explore", "/inbox", "/accounts", "/accounts/%3Cu%3Ea%3C/u%3E"):
        html = visitor.get(path).text
        assert "<script>alert" not in html, path
        assert "<i>" not in html.replace('<i class="', ""), path
    assert visitor.get("/users/%3Ci%3E1%3C/i%3E").status_code == 200


def test_files_are_kept_for_ever_under_the_digest_of_their_content(client):
    page = client.get("/sign-in").text
    address = re.search(r'href="(/assets/[0-9a-f]{12}/zeroten.css)"', page)[1]

    plain, packed = client.get(address), client.get(address, headers={"Accept-Encoding": "br"})

    assert "immutable" in plain.headers["Cache-Control"]
    assert packed.headers["Content-Encoding"] == "br"
    assert len(packed.data) < 8_000 < len(plain.data)
    assert client.get(address.replace("zeroten.css", "../web/home.py")).status_code == 404
    assert "immutable" not in client.get("/assets/0/zeroten.css").headers["Cache-Control"]


def test_who_was_taken_out_of_all_projects_is_told_so(visit, db, project):
    visitor = visit("viewer")
    db.transact(lambda session: session.execute(delete(Membership)))

    assert "You belong to no project yet" in visitor.get("/").text
    assert projects.exists(db, project.id)

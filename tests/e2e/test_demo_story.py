"""From a click in the demo product to the insights: the product's whole job, in a real browser."""

from __future__ import annotations

import json
import time
import urllib.parse
import urllib.request
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

WITHIN_S = 5.0


@pytest.fixture(autouse=True)
def everyone_is_asked(demo: dict[str, str]) -> None:
    """Set the rate by which this story lives: the README's test, on the same demo, halves it."""
    path = f"surveys/{demo['survey_id']}"
    with _call(demo, path) as survey:
        etag = survey.headers["ETag"]
    with _call(demo, f"{path}/sampling", {"rate": 1.0}, {"If-Match": etag}) as changed:
        assert json.loads(changed.read())["sampling"]["rate"] == 1.0


@pytest.fixture
def page(browser: Browser) -> Any:
    context = browser.new_context()
    page = context.new_page()
    page.faults = []  # type: ignore[attr-defined]
    page.on("pageerror", lambda error: page.faults.append(str(error)))  # type: ignore[attr-defined]
    yield page
    context.close()


def test_an_answer_appears_once_by_role_page_and_feature(demo, page):
    before = _insights(demo)
    user = f"story-{time.time_ns()}"
    _open(page, demo, user)
    with page.expect_response("**/api/export"):
        page.get_by_role("button", name="Export CSV").click()

    expect(page.get_by_role("radio")).to_have_count(11)
    _pick(page, 9)
    page.get_by_role("textbox").fill("Exports save me an hour")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you", exact=False)).to_be_visible()

    answer = _eventually(lambda: _profiled_answer(demo, user, "export_csv"))
    assert (answer["score"], answer["comment"]) == (9, "Exports save me an hour")
    assert (answer["role"], answer["page"]) == ("admin", "/reports/:id")
    _eventually(lambda: _grew_by_one(before, _insights(demo)))
    assert page.faults == []


def test_an_answer_survives_a_tab_closed_right_after_the_click(demo, page):
    user = f"closed-{time.time_ns()}"
    _open(page, demo, user)
    expect(page.get_by_role("radio")).to_have_count(11)
    _pick(page, 3)
    page.close()

    answers = _eventually(lambda: _answers(demo, user))

    assert [answer["score"] for answer in answers] == [3]


def _open(page: Page, demo: dict[str, str], user: str) -> None:
    query = urllib.parse.urlencode({"user": user, "role": "admin"})
    page.goto(f"{demo['demo_page']}reports/42?{query}")


def _pick(page: Page, score: int) -> None:
    # A person does not click within the first half second, and such clicks are not taken.
    page.wait_for_timeout(800)
    page.locator("zeroten-survey label", has_text=str(score)).filter(has_not_text="10").click()


def _get(demo: dict[str, str], path: str) -> Any:
    with _call(demo, path) as response:
        return json.loads(response.read())


def _call(demo: dict[str, str], path: str, change: Any = None, headers: Any = None) -> Any:
    request = urllib.request.Request(
        demo["url"] + "/api/v1/" + path,
        None if change is None else json.dumps(change).encode(),
        {"Authorization": "Bearer " + demo["admin_token"], "Content-Type": "application/json"}
        | (headers or {}),
        method="GET" if change is None else "PATCH",
    )
    return urllib.request.urlopen(request, timeout=5)


def _answers(demo: dict[str, str], user: str) -> list[dict[str, Any]]:
    found = _get(demo, f"responses?user_id={user}")
    return [each for each in found["items"] if each["score"] is not None]


def _profiled_answer(demo: dict[str, str], user: str, feature: str) -> dict[str, Any] | None:
    answers = _answers(demo, user)
    assert len(answers) <= 1
    # The profile is taken a moment after the answer.
    done = [
        a for a in answers if a["comment"] and feature in (a["usage"] or {}).get("features", ())
    ]
    return done[0] if done else None


def _insights(demo: dict[str, str]) -> dict[str, int]:
    by_role = _get(demo, "insights/breakdown?by=role")
    by_page = _get(demo, "insights/breakdown?by=page")
    features = _get(demo, "insights/features")
    return {
        "role": _n(by_role, "admin"),
        "page": _n(by_page, "/reports/:id"),
        "feature": _n(features, "export_csv"),
    }


def _n(table: dict[str, Any], value: str) -> int:
    rows = table["rows"]
    return next((row["n"] for row in rows if value in row.values()), 0)


def _grew_by_one(before: dict[str, int], after: dict[str, int]) -> bool:
    return after == {name: count + 1 for name, count in before.items()}


def _eventually(look: Any) -> Any:
    """Return the first truthy value within the promised time."""
    end = time.monotonic() + WITHIN_S
    while True:
        if found := look():
            return found
        assert time.monotonic() < end, "it did not appear within 5 s"
        time.sleep(0.2)

"""Page views, where a project wants them: sent as the page is left, with the time in use."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import select

from backend.storage.models import Name, Project, UsageDay
from tests.contracts.serving import eventually

STUB = "window.zeroten=function(){(zeroten.q=zeroten.q||[]).push(arguments)};"
GPC = "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', {get: () => true});"
# What a page sends while it goes is heard by nobody but the page.
HEARD = (
    "const beacon = navigator.sendBeacon;"
    "navigator.sendBeacon = (to, body) =>"
    " { sessionStorage.sent = body; return beacon.call(navigator, to, body) };"
)


def wanting(scene):
    """Make a project that wants page views and asks nobody."""
    given = scene(targeting={"triggers": []})
    given.server.db.transact(
        lambda session: setattr(session.get(Project, given.project_id), "page_views", True)
    )
    return given


def seen(given) -> dict[str, tuple[int, int]]:
    """Return how often each page was looked at, and for how many ms."""
    query = (
        select(Name.name, UsageDay.count, UsageDay.engaged_ms)
        .join(Name, Name.id == UsageDay.name_id)
        .where(Name.project_id == given.project_id)
    )
    with given.server.db.read() as session:
        return {row.name: (row.count, row.engaged_ms) for row in session.execute(query)}


def visit(guest, given, script: str = "") -> list[str]:
    """Look at two pages of a single-page app, and leave; return the files that were fetched."""
    fetched: list[Any] = []
    guest.page.on("request", lambda one: fetched.append(one.url.rpartition("/")[2]))
    given.page(path="/other", tag="")
    url = given.page(head=f"<script>{STUB}{script}zeroten('identify', 'u-1')</script>", path="/app")
    guest.page.goto(url)
    guest.page.wait_for_timeout(800)
    guest.page.mouse.move(10, 10)
    guest.page.evaluate("history.pushState(null, '', '/reports/7?secret=1')")
    guest.page.wait_for_timeout(300)
    guest.page.mouse.move(20, 20)
    guest.page.goto(given.host.origin + "/other")
    guest.page.wait_for_timeout(300)
    return fetched


def test_two_pages_are_counted_with_the_time_they_were_in_use(scene, guest):
    given = wanting(scene)

    visit(guest, given)

    eventually(lambda: set(seen(given)) == {"/app", "/reports/:id"})
    assert [count for count, _ in seen(given).values()] == [1, 1]
    assert all(0 < engaged_ms < 10_000 for _, engaged_ms in seen(given).values())


def test_nothing_is_sent_where_the_browser_or_the_person_says_no(scene, guests):
    for script in (GPC, "zeroten('consent', 'denied');"):
        given = wanting(scene)
        guest = guests()

        visit(guest, given, HEARD + script)

        # What is heard of a page that may send: the test after this one.
        assert guest.page.evaluate("sessionStorage.sent") is None
        assert seen(given) == {}


def test_consent_given_to_the_host_goes_before_the_browsers_word_and_is_sent(scene, guest):
    given = wanting(scene)

    visit(guest, given, GPC + HEARD + "zeroten('consent', 'granted');")

    eventually(lambda: set(seen(given)) == {"/app", "/reports/:id"})
    assert json.loads(guest.page.evaluate("sessionStorage.sent"))["consent"] == "granted"
    assert guest.page.evaluate("localStorage.length") == 0


def test_a_project_without_page_views_fetches_no_code_for_them(scene, guest):
    given = scene(targeting={"triggers": []})

    fetched = visit(guest, given)

    assert [name for name in fetched if name.startswith("panel")] == []

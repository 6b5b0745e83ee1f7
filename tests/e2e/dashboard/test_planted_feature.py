"""In a demo of full size the planted features are named, and a keyboard alone gets to them."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from werkzeug.serving import make_server

from backend.api.auth import PLAIN_COOKIE
from backend.app import create_app
from backend.config import Config
from backend.services import demo, sessions
from backend.services.clock import utc_now
from backend.services.demo.truth import HEAVY_NULLS, PLANTED
from backend.storage.db import Database
from tests.web.conftest import add_member

MOST_TABS = 80


@pytest.fixture(scope="module")
def full_size(sqlite_template, tmp_path_factory) -> Iterator[tuple[str, str]]:
    """Serve the world that `make demo` makes; give its address and an owner's session."""
    folder = tmp_path_factory.mktemp("full")
    shutil.copyfile(sqlite_template, folder / "zeroten.db")
    db = Database(f"sqlite:///{folder / 'zeroten.db'}")
    project_id = demo.seed(db, now=utc_now()).project_id
    owner = add_member(db, project_id, "owner", "ann@example.com")
    token = db.transact(lambda session: sessions.renew(session, owner, utc_now()))
    app = create_app(Config(data_dir=folder, rate_limits=False, insecure_cookies=True), db)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.port}", token
    server.shutdown()
    thread.join()
    server.server_close()
    db.close()


@pytest.fixture
def page(full_size: tuple[str, str], browser: Browser) -> Iterator[Page]:
    """A page signed in as the owner."""
    url, token = full_size
    context = browser.new_context(base_url=url)
    context.add_cookies([{"name": PLAIN_COOKIE, "value": token, "url": url}])
    yield context.new_page()
    context.close()


def test_the_planted_features_alone_are_named_as_clearly_different(page):
    page.goto("/explore?window=180")
    page.get_by_role("link", name="Features and pages").click()

    for name, effect in PLANTED.features.items():
        way = "higher" if effect > 0 else "lower"
        expect(page.get_by_text(f"{name} goes with a {way} NPS at equal use")).to_be_visible()
        expect(row_of(page, name).locator(".mark")).to_have_text(re.compile("[+−]"))
    for name in HEAVY_NULLS:
        expect(row_of(page, name)).to_be_visible()
        expect(row_of(page, name).locator(".mark")).to_have_count(0)


def test_a_keyboard_alone_gets_from_home_to_the_people_of_the_planted_feature(page):
    page.goto("/?window=180")

    follow(page, page.get_by_role("link", name="Explore", exact=True))
    follow(page, page.get_by_role("link", name="Features and pages"))
    follow(page, row_of(page, "bank_import").get_by_role("link", name=re.compile("People who use")))

    expect(page.get_by_role("heading", name="Everybody who answered")).to_be_visible()
    expect(page.get_by_label("Narrowed to")).to_contain_text("bank_import")
    follow(page, page.get_by_role("table").get_by_role("link").first)
    expect(page).to_have_url(re.compile("/users/"))


def row_of(page: Page, feature: str) -> Locator:
    """Return a feature's row of the table."""
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=feature, exact=True))


def follow(page: Page, link: Locator) -> None:
    """Go to a link by Tab and follow it by Enter."""
    expect(link).to_be_visible()
    before = page.url
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if link.evaluate("(one) => one === document.activeElement"):
            page.keyboard.press("Enter")
            page.wait_for_url(lambda url: url != before)
            return
    raise AssertionError(f"{link} was not reached by {MOST_TABS} tabs")

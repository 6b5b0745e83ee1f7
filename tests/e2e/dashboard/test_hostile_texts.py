"""Forty stored-XSS payloads in every text that people can send, on every page that shows texts.

One made-up world has them all. Chromium walks the dashboard, the preview of every survey with the
real panel, a host's page with the widget, the exports and the report: no payload runs, no policy
is broken, nothing is asked of another host.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy import select, update

from backend.domain import survey_defaults
from backend.services import invitations, report, report_html
from backend.services.clock import utc_now
from backend.services.insights.question import Question
from backend.storage.models import Account, Decision, Member, Name, Response, User
from tests.api.admin.insights_world import World, write
from tests.contracts.dashboards import with_token
from tests.contracts.serving import Project, Server, make_project
from tests.dashboard import PASSWORD
from tests.e2e.dashboard.conftest import sign_in
from tests.e2e.dashboard.pages import SETTINGS
from tests.e2e.widget.host import Host

VECTORS = Path(__file__).parents[2] / "vectors" / "xss.txt"
PAYLOADS = VECTORS.read_text().splitlines()
EMAIL = "owner@example.com"
# Kept from the first moment of every page and frame: what ran, what the policy stopped.
WATCH = """
top.ran ??= []; top.broken ??= [];
window.RAN = (number) => top.ran.push(number);
addEventListener('securitypolicyviolation', (event) => top.broken.push(
  `${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
"""


def chunks(most: int) -> list[str]:
    """Return texts of at most `most` characters that hold all payloads, in their order."""
    texts = [""]
    for payload in PAYLOADS:
        if len(texts[-1]) + len(payload) > most:
            texts.append("")
        texts[-1] += payload
    return texts


SHORT = chunks(170)
LONG = chunks(900)


@dataclass
class Seen:
    """A browser's page with everything that went wrong in it."""

    page: Page
    server: Server
    host: Host
    faults: list[str] = field(default_factory=list)

    def visit(self, path: str) -> None:
        answer = self.page.goto(self.server.url + path)
        assert answer is not None
        assert answer.status == 200, (path, answer.status)
        self.check(path)

    def check(self, where: str) -> None:
        ran, broken = self.page.evaluate("[window.ran, window.broken]")
        if ran or broken:
            self.faults.append(f"{where}: ran {ran}, reported {broken}")


@pytest.fixture(scope="module")
def project(tmp_path_factory: Any, host: Host) -> Iterator[Project]:
    """The world with every payload in every text."""
    server = Server(tmp_path_factory.mktemp("hostile"), more={"INSECURE_COOKIES": "1"}).start()
    made = make_project(server, name=SHORT[0], origins=[host.origin, server.url])
    fill(made)
    yield made
    server.stop()


def fill(project: Project) -> None:
    db = project.server.db
    survey_ids = [
        project.survey(
            name=short,
            content=content(long),
            targeting={"triggers": [{"type": "page_load", "delay_ms": 0}]},
        )
        for short, long in zip(SHORT, itertools.cycle(LONG), strict=False)
    ]
    world = World(
        people=60, accounts=len(SHORT), days=60, unanswered=10, roles=SHORT, comments=LONG,
        features=SHORT,
    )  # fmt: skip
    write(db, project.id, survey_ids[0], world)
    db.write(lambda connection: spread(connection, project.id))
    for short, long in zip(SHORT, itertools.cycle(LONG), strict=False):
        act(project, "POST", "/releases", {"name": short, "at": "2026-01-01T00:00:00Z"})
        act(project, "POST", "/tokens", {"name": short})
        act(
            project, "POST", "/features", {"names": [short], "label": short[::-1][:9] + short[:180]}
        )
        triage(project, short, long)
    rules = [{"pattern": f"/x{i}/*", "template": f"/{text}"[:190]} for i, text in enumerate(SHORT)]
    act(project, "PATCH", f"/projects/{project.id}", {"page_rules": rules}, {"If-Match": "*"})
    themes = [{"name": text[:90], "patterns": [text[:90]]} for text in SHORT]
    act(project, "PATCH", "/insights/settings", {"themes": themes}, {"If-Match": "*"})
    for number, short in enumerate(SHORT):
        join(project, f"m{number}@example.com", short)
    join(project, EMAIL, SHORT[-1])


def content(text: str) -> dict[str, Any]:
    """Return a survey whose every text is `text`."""
    made = copy.deepcopy(survey_defaults.content())
    made["questions"] = [
        {"id": "score", "kind": "nps", "required": True},
        {"id": "role", "kind": "choice", "options": ["a", "b"]},
        {"id": "why", "kind": "text", "show_if": {"question": "score", "answered": True}},
    ]
    bands = dict.fromkeys(("detractor", "passive", "promoter"), text)
    ends = {"link_text": text, "link_url": "https://example.com/review"}
    made["texts"] = {
        "en": {
            "questions": {
                "score": {"text": text, "low": text, "high": text},
                "role": {"text": text, "options": {"a": text, "b": text}},
                "why": {"text": text, "by_band": bands},
            },
            "thanks": {"text": text, "by_band": {"promoter": ends}},
        }
    }
    return made


def spread(connection: Any, project_id: str) -> None:
    """Put payloads into what the made-up world names otherwise."""
    texts = itertools.cycle(SHORT)

    def change(model: Any, key: Any, *names: str) -> None:
        for number, row in enumerate(connection.execute(select(key)).scalars().all()):
            values: dict[str, Any] = {name: f"{next(texts)} {number}" for name in names}
            if "traits" in values:
                values["traits"] = {text[:120]: text for text in SHORT[number % 3 :: 3]}
            connection.execute(update(model).where(key == row).values(values))

    change(User, User.key, "user_id", "traits")
    change(Account, Account.key, "account_id", "traits")
    change(Response, Response.id, "plan", "page", "app_version", "traits")
    change(Decision, Decision.id, "page")
    pages = select(Name.id).where(Name.kind == "page")
    for text, row in zip(SHORT, connection.execute(pages).scalars().all(), strict=False):
        connection.execute(update(Name).where(Name.id == row).values(name="/" + text))


def triage(project: Project, short: str, long: str) -> None:
    found = act(project, "GET", "/responses?limit=200")["items"]
    response = found[SHORT.index(short)]
    tags = [part[:30].replace(",", "") for part in (short, long)]
    path = f"/responses/{response['id']}"
    act(project, "PATCH", path, {"tags": tags, "note": long}, {"If-Match": "*"})


def join(project: Project, email: str, name: str) -> None:
    db = project.server.db
    token = db.transact(
        lambda session: invitations.invite(
            session, project_id=project.id, email=email, role="owner", actor="cli"
        )[1]
    )
    if email == EMAIL:
        invitations.redeem(db, token, PASSWORD, name, utc_now())
        return
    # No password is hashed for people who only stand in a list: that takes a while.
    db.transact(lambda session: add_named(session, project.id, email, name))


def add_named(session: Any, project_id: str, email: str, name: str) -> None:
    member = Member(
        id=f"mem_{email[:8]}", email=email, name=name, everywhere_role="viewer",
        password_hash="none", totp_encrypted=None, totp_enabled=False, totp_step=0,
        created_at=utc_now(),
    )  # fmt: skip
    session.add(member)


def act(project: Project, method: str, path: str, document: Any = None, headers: Any = None) -> Any:
    answer = with_token(project, project.given.owner_token, method, path, document, headers)
    assert answer.status in (200, 201), (path, answer.status, answer.body[:400])
    return answer.json


@pytest.fixture(scope="module")
def context(browser: Browser, project: Project) -> Iterator[BrowserContext]:
    """Somebody signed in, who can reach nothing but our server and the host's page."""
    made = browser.new_context()
    made.add_init_script(WATCH)
    page = made.new_page()
    sign_in(page, project.server.url, EMAIL)
    page.close()
    yield made
    made.close()


@pytest.fixture
def seen(context: BrowserContext, project: Project, host: Host) -> Iterator[Seen]:
    page = context.new_page()
    found = Seen(page, project.server, host)
    ours = (project.server.url, host.origin, "data:", "blob:", "about:")

    def note(request: Any) -> None:
        if not request.url.startswith(ours):
            found.faults.append(f"asked {request.url}")

    page.on("request", note)
    page.on("dialog", lambda dialog: (found.faults.append("dialog"), dialog.dismiss()))
    yield found
    page.close()
    assert found.faults == []


def ids(project: Project, column: Any, wanted: Sequence[str] = SHORT) -> list[str]:
    """Return ids of people or accounts, one for each of the texts."""
    with project.server.db.read() as session:
        known = session.scalars(select(column)).all()
    return [next(each for each in known if each.startswith(text)) for text in wanted]


PAGES = [
    "/",
    *(f"/?unit={unit}" for unit in ("day", "month")),
    *(f"/explore?by={by}" for by in ("role", "plan", "page", "version")),
    "/explore/features",
    "/explore/features?kind=pages",
    "/explore/active-use",
    "/explore/active-use/people",
    "/accounts",
    "/inbox",
    "/surveys",
    *SETTINGS,
]


def test_a_payload_that_runs_is_noticed(seen):
    assert len(set(PAYLOADS)) == 40
    seen.page.goto(seen.host.origin + "/empty")
    seen.page.evaluate("text => { document.body.innerHTML = text }", PAYLOADS[10])
    seen.page.wait_for_function("window.ran.length")
    seen.check("the proof")
    assert seen.faults.pop() == "the proof: ran [10], reported []"


def test_no_page_of_the_dashboard_runs_a_text(project, seen):
    for path in PAGES:
        seen.visit(path)
    seen.visit("/inbox?q=" + quote(SHORT[0]))
    for short in (*SHORT[:3], SHORT[-1]):
        seen.visit(f"/explain?user={quote(short)}")
        seen.visit(f"/?segment=role:{quote(short)}")


def test_no_page_of_a_person_or_an_account_runs_a_text(project, seen):
    for user_id in ids(project, User.user_id):
        seen.visit("/users/" + quote(user_id, safe=""))
    for account_id in ids(project, Account.account_id):
        seen.visit("/accounts/" + quote(account_id, safe=""))
    with project.server.db.read() as session:
        decision_id = session.scalars(select(Decision.id)).first()
    seen.visit(f"/decisions/{decision_id}")


def test_neither_the_editor_nor_the_panel_of_any_survey_runs_a_text(project, seen):
    surveys = act(project, "GET", "/surveys?limit=200")["items"]
    for survey in surveys[: len(LONG)]:
        seen.visit(f"/surveys/{survey['id']}")
        seen.visit(f"/surveys/{survey['id']}/preview")
        seen.page.locator("zeroten-survey").get_by_role("radio").first.wait_for()
        seen.check("the preview's panel")


def test_the_widget_in_a_hosts_page_runs_no_text_from_question_to_thanks(project, context, seen):
    tag = f'<script src="{project.server.url}/w/{project.given.publishable_key}.js"></script>'
    html = f"<!doctype html><title>Host</title><h1>Host</h1>{tag}"
    seen.host.pages["/app"] = (html, {})
    seen.page.goto(seen.host.origin + "/app")
    panel = seen.page.locator("zeroten-survey")
    panel.get_by_role("radio").nth(9).wait_for()
    seen.page.wait_for_timeout(300)
    assert "RAN(" in panel.get_by_role("heading").first.inner_text()
    panel.get_by_role("radio").nth(9).click()
    seen.page.wait_for_timeout(500)
    seen.check("the widget")


def test_neither_the_exports_nor_the_report_run_a_text(project, context, seen, tmp_path):
    for path in ("/responses", "/surveys", "/audit", "/insights/comments"):
        seen.visit(f"/api/v1{path}?project_id={project.id}")
    for path in ("responses.csv", "responses.jsonl"):
        with seen.page.expect_download() as download:
            seen.page.evaluate(f"location.href = '/api/v1/{path}?project_id={project.id}'")
        assert download.value.suggested_filename.startswith("responses")
        seen.check(path)
    page = report_html.html(report.gather(project.server.db, project.id, Question()))
    assert "RAN(" in page
    seen.page.set_content(page)
    seen.check("the report")

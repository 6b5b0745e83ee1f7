"""The abuse cases of the security model, by their numbers, against real servers.

`NOTHING_STORED` cases are also held to what their row says of storage: no row in any table.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from backend.services.clock import utc_now
from backend.storage.models import ApiKey, Response, Survey
from tests.conftest import ORIGIN
from tests.contracts.serving import Answer, Project, make_project, send, track

Act = Callable[[Project, Any], Answer]


@dataclass(frozen=True)
class Case:
    """One try and its exact answer; `prepare` runs before the rows are counted."""

    row: int
    name: str
    act: Act
    status: int
    slug: str
    pointer: str = ""
    prepare: Callable[[Project], Any] = lambda _project: None
    project: dict[str, Any] = field(default_factory=dict)


def ticket(project: Project) -> str:
    return project.ticket()


def say(**members: Any) -> Act:
    """Answer with the prepared ticket."""
    return lambda project, ticket: project.respond(
        **{"ticket": ticket, "revision": 1, "state": "scored", "score": 9} | members
    )


def say_without(member: str) -> Act:
    body = {"revision": 1, "state": "scored", "score": 9}
    body.pop(member)
    return lambda project, ticket: project.respond(ticket=ticket, **body)


def ask(**members: Any) -> Act:
    return lambda project, _: project.decide(**{"user_id": "u1"} | members)


def ask_from(origin: str | None) -> Act:
    return lambda project, _: project.post(
        "/v1/decide", {"user_id": "u1"}, headers={"Origin": origin}
    )


def ask_raw(body: bytes, **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda project, _: project.post("/v1/decide", body=body, headers=named)


def batch_raw(body: bytes, **headers: str) -> Act:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda project, _: project.batch(None, body=body, headers=named)


def batch_with(key: str, **more: str) -> Act:
    """Send a batch with a credential of the project by its name, or with a literal one."""

    def act(project: Project, made: Any) -> Answer:
        value = made or getattr(project.given, key, key)
        headers = {"Authorization": f"Bearer {value}"} | {
            name.replace("_", "-"): text for name, text in more.items()
        }
        return project.batch([track()], headers=headers)

    return act


def ask_with_key(key: str) -> Act:
    return lambda project, made: project.decide(
        user_id="u1", publishable_key=made or getattr(project.given, key, key)
    )


def admin_with(key: str) -> Act:
    return lambda project, _: send(
        project.server,
        "GET",
        "/api/v1/projects",
        headers={"Authorization": f"Bearer {getattr(project.given, key)}"},
    )


def ticket_of_another_project(project: Project) -> str:
    other = make_project(project.server)
    other.survey()
    return other.ticket()


def aged(**ago: timedelta) -> Callable[[Project], str]:
    """Give out a ticket as if that had been a while ago."""

    def prepare(project: Project) -> str:
        made = project.ticket()
        now = utc_now()
        project.age_ticket(made, **{name: now - past for name, past in ago.items()})
        return made

    return prepare


def answered_two_days_ago(project: Project) -> str:
    made = project.ticket()
    assert project.respond(ticket=made, revision=1, state="scored", score=9).status == 201
    past = utc_now() - timedelta(days=2)
    project.server.db.write(
        lambda connection: connection.execute(
            update(Response)
            .where(Response.project_id == project.id)
            .values(answered_at=past, invited_at=past)
        )
    )
    project.age_ticket(made, issued_at=past)
    return made


def of_archived_survey(project: Project) -> str:
    made = project.ticket()
    set_status(project, "archived")
    return made


def revoked(kind: str) -> Callable[[Project], str]:
    def prepare(project: Project) -> str:
        key = getattr(project.given, f"{kind}_key")
        project.server.db.write(
            lambda connection: connection.execute(
                update(ApiKey)
                .where(ApiKey.project_id == project.id, ApiKey.kind == kind)
                .values(revoked_at=utc_now())
            )
        )
        return str(key)

    return prepare


def second_ticket_of_the_wave(project: Project) -> str:
    second = two_tickets(project)[1]
    assert project.respond(ticket=second[0], revision=1, state="scored", score=9).status == 201
    return second[1]


def set_status(project: Project, status: str) -> None:
    project.server.db.write(
        lambda connection: connection.execute(
            update(Survey).where(Survey.project_id == project.id).values(status=status)
        )
    )


def two_tickets(project: Project) -> tuple[str, tuple[str, str]]:
    """Give one user two open tickets of one wave, as two devices can have after half an hour."""
    first = project.ticket()
    from backend.storage.models import User

    project.server.db.write(
        lambda connection: connection.execute(
            update(User).where(User.project_id == project.id).values(open_ticket_until=None)
        )
    )
    return "u1", (first, project.ticket())


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


def padded(size: int) -> Act:
    """Ask with a body of `size` bytes that is valid JSON wherever its padding is cut."""

    def act(project: Project, _: Any) -> Answer:
        document = {"publishable_key": project.given.publishable_key, "user_id": "u1"}
        return project.post("/v1/decide", body=json.dumps(document).encode().ljust(size))

    return act


MALFORMED = {
    "cut short": b'{"batch":[',
    "NaN": b'{"batch":[],"a":NaN}',
    "1e400": b'{"batch":[{"type":"track","userId":"u","event":"e","properties":{"a":1e400}}]}',
    "UTF-16": '{"batch":[]}'.encode("utf-16"),
    "a BOM": b'\xef\xbb\xbf{"batch":[]}',
    "invalid UTF-8": b'{"batch":[{"type":"track","userId":"u","event":"\xff"}]}',
    "a lone surrogate": b'{"batch":[{"type":"track","userId":"u","event":"\\ud800"}]}',
    "30,000 brackets": b"[" * 30_000,
    "nothing": b"",
    "two documents": b"{}{}",
    "a raw control character": b'{"batch":"\x00"}',
}
WRONG_SCORES = {
    "eleven": 11,
    "minus one": -1,
    "seven and a half": 7.5,
    "a text": "7",
    "true": True,
    "null": None,
    "an array": [7],
    "2^70": 2**70,
}

NOTHING_STORED = [
    Case(1, "a named user without a token", ask(), 401, "identity-required",
         project={"identity_mode": "required"}),
    Case(6, "no ticket", say(ticket=None), 404, "not-found"),
    Case(6, "an invented ticket", say(ticket="tk_" + "a" * 22), 404, "not-found"),
    Case(6, "a ticket of no form", say(ticket="tk_"), 404, "not-found"),
    Case(6, "another project's ticket", say(), 404, "not-found",
         prepare=ticket_of_another_project),
    Case(7, "an archived survey", say(), 409, "survey-closed", prepare=of_archived_survey),
    Case(8, "a ticket that lapsed unshown", say(), 410, "ticket-expired",
         prepare=aged(issued_at=timedelta(minutes=31))),
    Case(8, "a ticket of eight days", say(), 410, "ticket-expired",
         prepare=aged(issued_at=timedelta(days=8))),
    Case(8, "a change a day after the answer", say(revision=2, score=3), 410, "ticket-expired",
         prepare=answered_two_days_ago),
    Case(9, "the second ticket of a wave", say(score=2), 409, "ticket-used",
         prepare=second_ticket_of_the_wave),
    *(
        Case(12, f"score {name}", say(score=score), 422, "invalid-request", "#/score",
             prepare=ticket)
        for name, score in WRONG_SCORES.items()
    ),
    Case(12, "no score", say_without("score"), 422, "invalid-request", "#/score", prepare=ticket),
    Case(12, "a score with a dismissal", say(state="declined"), 422, "invalid-request", "#/score",
         prepare=ticket),
    *(
        Case(12, f"revision {name}", say(revision=value), 422, "invalid-request", "#/revision",
             prepare=ticket)
        for name, value in {"true": True, "zero": 0, "a text": "1", "a half": 1.5}.items()
    ),
    Case(12, "an unknown state", say(state="erased"), 422, "invalid-request", "#/state",
         prepare=ticket),
    Case(13, "a comment of 4,001", say(comment="x" * 4001), 422, "invalid-request", "#/comment",
         prepare=ticket),
    *(
        Case(15, f"origin {origin}", ask_from(origin), 403, "origin-not-allowed")
        for origin in (
            None, "null", "http://app.example.com", "https://app.example.com:8443",
            "https://app.example.com.evil.test", "https://evil.test", "https://app.example.com/",
            "https://xapp.example.com",
        )
    ),
    *(
        Case(16, f"wildcard against {origin}", ask_from(origin), 403, "origin-not-allowed",
             project={"origins": ["https://*.example.com"]})
        for origin in ("https://a.b.example.com", "https://example.com", "https://*.example.com")
    ),
    Case(17, "publishable key for events", batch_with("publishable_key"), 403, "key-not-allowed"),
    Case(17, "admin token for events", batch_with("admin_token"), 403, "key-not-allowed"),
    Case(17, "publishable key for admin", admin_with("publishable_key"), 403, "key-not-allowed"),
    Case(17, "secret key for admin", admin_with("secret_key"), 403, "key-not-allowed"),
    Case(17, "secret key in a page", ask_with_key("secret_key"), 403, "key-not-allowed"),
    Case(18, "unknown secret key with Origin", batch_with("sk_" + "a" * 43, Origin=ORIGIN), 403,
         "secret-key-in-browser"),
    Case(19, "unknown secret key", batch_with("sk_" + "a" * 43), 401, "key-invalid"),
    Case(19, "malformed secret key", batch_with("sk_x"), 401, "key-invalid"),
    Case(19, "revoked secret key", batch_with(""), 401, "key-invalid", prepare=revoked("secret")),
    Case(19, "unknown publishable key", ask_with_key("pk_" + "a" * 22), 401, "key-invalid"),
    Case(19, "malformed publishable key", ask_with_key("pk_"), 401, "key-invalid"),
    Case(19, "revoked publishable key", ask_with_key(""), 401, "key-invalid",
         prepare=revoked("publishable")),
    Case(19, "publishable key a number", ask(publishable_key=7), 401, "key-invalid"),
    Case(28, "a batch as a form", batch_raw(b"{}", Content_Type="text/plain"), 415,
         "unsupported-media-type"),
    Case(28, "a decision as a form",
         ask_raw(b"a=1", Content_Type="application/x-www-form-urlencoded"), 415,
         "unsupported-media-type"),
    *(Case(30, f"W {name}", ask_raw(body), 400, "malformed-json")
      for name, body in MALFORMED.items()),
    *(Case(30, f"E {name}", batch_raw(body), 400, "malformed-json")
      for name, body in MALFORMED.items()),
    Case(30, "E 100,000 brackets", batch_raw(b"[" * 100_000), 400, "malformed-json"),
    Case(30, "E 100,000 brackets in an event", batch_raw(b'{"batch":[' + b"[" * 100_000), 400,
         "malformed-json"),
    Case(30, "W JSON but no object", ask_raw(b"[]"), 422, "invalid-request", "#"),
    Case(31, "W nesting 7", ask(traits=nested(7)), 422, "invalid-request"),
    Case(31, "W 101 keys", ask(traits={str(i): i for i in range(101)}), 422, "invalid-request",
         "#/traits"),
    Case(31, "W key of 129", ask(traits={"k" * 129: 1}), 422, "invalid-request", "#/traits"),
    Case(31, "W 2^53", ask(traits={"a": 2**53}), 422, "invalid-request", "#/traits/a"),
    Case(31, "W text of 1,025", ask(traits={"a": "x" * 1025}), 422, "invalid-request",
         "#/traits/a"),
    Case(31, "W 501 values", ask(traits={"a": list(range(500))}), 422, "invalid-request"),
    Case(31, "W user of 201", ask(user_id="x" * 201), 422, "invalid-request", "#/user_id"),
    Case(31, "W user a number", ask(user_id=7), 422, "invalid-request", "#/user_id"),
    Case(31, "W nobody", ask(user_id=None), 422, "invalid-request"),
    Case(32, "W one byte over", padded(32 * 1024 + 1), 413, "payload-too-large"),
    Case(32, "E one byte over", batch_raw(b'{"batch":[]}'.ljust(512_001)), 413,
         "payload-too-large"),
    Case(33, "W gzip", ask_raw(gzip.compress(b"{}"), Content_Encoding="gzip"), 415,
         "unsupported-encoding"),
    Case(33, "E br", batch_raw(b"{}", Content_Encoding="br"), 415, "unsupported-encoding"),
    Case(33, "E no gzip", batch_raw(b"{}", Content_Encoding="gzip"), 400, "bad-request"),
    Case(33, "E half a gzip",
         batch_raw(gzip.compress(b'{"batch":[]}')[:-9], Content_Encoding="gzip"), 400,
         "bad-request"),
    Case(33, "E one byte over when inflated",
         batch_raw(gzip.compress(b" " * (1024 * 1024 + 1)), Content_Encoding="gzip"), 413,
         "payload-too-large"),
    Case(34, "an empty batch", batch_raw(b'{"batch":[]}'), 422, "invalid-request", "#/batch"),
    Case(34, "a batch that is none", batch_raw(b'{"batch":7}'), 422, "invalid-request", "#/batch"),
    Case(34, "2,501 events", lambda p, _: p.batch([{"userId": "u"}] * 2501), 413,
         "payload-too-large"),
    Case(47, "an Idempotency-Key of 256", batch_raw(b'{"batch":[{}]}', Idempotency_Key="k" * 256),
         422, "invalid-request"),
    Case(54, "a user with a newline", ask(user_id="u\n1"), 422, "invalid-request", "#/user_id"),
    Case(54, "a user with ESC", ask(user_id="u\x1b[2J"), 422, "invalid-request", "#/user_id"),
]  # fmt: skip


@pytest.mark.parametrize("case", NOTHING_STORED, ids=lambda case: f"{case.row}-{case.name}")
def test_a_refused_try_gets_its_exact_answer_and_stores_nothing(server, case):
    project = make_project(server, **case.project)
    project.survey()
    made = case.prepare(project)
    before = server.rows()

    answer = case.act(project, made)

    assert (answer.status, answer.slug) == (case.status, case.slug), answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert "retry-after" not in answer.headers
    assert answer.json["instance"] == f"/requests/{answer.headers['x-request-id']}"
    if case.pointer:
        assert case.pointer in answer.pointers
    if case.status == 401 and case.slug == "key-invalid":
        assert answer.headers["www-authenticate"] == "Bearer"
    assert server.rows() == before


@pytest.mark.parametrize("headers", [{"Origin": ORIGIN}, {"Sec_Fetch_Site": "cross-site"}])
def test_a_secret_key_in_a_page_is_refused_and_noted_once_for_the_admins(server, project, headers):
    before = server.rows()

    answers = [batch_with("secret_key", **headers)(project, None) for _ in range(2)]

    assert {(each.status, each.slug) for each in answers} == {(403, "secret-key-in-browser")}
    noted = server.rows()["audit_entries"] - before["audit_entries"]
    # Once by each process that answered.
    assert 1 <= noted <= len(server.worker_pids())
    assert server.rows() == before | {"audit_entries": before["audit_entries"] + noted}
    assert batch_with("secret_key", Sec_Fetch_Site="none")(project, None).status == 200


def test_a_page_can_read_every_refusal_of_the_widget_plane(project):
    for answer in (
        ask_from("https://evil.test")(project, None),
        ask_with_key("pk_x")(project, None),
        say(ticket="tk_x")(project, None),
        send(project.server, "GET", "/v1/decide"),
        send(project.server, "GET", "/w/nothing.js"),
    ):
        assert answer.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in answer.headers


def test_the_event_plane_has_no_cors_headers_and_says_code_and_message(project):
    answers = [
        project.batch([track()]),
        batch_with("sk_x")(project, None),
        send(project.server, "OPTIONS", "/v1/batch"),
    ]
    assert not [
        name for answer in answers for name in answer.headers if name.startswith("access-control")
    ]
    assert answers[1].json["code"] == "key-invalid"
    assert answers[1].json["message"]


def test_unknown_malformed_and_revoked_keys_get_the_same_body(server):
    bodies = []
    for prepare, key in ((None, "sk_" + "b" * 43), (None, "sk_y"), (revoked("secret"), "")):
        project = make_project(server)
        made = prepare(project) if prepare else None
        answer = batch_with(key)(project, made).json
        del answer["instance"]
        bodies.append(answer)
    assert bodies[0] == bodies[1] == bodies[2]


def test_a_survey_paused_after_it_was_shown_still_takes_the_first_answer(project):
    project.survey()
    made = project.ticket()
    set_status(project, "paused")

    assert say()(project, made).status == 201


def test_the_first_answer_of_a_wave_stands_when_a_second_ticket_is_answered(server, project):
    project.survey()
    made = second_ticket_of_the_wave(project)

    assert say(score=2)(project, made).slug == "ticket-used"

    with server.db.read() as session:
        scores = session.scalars(select(Response.score).where(Response.project_id == project.id))
        assert [score for score in scores if score is not None] == [9]


@pytest.mark.parametrize("comment", ["😀" * 4000, "\u202e<img onerror=alert(1)>{{7*7}}", "é\n\tb"])
def test_a_comment_is_kept_as_it_was_written(server, project, comment):
    project.survey()

    assert say(comment=comment)(project, project.ticket()).status == 201

    with server.db.read() as session:
        kept = session.scalars(select(Response.comment).where(Response.project_id == project.id))
        assert kept.all() == [comment]


def test_nul_and_escapes_are_dropped_from_a_comment(server, project):
    project.survey()

    assert say(comment="a\x00b\x1b[2Jc")(project, project.ticket()).status == 201

    with server.db.read() as session:
        kept = session.scalars(select(Response.comment).where(Response.project_id == project.id))
        assert kept.all() == ["ab[2Jc"]


def test_seven_point_zero_is_seven_and_the_last_of_two_equal_keys_counts(server, project):
    project.survey()
    made = project.ticket()
    key = json.dumps(project.given.publishable_key)
    body = (
        f'{{"publishable_key": {key}, "ticket": "{made}", "revision": 1.0, "state": "scored",'
        f' "score": 3, "score": 7.0}}'
    )

    assert project.post("/v1/responses", body=body.encode()).json == {
        "state": "scored",
        "revision": 1,
    }

    with server.db.read() as session:
        query = select(Response.score).where(Response.project_id == project.id)
        assert session.scalars(query).all() == [7]


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "text/plain;charset=UTF-8", "application/json; charset=utf-8", "TEXT/PLAIN"],
)
def test_the_widget_plane_takes_text_and_json_with_any_parameters(project, content_type):
    project.survey()
    answer = project.post("/v1/decide", {"user_id": "u"}, headers={"Content-Type": content_type})
    assert answer.status == 200


@pytest.mark.parametrize("size", [32 * 1024, 32 * 1024 - 1])
def test_a_body_as_large_as_allowed_is_taken(project, size):
    project.survey()
    assert padded(size)(project, None).status == 200


def test_cookies_on_the_widget_plane_are_ignored_and_none_is_set(project):
    project.survey()
    answer = project.post("/v1/decide", {"user_id": "u"}, headers={"Cookie": "session=x"})
    assert answer.status == 200
    assert "set-cookie" not in answer.headers


def test_a_preflight_is_answered_without_a_key(server):
    for path in ("/v1/decide", "/v1/responses"):
        answer = send(server, "OPTIONS", path, headers={"Origin": "https://anywhere.test"})
        assert answer.status == 204
        assert answer.body == b""
        assert answer.headers["access-control-allow-origin"] == "*"
        assert answer.headers["access-control-allow-methods"] == "POST, GET"
        assert answer.headers["access-control-allow-headers"] == "content-type"
        assert answer.headers["access-control-max-age"] == "7200"


@pytest.mark.parametrize(
    ("method", "path", "status", "allowed"),
    [
        ("TRACE", "/v1/decide", 405, {"OPTIONS", "POST"}),
        ("GET", "/v1/decide", 405, {"OPTIONS", "POST"}),
        ("PUT", "/v1/batch", 405, {"OPTIONS", "POST"}),
        ("DELETE", "/w/x.js", 405, {"GET", "HEAD", "OPTIONS"}),
        ("GET", "/nothing", 404, None),
        ("GET", "/w/../app.py", 404, None),
        ("GET", "/w/panel.%2e%2e.js", 404, None),
        ("POST", "/v1/decide/", 404, None),
        ("TRACE", "/nothing", 404, None),
    ],
)
def test_a_wrong_path_or_method_is_a_problem_that_says_what_is_allowed(
    server, method, path, status, allowed
):
    answer = send(server, method, path)

    assert answer.status == status
    assert answer.slug == {404: "not-found", 405: "method-not-allowed"}[status]
    if allowed:
        assert set(answer.headers["allow"].split(", ")) == allowed


def test_the_loader_answers_head_with_the_headers_of_get_and_no_body(project):
    path = f"/w/{project.given.publishable_key}.js"
    head, get = (send(project.server, method, path) for method in ("HEAD", "GET"))

    assert (head.status, head.body) == (200, b"")
    for name in ("etag", "content-length", "content-type", "cache-control"):
        assert head.headers[name] == get.headers[name]
    again = send(project.server, "GET", path, headers={"If-None-Match": get.headers["etag"]})
    assert (again.status, again.body) == (304, b"")


def test_every_answer_carries_the_headers_that_hold_browsers_back(project):
    for answer in (ask()(project, None), project.batch([track()]), ask_raw(b"")(project, None)):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"

"""What must be in no table and no log (abuse cases 54 and 60)."""

import io
import sys

import structlog
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from backend import logs
from backend.storage.models import Base
from tests.conftest import ORIGIN
from tests.contracts.serving import send, track

ADDRESS = "203.0.113.77"
AGENT = "CanaryBrowser/77.7 (Canary OS)"


def dump(server):
    """Return everything that the database holds, as text."""
    with server.db.read() as session:
        return "\n".join(
            repr(tuple(row))
            for table in Base.metadata.tables.values()
            for row in session.execute(select(table))
        )


def test_no_address_no_user_agent_and_no_query_is_kept_or_logged(server, project):
    canary = {"X-Forwarded-For": ADDRESS, "User-Agent": AGENT, "Forwarded": f"for={ADDRESS}"}
    project.survey()
    asked = project.post(
        "/v1/decide",
        {"user_id": "u1", "page": "/reports/42?secret=canary-query#canary-fragment"},
        headers=canary,
    )
    said = {"ticket": asked.json["ticket"], "revision": 1, "state": "scored", "score": 1}
    assert project.post("/v1/responses", said, headers=canary).status == 201
    page = {"type": "page", "userId": "u1", "properties": {"path": "/x?secret=canary-query"},
            "context": {"ip": ADDRESS, "userAgent": AGENT}}  # fmt: skip
    assert project.batch([page], headers=canary).status == 200
    for path in (f"/w/{project.given.publishable_key}.js", "/healthz", "/readyz", "/nothing"):
        send(server, "GET", path, headers=canary)
    send(server, "POST", "/v1/batch", b"{", canary)

    kept = dump(server) + server.log
    for secret in (ADDRESS, "CanaryBrowser", "canary-query", "canary-fragment"):
        assert secret not in kept


def test_keys_are_kept_as_hashes_only(server, project):
    project.survey()
    ticket = project.ticket()
    project.batch([track()])
    kept = dump(server) + server.log
    for secret in (project.given.secret_key, project.given.admin_token, ticket):
        assert secret not in kept


def test_secrets_in_traits_and_card_numbers_in_comments_are_masked(server, project):
    project.survey()
    traits = {"password": "hunter2-canary", "api_key": "canary-key", "note": "ok"}
    ticket = project.ticket(traits=traits)
    comment = "my card is 4111 1111 1111 1111, order 1234567890123"
    project.respond(ticket=ticket, revision=1, state="scored", score=1, comment=comment)

    kept = dump(server)
    assert "my card is ***, order 1234567890123" in kept
    for secret in ("hunter2-canary", "canary-key", "4111 1111"):
        assert secret not in kept


def test_words_of_a_user_cannot_begin_a_line_of_the_log(server, project):
    for user_id in ('u\n{"event":"forged"}', "u\x1b[31m", "u\u2028forged"):
        project.decide(user_id=user_id)
        project.post("/v1/decide", {"user_id": "u"}, headers={"Origin": ORIGIN + "/forged"})
    send(server, "GET", "/forged%0a%7b%22event%22:1%7d?x=%0aforged")
    assert "forged" not in server.log


def test_the_log_of_an_error_repeats_nothing_of_what_was_to_be_stored(db, monkeypatch):
    """Neither parameters, nor local variables, nor the row that PostgreSQL quotes."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    logs.configure("INFO")

    def store(connection):
        comment = "canary"
        statement = text("INSERT INTO batches (project_id, key) VALUES (:a, NULL)")
        connection.execute(statement, {"a": comment})

    try:
        db.write(store)
    except IntegrityError as error:
        structlog.get_logger().error("internal-error", exc_info=error)
    finally:
        structlog.reset_defaults()

    [line] = written.getvalue().splitlines()
    assert "IntegrityError" in line
    assert "canary" not in line

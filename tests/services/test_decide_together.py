"""Who asks at the same moment is decided about together, and told what each alone would be."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from backend.domain.errors import UserErasedError
from backend.services import decide as service
from backend.services import erasure, visitors
from backend.services.clock import utc_now
from backend.services.decide_together import Ask, Decider
from backend.services.erased import ErasedList
from backend.services.identify import identify
from backend.services.ledger import Ledger
from backend.services.published import Published
from backend.services.vault import Vault
from backend.services.visitors import Question
from backend.storage.models import Account, Decision, Ticket, User
from backend.storage.turns import Piece
from backend.storage.usage.opening import open_usage

TWICE = {"any_survey_rest_days": 0, "ignore_rest_days": 0}


@pytest.fixture
def vault(config):
    return Vault.open(config.encryption_keys, config.data_dir)


@pytest.fixture
def decider(db, vault):
    return Decider(db, vault, ErasedList(db, vault))


@pytest.fixture
def ask(db, vault, project):
    """Put a question as a page would, to be answered in a group."""
    published = Published(db)

    def put(at=None, project_id=None, **given):
        asked = published.project(project_id or project.id)
        question, now = Question(**given), at or utc_now()
        surveys = service.candidates(asked, question)
        asker = identify(db, vault, asked, question, now)
        return Ask(asked, question, asker, {each.rules.id: each.rules for each in surveys}, now)

    return put


@pytest.fixture
def together(decider):
    """Decide about a group of questions; None is the result of who must be asked about alone."""

    def serve(*asks):
        group = [Piece(each) for each in asks]
        decider._serve(group)
        return group

    return serve


def rows(db, query):
    with db.read() as session:
        return [tuple(row) for row in session.execute(query)]


def shown(pieces):
    return [piece.result and piece.result["show"] for piece in pieces]


def people(db):
    query = select(User.user_id, User.is_anonymous, User.linked_to, User.key).order_by(User.key)
    found = rows(db, query)
    names = {key: name for name, _, _, key in found}
    return {(name, is_anonymous, names.get(linked)) for name, is_anonymous, linked, _ in found}


def test_people_never_seen_are_kept_with_browser_account_decision_and_ticket(
    db, ask, together, make_survey
):
    make_survey()

    group = together(
        ask(user_id="u1", anonymous_id="b1", account_id="acme"),
        ask(user_id="u2", account_id="acme"),
        ask(anonymous_id="b3"),
    )

    assert shown(group) == [True, True, True]
    assert people(db) == {
        ("u1", False, "u1"),
        ("b1", True, "u1"),
        ("u2", False, None),
        ("b3", True, None),
    }
    accounts = select(Account.account_id, func.count()).join(Ticket).group_by(Account.account_id)
    assert rows(db, accounts) == [("acme", 2)]
    held = select(User.user_id).where(User.open_ticket_until.is_not(None)).order_by(User.user_id)
    assert rows(db, held) == [("b3",), ("u1",), ("u2",)]
    stored = rows(db, select(Decision.id, Decision.is_shown).order_by(Decision.id))
    assert stored == sorted((piece.result["decision_id"], True) for piece in group)


def test_an_account_may_be_new_for_one_and_known_for_another(db, ask, together, make_survey):
    make_survey()
    together(ask(user_id="u1", account_id="acme"))

    group = together(ask(user_id="u2", account_id="acme"), ask(user_id="u3", account_id="initech"))

    assert shown(group) == [True, True]
    found = rows(db, select(Account.account_id).order_by(Account.account_id))
    assert found == [("acme",), ("initech",)]


@pytest.mark.parametrize(
    "second",
    [
        {"user_id": "u1"},
        {"user_id": "u1", "anonymous_id": "b2"},
        {"anonymous_id": "b1"},
        {"user_id": "u2", "anonymous_id": "b1"},
    ],
)
def test_a_person_twice_in_one_group_gets_one_ticket(db, ask, together, make_survey, second):
    make_survey(rests=TWICE)

    group = together(ask(user_id="u1", anonymous_id="b1"), ask(**second), ask(user_id="u9"))

    assert shown(group) == [True, None, True]
    assert len(rows(db, select(Ticket.decision_id))) == 2


def test_two_browsers_of_one_user_in_a_group_get_one_ticket(db, vault, ask, together, make_survey):
    make_survey(rests=TWICE, targeting={"pages": ["/asked"]})
    for browser in ("b1", "b2"):
        together(ask(anonymous_id=browser))
    for browser in ("b1", "b2"):
        group = together(ask(user_id="u1", anonymous_id=browser))
        assert shown(group) == [None], "a browser that becomes a user's is settled alone"
        Decider(db, vault, None).decide(*_of(ask(user_id="u1", anonymous_id=browser)))

    group = together(ask(anonymous_id="b1", page="/asked"), ask(anonymous_id="b2", page="/asked"))

    assert shown(group) == [True, None]


def _of(asked):
    return asked.project, asked.question, asked.now


def test_what_one_group_wrote_keeps_the_next_from_asking_again(ask, together, make_survey):
    make_survey()
    together(ask(user_id="u1", anonymous_id="b1"), ask(user_id="u2"))

    group = together(
        ask(anonymous_id="b1"), ask(user_id="u2", anonymous_id="b7"), ask(user_id="u3")
    )

    assert shown(group) == [False, False, True]
    assert [piece.result.get("reason") for piece in group[:2]] == ["no_open_ticket"] * 2


def test_a_known_person_who_may_be_asked_again_is_and_their_new_browser_is_kept(
    db, ask, together, make_survey
):
    make_survey(rests=TWICE)
    now = utc_now()
    together(ask(at=now - timedelta(days=3), user_id="u1"))

    group = together(ask(at=now, user_id="u1", anonymous_id="b1"), ask(at=now, user_id="u2"))

    assert shown(group) == [True, True]
    assert {("u1", False, "u1"), ("b1", True, "u1")} <= people(db)
    [(seen_at,)] = rows(db, select(User.last_seen_at).where(User.user_id == "u1"))
    assert abs(seen_at - now) < timedelta(seconds=1)


def test_who_is_refused_is_noted_as_seen_once_a_day(db, ask, together, make_survey):
    make_survey(targeting={"pages": ["/asked"]})
    now = utc_now()
    together(ask(at=now - timedelta(days=3), user_id="u1"))

    group = together(ask(at=now, user_id="u1"), ask(at=now, user_id="u2"))

    assert shown(group) == [False, False]
    [(seen_at,)] = rows(db, select(User.last_seen_at).where(User.user_id == "u1"))
    assert abs(seen_at - now) < timedelta(seconds=1)


def test_an_erased_person_is_told_so_and_the_others_are_asked(
    db, config, vault, ask, together, make_survey, project
):
    make_survey()
    together(ask(user_id="gone"))
    with_usage = open_usage(config.usage_url)
    means = erasure.Means(db, vault, with_usage, Ledger(config.data_dir))
    erasure.erase(means, project.id, "gone", actor="cli")
    with_usage.close()

    group = together(ask(user_id="u1"), ask(user_id="gone"), ask(user_id="u2"))

    assert shown(group) == [True, None, True]
    assert isinstance(group[1].error, UserErasedError)


def test_a_failing_member_does_not_harm_the_others(
    db, decider, ask, together, make_survey, monkeypatch
):
    make_survey()
    plain = visitors.visitor

    def failing(project, question, *given):
        if question.user_id == "odd":
            raise ValueError("odd")
        return plain(project, question, *given)

    monkeypatch.setattr(visitors, "visitor", failing)

    group = together(ask(user_id="u1"), ask(user_id="odd"), ask(user_id="u2"))

    assert shown(group) == [None, None, None]
    assert rows(db, select(User.user_id)) == []
    assert decider.decide(*_of(ask(user_id="u1")))["show"]
    with pytest.raises(ValueError, match="odd"):
        decider.decide(*_of(ask(user_id="odd")))


def test_the_same_id_in_two_projects_is_two_people(db, ask, together, make_survey, make_project):
    other = make_project()
    make_survey()
    make_survey(other.id)

    group = together(ask(user_id="u1"), ask(project_id=other.id, user_id="u1"))

    assert shown(group) == [True, True]
    projects = rows(db, select(Ticket.project_id))
    assert len(set(projects)) == 2


@pytest.mark.parametrize("limits", [{"daily_budget": 1}, {"account_cap": {"count": 1, "days": 7}}])
def test_what_caps_and_budgets_count_is_decided_alone(ask, decider, make_survey, limits):
    make_survey(limits=limits)

    assert not ask(user_id="u1").is_plain
    told = [decider.decide(*_of(ask(user_id=user, account_id="acme"))) for user in ("u1", "u2")]
    assert [each["show"] for each in told] == [True, False]

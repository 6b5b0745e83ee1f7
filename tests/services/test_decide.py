"""Deciding on what is stored: both databases, the past of all of a person's devices."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from backend.domain import survey_defaults
from backend.domain.eligibility import Trigger
from backend.services import surveys
from backend.services.clock import utc_now
from backend.services.decide_together import Decider
from backend.services.published import Published
from backend.services.respond import Answer, respond
from backend.services.vault import Vault
from backend.services.visitors import Question
from backend.storage.models import Account, Decision, Name, Project, SurveyDay, Ticket, User

EVENTS = [{"type": "event", "name": "export_done"}]


@pytest.fixture
def ask(db, project, config):
    """Decide as a page would: `ask(user_id="u1")`; `at` moves the clock."""
    published, vault = Published(db), Vault.open(config.encryption_keys, config.data_dir)

    decider = Decider(db, vault, None)

    def decide(at=None, **question):
        asked = published.project(project.id)
        return decider.decide(asked, Question(**question), at or utc_now())

    return decide


@pytest.fixture
def answer(db, project):
    """Answer with a ticket."""

    def give(asked, state="completed", score=9, at=None):
        said = Answer(revision=1, state=state, score=score if state == "completed" else None)
        return respond(db, project.id, asked["ticket"], said, at or utc_now())

    return give


def rows(db, query):
    with db.read() as session:
        return [tuple(row) for row in session.execute(query)]


def change(db, statement):
    db.transact(lambda session: session.execute(statement))


def evaluations_of(db, decision_id):
    [(found,)] = rows(db, select(Decision.evaluations).where(Decision.id == decision_id))
    return found


def test_the_reason_told_is_that_of_the_survey_that_would_come_first(ask, make_survey):
    later, sooner = utc_now() - timedelta(days=1), utc_now() - timedelta(days=9)
    make_survey(starts_at=later, targeting={"pages": ["/other"]})
    make_survey(starts_at=sooner, targeting={"devices": ["mobile"]})

    assert ask(user_id="u1", device="desktop")["reason"] == "device_matches"


def test_the_survey_that_lost_is_stored_with_the_winner(db, ask, make_survey):
    loser, winner = make_survey(), make_survey(priority=3)

    evaluations = evaluations_of(db, ask(user_id="u1")["decision_id"])

    by_survey = {each["evaluation"]["survey_id"]: each for each in evaluations}
    assert by_survey[loser]["outranked_by"] == winner
    assert by_survey[winner]["outranked_by"] is None


def test_each_survey_is_met_by_what_armed_it(ask, make_survey):
    by_event = make_survey(targeting={"triggers": EVENTS})
    done = Trigger("event", "export_done")

    assert ask(user_id="u1")["reason"] == "trigger_matches"
    assert ask(user_id="u2", triggers={by_event: done})["survey_id"] == by_event
    assert ask(user_id="u3", trigger=done)["show"] is True
    assert ask(user_id="u4", trigger=done, triggers={by_event: Trigger()})["show"] is False


def test_rests_of_an_anonymous_browser_hold_for_the_user_it_turns_out_to_be(
    ask, answer, make_survey
):
    make_survey(rests={"any_survey_rest_days": 0})
    answer(ask(anonymous_id="browser-1"))

    assert ask(user_id="u1", anonymous_id="browser-1")["reason"] == "rested_after_answer"
    assert ask(user_id="u1")["reason"] == "rested_after_answer", "on another device too"
    assert ask(user_id="u2", anonymous_id="browser-1")["show"] is True, "the first user keeps it"


def test_what_a_linked_browser_does_signed_out_counts_for_its_user(ask, answer, make_survey):
    make_survey(rests={"any_survey_rest_days": 0})
    survey = make_survey(targeting={"pages": ["/late"]}, rests={"any_survey_rest_days": 0})
    answer(ask(anonymous_id="browser-1"))
    ask(user_id="u1", anonymous_id="browser-1")

    signed_out = ask(anonymous_id="browser-1", page="/late")
    assert signed_out["survey_id"] == survey
    answer(signed_out, state="declined")

    assert ask(user_id="u1", page="/late", candidates=[survey])["reason"] == "rested_after_decline"


def test_first_sight_of_the_browser_is_that_of_the_user(db, ask, make_survey):
    make_survey(targeting={"old_enough_days": 30})
    assert ask(anonymous_id="browser-1")["reason"] == "old_enough"
    change(db, update(User).values(first_seen_at=utc_now() - timedelta(days=40)))

    assert ask(user_id="u1")["reason"] == "old_enough"
    assert ask(user_id="u1", anonymous_id="browser-1")["show"] is True


def test_a_claim_of_first_sight_is_believed_of_anonymous_visitors_alone(ask, make_survey):
    make_survey(targeting={"old_enough_days": 30})
    long_ago = utc_now() - timedelta(days=300)

    assert ask(user_id="u1", first_seen_at=long_ago)["reason"] == "old_enough"
    assert ask(anonymous_id="browser-1", first_seen_at=long_ago)["show"] is True


def test_an_account_known_from_servers_is_capped_and_judged(db, ask, project, make_survey):
    make_survey(
        targeting={"audience": {"op": "eq", "account_trait": "plan", "value": "pro"}},
        limits={"account_cap": {"count": 1, "days": 30}},
    )
    for user in ("u1", "u2"):
        ask(user_id=user, account_id="acme")
    change(db, update(Account).values(traits={"plan": "pro"}))
    account = select(Account.key).scalar_subquery()
    change(db, update(User).values(account_key=account))

    assert ask(user_id="u1")["show"] is True
    assert ask(user_id="u2")["reason"] == "account_below_cap"


def test_use_is_read_from_the_persons_row(db, ask, project, make_survey):
    audience = {"op": "used", "feature": "export", "days": 30}
    make_survey(targeting={"audience": audience})
    assert ask(user_id="u1")["reason"] == "audience_matches"
    today = (utc_now().date() - utc_now().date().replace(year=1970, month=1, day=1)).days
    change(db, Name.__table__.insert().values(project_id=project.id, kind="feature", name="export"))
    [(name_id,)] = rows(db, select(Name.id))
    packed = name_id.to_bytes(4, "little") + (today - 1).to_bytes(4, "little")
    change(db, update(User).values(recent_use=packed, activity_day=today - 1, activity_bits=1))

    assert ask(user_id="u1")["show"] is True
    [(record,)] = rows(db, select(Decision.evaluations).where(Decision.is_shown))
    assert list(record[0]["visitor"]["usage"]["last_used"]) == ["export"]


def test_the_most_active_tenth_can_be_asked_alone(db, ask, project, make_survey):
    for number in range(10):
        change(
            db,
            User.__table__.insert().values(
                project_id=project.id,
                user_id=f"u{number}",
                is_anonymous=False,
                traits={},
                first_seen_at=utc_now(),
                last_seen_at=utc_now(),
                activity_day=(utc_now() - timedelta(days=1)).toordinal() - 719163,
                activity_bits=(1 << number + 1) - 1,
                recent_use=b"",
            ),
        )
    make_survey(targeting={"audience": {"op": "gt", "usage": "percentile", "value": 90}})

    shown = [number for number in range(10) if ask(user_id=f"u{number}")["show"]]

    assert shown == [9]


@pytest.mark.parametrize(
    ("wanted", "shown"),
    [
        ({"language": "de-AT"}, "de"),
        ({"language": "pt"}, "pt-BR"),
        ({"language": "fr"}, "en"),
        ({"languages": ["fr", "DE"]}, "de"),
        ({}, "en"),
    ],
)
def test_a_survey_without_the_visitors_language_falls_back_and_says_so(
    db, ask, answer, make_survey, wanted, shown
):
    content = survey_defaults.content()
    content["texts"] |= {"de": content["texts"]["en"], "pt-BR": content["texts"]["en"]}
    make_survey(content=content)

    asked = ask(user_id="u1", **wanted)

    assert asked["language"] == shown
    [(context,)] = rows(db, select(Ticket.context))
    assert context["language"] == shown


def test_a_day_on_which_the_budget_bound_is_counted(db, ask, make_survey):
    make_survey(limits={"daily_budget": 2})

    shown = [ask(user_id=f"u{number}")["show"] for number in range(5)]

    assert shown == [True, True, False, False, False]
    assert rows(db, select(SurveyDay.asked, SurveyDay.refused)) == [(2, 3)]


def test_a_budget_set_during_the_day_counts_what_was_shown_before(db, ask, project, make_survey):
    survey = make_survey()
    for user in ("u1", "u2"):
        ask(user_id=user)
    assert rows(db, select(SurveyDay.asked)) == [], "nothing waits for a counter without a budget"

    def set_budget(session, budget):
        limits = {"limits": {"daily_budget": budget}}
        surveys.change(session, project.id, survey, limits, actor="test", if_match=frozenset("*"))

    db.transact(lambda session: set_budget(session, 3))

    assert [ask(user_id=user)["show"] for user in ("u3", "u4")] == [True, False]
    assert rows(db, select(SurveyDay.asked, SurveyDay.refused)) == [(3, 1)]
    db.transact(lambda session: set_budget(session, None))
    ask(user_id="u5")
    db.transact(lambda session: set_budget(session, 5))
    assert [ask(user_id=user)["show"] for user in ("u6", "u7")] == [True, False]


def test_a_project_that_is_off_refuses_and_says_so(db, ask, project, make_survey):
    make_survey()
    change(db, update(Project).values(is_enabled=False))

    assert ask(user_id="u1")["reason"] == "project_enabled"


def test_a_decision_is_as_large_as_its_rules_and_not_as_the_person(db, ask, make_survey):
    make_survey()
    traits = {f"trait_{number}": "x" * 200 for number in range(50)}

    evaluations = evaluations_of(db, ask(user_id="u1", traits=traits)["decision_id"])

    assert len(json.dumps(evaluations)) < 5_000


def test_a_browser_in_which_a_known_person_was_asked_is_theirs_signed_out_too(
    ask, answer, make_survey
):
    make_survey(rests={"any_survey_rest_days": 0})
    answer(ask(user_id="u1", anonymous_id="never-seen-alone"))

    assert ask(anonymous_id="never-seen-alone")["reason"] == "rested_after_answer"

"""Caps, budgets and the one open ticket hold whoever decides at the same moment."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from backend.services.clock import utc_now
from backend.services.decide_together import Decider
from backend.services.published import Published
from backend.services.vault import Vault
from backend.services.visitors import Question
from backend.storage.models import Account, Decision, SurveyDay, Ticket, User

USERS, THREADS = 500, 16


@pytest.fixture(params=["processes", "together"])
def decide_at_once(request, db, project, config):
    """Decide about many questions, 16 at a time, each by another process or all by one."""
    published, vault = Published(db), Vault.open(config.encryption_keys, config.data_dir)
    decider = Decider(db, vault, None)

    def run(questions):
        asked = published.project(project.id)

        def one(question):
            if request.param == "together":
                return decider.decide(asked, question, utc_now())
            return Decider(db, vault, None).decide(asked, question, utc_now())

        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(one, questions))

    return run


def rows(db, query):
    with db.read() as session:
        return [tuple(row) for row in session.execute(query)]


def shown_of(answers):
    return Counter(each.get("survey_id") for each in answers if each["show"])


def test_a_budget_is_met_and_never_exceeded(db, decide_at_once, make_survey):
    first = make_survey(limits={"daily_budget": 40}, priority=1)
    second = make_survey(limits={"daily_budget": 25})

    answers = decide_at_once([Question(user_id=f"u{number}") for number in range(USERS)])

    assert shown_of(answers) == {first: 40, second: 25}
    counted = rows(db, select(SurveyDay.survey_id, SurveyDay.asked, SurveyDay.refused))
    assert {survey: asked for survey, asked, _ in counted} == {first: 40, second: 25}
    assert {survey: refused for survey, _, refused in counted} == {
        first: USERS - 40,
        second: USERS - 40 - 25,
    }


def test_an_account_cap_is_met_and_never_exceeded(db, decide_at_once, make_survey):
    make_survey(limits={"account_cap": {"count": 7, "days": 30}})
    questions = [
        Question(user_id=f"u{number}", account_id=f"account-{number % 5}")
        for number in range(USERS)
    ]

    decide_at_once(questions)

    asked = rows(
        db,
        select(Account.account_id, func.count())
        .join(Ticket, Ticket.account_key == Account.key)
        .group_by(Account.account_id),
    )
    assert dict(asked) == {f"account-{number}": 7 for number in range(5)}


def test_a_cap_and_a_budget_hold_together(db, decide_at_once, make_survey):
    limits = {"daily_budget": 12, "account_cap": {"count": 4, "days": 7}}
    make_survey(limits=limits)
    questions = [
        Question(user_id=f"u{number}", account_id=f"account-{number % 9}")
        for number in range(USERS)
    ]

    answers = decide_at_once(questions)

    assert sum(each["show"] for each in answers) == 12
    by_account = rows(db, select(func.count()).select_from(Ticket).group_by(Ticket.account_key))
    assert max(by_account)[0] <= 4


def test_a_person_holds_one_open_ticket_in_however_many_tabs(db, decide_at_once, make_survey):
    make_survey(rests={"any_survey_rest_days": 0, "ignore_rest_days": 0})
    questions = [Question(user_id=f"u{number % 25}") for number in range(USERS)]

    answers = decide_at_once(questions)

    assert sum(each["show"] for each in answers) == 25
    tickets = rows(db, select(func.count()).select_from(Ticket).group_by(Ticket.user_key))
    assert tickets == [(1,)] * 25
    assert rows(db, select(func.count()).select_from(Decision)) == [(USERS,)]


def test_a_browser_and_its_user_hold_one_open_ticket_together(db, decide_at_once, make_survey):
    make_survey(targeting={"pages": ["/asked"]})
    people = range(20)
    decide_at_once([Question(anonymous_id=f"b{number}") for number in people])
    decide_at_once([Question(user_id=f"u{n}", anonymous_id=f"b{n}") for n in people])
    questions = [
        Question(user_id=(turn % 2 and f"u{n}") or None, anonymous_id=f"b{n}", page="/asked")
        for turn in range(6)
        for n in people
    ]

    decide_at_once(questions)

    assert rows(db, select(func.count()).select_from(Ticket)) == [(20,)]


def test_a_browser_met_first_with_its_user_and_alone_gets_one_ticket(
    db, decide_at_once, make_survey
):
    make_survey()
    people = range(60)
    questions = [
        Question(user_id=user, anonymous_id=f"b{n}")
        for n in people
        for user in (f"u{n}", None, f"u{n}")
    ]

    answers = decide_at_once(questions)

    assert sum(each["show"] for each in answers) == len(people)


def test_a_person_whose_browser_is_linked_this_moment_gets_one_ticket(
    db, decide_at_once, make_survey
):
    make_survey(targeting={"pages": ["/asked"]})
    people = range(60)
    decide_at_once([Question(anonymous_id=f"b{n}") for n in people])
    decide_at_once([Question(user_id=f"u{n}") for n in people])
    questions = [
        Question(user_id=user, anonymous_id=f"b{n}", page="/asked")
        for n in people
        for user in (f"u{n}", None, f"u{n}", None)
    ]

    decide_at_once(questions)

    tickets = select(func.count()).select_from(Ticket).join(User, User.key == Ticket.user_key)
    by_person = rows(db, tickets.group_by(func.coalesce(User.linked_to, User.key)))
    assert by_person == [(1,)] * len(people)

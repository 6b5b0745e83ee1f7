"""Nobody is asked inside any rest, whatever the order of visits, devices, answers and clocks."""

import random
from datetime import timedelta

import pytest

from backend.domain.errors import TicketExpiredError, TicketUsedError
from backend.services.clock import utc_now
from backend.services.decide_together import Decider
from backend.services.published import Published
from backend.services.respond import Answer, respond
from backend.services.vault import Vault
from backend.services.visitors import Question
from tests.conftest import ORIGIN

RESTS = {
    "rest_days": 60,
    "decline_rest_days": 20,
    "ignore_rest_days": 9,
    "later_rest_days": 4,
    "any_survey_rest_days": 6,
}
AFTER = {
    "none": "ignore_rest_days",
    "completed": "rest_days",
    "declined": "decline_rest_days",
    "later": "later_rest_days",
}
VISITS = 80
HERE = {"origins": [ORIGIN]}


@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_asked_inside_a_rest(db, project, config, make_survey, seed):
    """A person with two browsers, signed in or out, visits, reacts late, by clocks that are off."""
    draw = random.Random(seed)
    for number in range(3):
        make_survey(priority=number, rests=RESTS, targeting=HERE)
    published, vault = Published(db), Vault.open(config.encryption_keys, config.data_dir)
    page = published.project(project.id)
    decider = Decider(db, vault, None)
    past = []
    now = utc_now()
    # Signed in once in each browser, where no survey is shown: they are known to be theirs.
    for browser in ("b1", "b2"):
        for user in (None, "u1"):
            seen = Question(user_id=user, anonymous_id=browser, origin="https://other.example")
            assert not decider.decide(page, seen, now)["show"]
    asked_times = 0
    for _ in range(VISITS):
        now += timedelta(hours=draw.expovariate(1 / 30))
        is_signed_in = draw.random() < 0.6
        question = Question(
            user_id="u1" if is_signed_in else None,
            anonymous_id=draw.choice(["b1", "b2"]),
            origin=ORIGIN,
        )
        asked = decider.decide(page, question, now)
        if not asked["show"]:
            continue
        asked_times += 1
        check(past, asked["survey_id"], now)
        # By the page's clock it may have been shown up to an hour later; a future is not believed.
        shown_at = now + timedelta(minutes=draw.uniform(0, 25))
        reaction = draw.choice(["none", "unshown", "completed", "declined", "later"])
        if reaction == "unshown":
            continue
        send(db, project, asked, "shown", 1, shown_at, shown_at)
        if reaction == "none":
            past.append((reaction, asked["survey_id"], shown_at))
        else:
            at = shown_at + timedelta(seconds=draw.uniform(1, 3000))
            arrives = at + timedelta(minutes=draw.uniform(-20, 20))
            if send(db, project, asked, reaction, 2, at, max(arrives, shown_at)):
                past.append((reaction, asked["survey_id"], min(at, max(arrives, shown_at))))
            now = max(now, arrives)
    assert asked_times > 5


def send(db, project, asked, state, revision, at, now):
    said = Answer(revision, state, 9 if state == "completed" else None, answered_at=at)
    try:
        respond(db, project.id, asked["ticket"], said, now)
    except (TicketExpiredError, TicketUsedError):
        return False
    return True


def check(past, survey_id, now):
    """Fail unless every rest that what happened began is over."""
    slack = timedelta(milliseconds=1)
    for what, about, at in past:
        assert now - at >= timedelta(days=RESTS["any_survey_rest_days"]) - slack, (what, about)
        if about == survey_id:
            assert now - at >= timedelta(days=RESTS[AFTER[what]]) - slack, what

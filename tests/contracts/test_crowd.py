"""Pages and servers that speak of the same people at the same moment."""

import random
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from backend.storage.models import Response, User
from tests.contracts.serving import track
from tests.contracts.test_batches import counted

PEOPLE, CALLERS, BATCHES = 12, 8, 6


def test_all_of_a_crowd_are_served_and_everything_counts_once(server, project):
    project.survey()

    def batches(caller):
        draw = random.Random(caller)
        for number in range(BATCHES):
            people = draw.sample(range(PEOPLE), 6)
            events = [
                track(f"{caller}-{number}-{person}", userId=f"u{person}", event=f"f{person % 4}")
                for person in people
            ]
            events += [
                {"type": "identify", "userId": f"u{person}", "traits": {f"t{caller}": number}}
                for person in people[::-1]
            ]
            events += [
                {"type": "group", "userId": f"u{people[0]}", "groupId": f"a{number % 2}",
                 "traits": {f"t{caller}": number}}
            ]  # fmt: skip
            yield project.batch(draw.sample(events, len(events))).status
            asked = project.decide(user_id=f"u{people[-1]}", account="a1")
            yield asked.status
            if asked.json.get("show"):
                body = {"ticket": asked.json["ticket"], "revision": 1, "state": "scored"}
                yield project.respond(score=people[0] % 11, **body).status

    with ThreadPoolExecutor(CALLERS) as pool:
        statuses = [
            status
            for of_caller in pool.map(lambda caller: list(batches(caller)), range(CALLERS))
            for status in of_caller
        ]

    assert set(statuses) <= {200, 201}, server.log[-2000:]
    assert sum(counted(project).values()) == CALLERS * BATCHES * 6
    with server.db.read() as session:
        people = session.scalar(
            select(func.count()).select_from(User).where(User.project_id == project.id)
        )
        answers = session.scalar(
            select(func.count()).select_from(Response).where(Response.project_id == project.id)
        )
    assert people == PEOPLE
    assert answers == statuses.count(201)

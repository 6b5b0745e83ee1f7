"""Who was asked, counted in the database as it would be by hand."""

from collections import defaultdict

import pytest
from sqlalchemy import select

from backend.services.clock import to_ms, utc_now
from backend.storage import asked
from backend.storage.models import Ticket
from tests.api.admin.insights_world import DAY_MS, World, write


@pytest.mark.parametrize("cycle_days", [7, 90])
def test_people_and_cycles_of_accounts_are_counted(db, project, make_survey, cycle_days):
    write(db, project.id, make_survey(), World(people=40, accounts=5, days=200))
    end = to_ms(utc_now()) - 10 * DAY_MS
    start, cycle = end - 120 * DAY_MS, cycle_days * DAY_MS

    with db.read() as session:
        found = asked.of_accounts(session.connection(), project.id, start, end, cycle)
        tickets = session.execute(select(Ticket.account_key, Ticket.user_key, Ticket.issued_at))
        people, cycles = defaultdict(set), defaultdict(set)
        for account, user, at in tickets:
            if account is not None and start <= to_ms(at) < end:
                people[account].add(user)
                cycles[account].add((end - 1 - to_ms(at)) // cycle)

    assert found
    assert found == {key: (len(people[key]), len(cycles[key])) for key in people}

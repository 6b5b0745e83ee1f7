"""Users and accounts: found, added, and told apart from what a page only claims."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from backend.domain.events import TRAIT, Facts, Person
from backend.storage.fast import Sql, to_ms
from backend.storage.models import Account, User
from backend.storage.usage.names import NameIds

_INSERT: Final[dict[str, Any]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}

# Held until the transaction ends: two batches that merge traits at once must not lose either's.
_USER = (
    select(User.key, User.traits, User.account_key)
    .where(
        User.project_id == bindparam("project"),
        User.user_id == bindparam("user"),
        User.is_anonymous == bindparam("anonymous"),
    )
    .with_for_update(key_share=True)
)
_ACCOUNT_KEY = Sql("SELECT key FROM accounts WHERE project_id = ? AND account_id = ?")
_ADD_ACCOUNT = Sql(
    "INSERT INTO accounts (project_id, account_id, traits, first_seen_at) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (project_id, account_id) DO NOTHING RETURNING key"
)
_ACCOUNT = select(Account.key, Account.traits).where(
    Account.project_id == bindparam("project"), Account.account_id == bindparam("account")
)
_ACCOUNT_TO_CHANGE = _ACCOUNT.with_for_update(key_share=True)

_HOLD = text(
    "SELECT u.user_id, u.is_anonymous FROM users u"
    " JOIN unnest(CAST(:ids AS text[]), CAST(:anonymous AS boolean[])) AS wanted (id, anonymous)"
    " ON u.user_id = wanted.id AND u.is_anonymous = wanted.anonymous"
    " WHERE u.project_id = :project ORDER BY u.key FOR NO KEY UPDATE OF u"
)


def hold(
    connection: Connection, project_id: str, people: Collection[Person], now: datetime
) -> None:
    """Have nobody else change these people until the transaction ends; add who is new.

    Known people first, by key, then new ones, by kind and id, and all before anything else is
    locked: transactions that keep to that never wait in a circle. SQLite has one writer.
    """
    if connection.dialect.name == "sqlite":
        return
    ids, anonymous = zip(*people, strict=True)
    wanted = {"project": project_id, "ids": list(ids), "anonymous": list(anonymous)}
    known = {Person(*row) for row in connection.execute(_HOLD, wanted)}
    # Users before browsers: an export lists the person first, then what they were known as.
    for person in sorted(set(people) - known, key=lambda each: (each.is_anonymous, each.id)):
        add_user(connection, project_id, person.id, person.is_anonymous, now)


def within_cap(
    connection: Connection, project_id: str, facts: Sequence[Facts], names: NameIds
) -> Sequence[Facts]:
    """Return `facts` without the traits whose names are more than a project may have.

    They are not kept; that there were some is told with the names (`GET …/features?kind=trait`).
    """
    # A trait set to null is one taken away: that fits always.
    given = {
        (TRAIT, name) for fact in facts for name, value in fact.traits.items() if value is not None
    }
    past = {name for _, name in names.past_cap(connection, project_id, given)} if given else set()
    if not past:
        return facts
    return [
        fact._replace(traits={name: fact.traits[name] for name in fact.traits if name not in past})
        for fact in facts
    ]


def learn(connection: Connection, project_id: str, facts: Sequence[Facts], now: datetime) -> None:
    """Merge what identify and group events say into users and accounts, in their order.

    A trait set to null is removed; others are added or replaced.
    """
    said, members, accounts = _told(facts)
    # All people before any account, each by id, as `hold` says.
    known = {
        person: _user(connection, project_id, person, now)
        for person in sorted(said.keys() | members.keys())
    }
    keys = {
        account_id: account(connection, project_id, account_id, accounts[account_id], now)
        for account_id in sorted(accounts)
    }
    for person, (user_key, traits, account_key) in known.items():
        old = {"traits": traits, "account_key": account_key}
        new: dict[str, Any] = {"traits": _merged(traits, said.get(person, {}))}
        if person in members:
            new["account_key"] = keys[members[person]]
        _keep(connection, user_key, old, new)


def _told(
    facts: Sequence[Facts],
) -> tuple[dict[Person, dict[str, Any]], dict[Person, str], dict[str, dict[str, Any]]]:
    """Return people's traits, the account each was last put into, and the accounts' traits."""
    said: dict[Person, dict[str, Any]] = {}
    members: dict[Person, str] = {}
    accounts: dict[str, dict[str, Any]] = {}
    for fact in sorted(facts, key=lambda fact: fact.occurred_ms):
        if fact.account_id is None:
            said.setdefault(fact.person, {}).update(fact.traits)
        else:
            members[fact.person] = fact.account_id
            accounts.setdefault(fact.account_id, {}).update(fact.traits)
    return said, members, accounts


def _keep(
    connection: Connection, user_key: int, old: Mapping[str, Any], new: Mapping[str, Any]
) -> None:
    changed = {name: value for name, value in new.items() if value != old[name]}
    if changed:
        connection.execute(update(User).where(User.key == user_key).values(changed))


def account_key(connection: Connection, project_id: str, account_id: str, now: datetime) -> int:
    """Return the account's key, adding the account when new."""
    row = _ACCOUNT_KEY(connection, (project_id, account_id)).fetchone()
    if row is None:
        row = _ADD_ACCOUNT(connection, (project_id, account_id, "{}", to_ms(now))).fetchone()
    if row is None:
        # Somebody else added the same account this moment.
        row = _ACCOUNT_KEY(connection, (project_id, account_id)).fetchone()
    key: int = row[0]
    return key


def account(
    connection: Connection,
    project_id: str,
    account_id: str,
    traits: dict[str, Any],
    now: datetime,
) -> int:
    """Return the account's key, adding it when new and merging `traits` into it."""
    where = {"project": project_id, "account": account_id}
    look_up = _ACCOUNT_TO_CHANGE if traits else _ACCOUNT
    row = connection.execute(look_up, where).first()
    if row is None:
        connection.execute(
            _INSERT[connection.dialect.name](Account).on_conflict_do_nothing(),
            {
                "project_id": project_id,
                "account_id": account_id,
                "traits": _merged({}, traits),
                "first_seen_at": now,
            },
        )
        row = connection.execute(look_up, where).one()
    merged = _merged(row.traits, traits)
    if merged != row.traits:
        connection.execute(update(Account).where(Account.key == row.key).values(traits=merged))
    key: int = row.key
    return key


def _user(
    connection: Connection, project_id: str, person: Person, now: datetime
) -> tuple[int, dict[str, Any], int | None]:
    where = {"project": project_id, "user": person.id, "anonymous": person.is_anonymous}
    row = connection.execute(_USER, where).first()
    if row is None:
        add_user(connection, project_id, person.id, person.is_anonymous, now)
        row = connection.execute(_USER, where).one()
    return row.key, row.traits, row.account_key


def add_user(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool, now: datetime
) -> None:
    """Add a user first seen now, unless there is one."""
    connection.execute(
        _INSERT[connection.dialect.name](User).on_conflict_do_nothing(),
        {
            "project_id": project_id,
            "user_id": user_id,
            "is_anonymous": is_anonymous,
            "traits": {},
            "first_seen_at": now,
            "last_seen_at": now,
        },
    )


def _merged(old: dict[str, Any], new: dict[str, Any]) -> dict[str, Any]:
    merged = old | new
    return {name: value for name, value in merged.items() if value is not None}

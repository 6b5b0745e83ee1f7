"""Joins the ids of one person: what a browser did before its user was known is the user's.

The rows of one person all have the user's key in `linked_to`. A decision joins their clocks when
it reads them, and a profile reads the usage rows of all of them, whichever store has these:
linking costs the same however much there is, and can count nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, or_, select, text, update
from sqlalchemy.orm import Session

from backend.domain import activity, claims
from backend.domain.events import Link
from backend.storage.models import Response, User
from backend.storage.people import add_user

_PERSON = (
    select(User)
    .where(
        User.project_id == bindparam("project"),
        User.user_id == bindparam("user"),
        User.is_anonymous == bindparam("anonymous"),
    )
    .with_for_update(key_share=True)
)
_NAMED_KEY = select(User.key).where(
    User.project_id == bindparam("project"),
    User.user_id == bindparam("user"),
    User.is_anonymous.is_(False),
)
_ALREADY = text(
    "SELECT count(*) FROM users u JOIN users b ON b.linked_to = u.key WHERE u.project_id = :project"
    " AND u.user_id = :user AND NOT u.is_anonymous AND b.user_id = :previous AND b.is_anonymous"
)


def link(connection: Connection, project_id: str, links: Iterable[Link], now: datetime) -> None:
    """Give each user the past of the ids that turned out to be theirs; the first link stands."""
    for each in sorted(links):
        _link(connection, project_id, each, now)


def keys_of(connection: Connection, user_key: int) -> list[int]:
    """Return the keys that usage of this person is under: the user's own first, then browsers'.

    Of an unsigned claim to be a user, the use of that user is read too.
    """
    row = connection.execute(
        select(User.linked_to, User.project_id, User.user_id, User.is_anonymous).where(
            User.key == user_key
        )
    ).first()
    if row is not None and claims.is_claim(row.user_id, row.is_anonymous):
        return [user_key, *_keys_of_claimed(connection, row)]
    if row is None or row.linked_to is None:
        return [user_key]
    keys = connection.execute(select(User.key).where(User.linked_to == row.linked_to)).scalars()
    return [row.linked_to, *sorted(set(keys) - {row.linked_to})]


def rows_of(
    session: Session,
    project_id: str,
    user_id: str,
    is_anonymous: bool,
    *,
    is_change: bool = False,
) -> list[User]:
    """Return every row about a person: of the id, of all linked with it, and of claims to be them.

    Args:
        is_change: holds the rows until the transaction ends.
    """
    query = select(User).where(User.project_id == project_id).order_by(User.key)
    if is_change:
        query = query.with_for_update()
    found = _one(session, query, user_id, is_anonymous)
    people = [found] if found is not None else []
    if found is not None and found.linked_to is not None:
        linked = or_(User.linked_to == found.linked_to, User.key == found.linked_to)
        people = list(session.scalars(query.where(linked)))
    named = {person.user_id for person in people if not person.is_anonymous}
    for each in sorted(named if is_anonymous else named | {user_id}):
        claim = _one(session, query, claims.row_id(each), True)
        if claim is not None and claim not in people:
            people.append(claim)
    return people


def _one(session: Session, query: Select[User], user_id: str, is_anonymous: bool) -> Any:
    only = (User.user_id == user_id, User.is_anonymous == is_anonymous)
    return session.scalars(query.where(*only)).one_or_none()


def _keys_of_claimed(connection: Connection, claim: Any) -> list[int]:
    named = {"project": claim.project_id, "user": claims.claimed(claim.user_id)}
    key = connection.execute(_NAMED_KEY, named).scalar_one_or_none()
    return [] if key is None else keys_of(connection, key)


def _link(connection: Connection, project_id: str, pair: Link, now: datetime) -> None:
    where = {"project": project_id, "user": pair.user_id, "previous": pair.previous_id}
    # Nearly every event of a browser repeats what is known: one look-up and no lock then.
    if not pair.is_alias and connection.execute(_ALREADY, where).scalar_one():
        return
    user = _find_or_add(connection, project_id, pair.user_id, False, now)
    if user.linked_to not in (None, user.key):
        user = connection.execute(select(User).where(User.key == user.linked_to)).one()
    previous = _previous(connection, project_id, pair, now)
    # A browser belongs to the first user it was linked to, whoever uses it later.
    if previous.linked_to not in (None, previous.key) or previous.key == user.key:
        return
    _give(connection, previous, user)


def _previous(connection: Connection, project_id: str, pair: Link, now: datetime) -> Any:
    """Return the person of the previous id: a browser, or with an alias an earlier user."""
    where = {"project": project_id, "user": pair.previous_id}
    if pair.is_alias and not connection.execute(_PERSON, where | {"anonymous": True}).first():
        known = connection.execute(_PERSON, where | {"anonymous": False}).first()
        if known is not None:
            return known
    return _find_or_add(connection, project_id, pair.previous_id, True, now)


def _find_or_add(
    connection: Connection, project_id: str, user_id: str, is_anonymous: bool, now: datetime
) -> Any:
    where = {"project": project_id, "user": user_id, "anonymous": is_anonymous}
    found = connection.execute(_PERSON, where).first()
    if found is None:
        add_user(connection, project_id, user_id, is_anonymous, now)
        found = connection.execute(_PERSON, where).one()
    return found


def _give(connection: Connection, previous: Any, user: Any) -> None:
    """Merge the use of `previous` into the row of `user`, and have both say who they are."""
    day, bits = activity.merge_days(
        user.activity_day,
        user.activity_bits,
        activity.days_of(previous.activity_day, previous.activity_bits),
    )
    recent = activity.merge_recent(
        user.recent_use, activity.unpack_recent(previous.recent_use), day
    )
    connection.execute(
        update(User)
        .where(User.key == user.key)
        .values(
            first_seen_at=min(user.first_seen_at, previous.first_seen_at),
            last_seen_at=max(user.last_seen_at, previous.last_seen_at),
            last_shown_at=_later(user.last_shown_at, previous.last_shown_at),
            last_invited_at=_later(user.last_invited_at, previous.last_invited_at),
            open_ticket_until=_later(user.open_ticket_until, previous.open_ticket_until),
            account_key=user.account_key or previous.account_key,
            traits=previous.traits | user.traits,
            activity_day=day,
            activity_bits=bits,
            recent_use=recent,
            linked_to=user.key,
        )
    )
    # Those that pointed to `previous` point on, so that nobody ever follows a chain.
    connection.execute(
        update(User)
        .where(or_(User.key == previous.key, User.linked_to == previous.key))
        .values(linked_to=user.key)
    )
    connection.execute(
        update(Response)
        .where(Response.user_key.in_(select(User.key).where(User.linked_to == user.key)))
        .values(profiled_at=None)
    )


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((time for time in (one, other) if time is not None), default=None)

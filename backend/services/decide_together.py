"""Decides about all who ask at the same moment together: one look, one transaction, one commit.

What is decided is what each alone would have been told. Whoever is not plain, or of whom a group
finds that something is in the way, is decided about alone (`decide.py`): where a cap or a budget
counts, where a claim or a browser must be settled first, or the same person asks twice at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Final

from sqlalchemy import Connection

from backend.domain.eligibility import SurveyRules
from backend.domain.errors import ShuttingDownError, StorageUnavailableError, UserErasedError
from backend.services import decide, looks, visitors
from backend.services.erased import ErasedList
from backend.services.identify import identify
from backend.services.looks import Look
from backend.services.published import PublishedProject
from backend.services.vault import Vault
from backend.services.visitors import Asker, Question
from backend.storage import crowd, decided
from backend.storage.crowd import Id, Keys
from backend.storage.db import Database
from backend.storage.decided import Decided
from backend.storage.fast import together
from backend.storage.known import is_to_be_seen
from backend.storage.known_user import KnownAccount, KnownUser
from backend.storage.turns import Piece, Turns

MAX_GROUP: Final = 64


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, with who asks it and the surveys it is about."""

    project: PublishedProject
    question: Question
    asker: Asker
    rules: Mapping[str, SurveyRules]
    now: datetime

    @property
    def is_plain(self) -> bool:
        """Whether nothing but the person themselves decides."""
        return (
            bool(self.rules)
            and self.asker.claims is None
            and all(
                each.account_cap is None and each.daily_budget is None
                for each in self.rules.values()
            )
        )

    @property
    def ids(self) -> tuple[Id, ...]:
        """The ids it names: the person's, and their browser's."""
        own = (self.asker.user_id, self.asker.is_anonymous)
        browser = self.question.anonymous_id
        return (own,) if browser is None or own[1] else (own, (browser, True))


@dataclass(frozen=True, slots=True)
class Begun:
    """A question whose answer is to come; `piece` is None when it is decided about alone."""

    ask: Ask
    piece: Piece | None


@dataclass(slots=True)
class _Crowd:
    """What is known of those who ask, and keys for whom it adds."""

    people: dict[Id, KnownUser]
    accounts: dict[str, KnownAccount]
    user_keys: Keys
    account_keys: Keys
    new_accounts: list[KnownAccount] = field(default_factory=list)


class Decider:
    """Answers questions of pages, those that wait at the same moment in one transaction."""

    def __init__(self, db: Database, vault: Vault, erased: ErasedList | None) -> None:
        self._db = db
        self._vault = vault
        self._erased = erased
        self._turns = Turns(self._serve, MAX_GROUP)
        # One group at a time takes of them.
        self._user_keys = Keys("users")
        self._account_keys = Keys("accounts")

    def decide(
        self, project: PublishedProject, question: Question, now: datetime
    ) -> dict[str, Any]:
        """Return the answer of `POST /v1/decide`; the decision is on disk by then.

        Raises:
            IdentityRequiredError, IdentityInvalidError, IdentityExpiredError,
            InvalidRequestError, UserErasedError.
        """
        return self.told(self.begin(project, question, now))

    def begin(self, project: PublishedProject, question: Question, now: datetime) -> Begun:
        """Have a question answered with the next group; what comes of it is to be got: `told`.

        Raises:
            IdentityRequiredError, IdentityInvalidError, IdentityExpiredError, InvalidRequestError.
        """
        asker = identify(self._db, self._vault, project, question, now)
        surveys = decide.candidates(project, question)
        ask = Ask(project, question, asker, {each.rules.id: each.rules for each in surveys}, now)
        return Begun(ask, self._turns.enter(ask) if ask.is_plain else None)

    def is_decided(self, begun: Begun) -> bool:
        """Have the group of a question decided about; False when it is to be decided about alone.

        Alone takes time of its own, in `told`.
        """
        if begun.piece is None:
            return False
        self._turns.settle(begun.piece)
        return begun.piece.result is not None or begun.piece.error is not None

    def told(self, begun: Begun) -> dict[str, Any]:
        """Return the answer to a question; the decision is on disk by then.

        Raises:
            UserErasedError, StorageUnavailableError.
        """
        ask = begun.ask
        told: dict[str, Any] | None = self._turns.outcome(begun.piece) if begun.piece else None
        if told is not None:
            return told
        return decide.alone(self._db, ask.project, ask.question, ask.asker, ask.now, self._erased)

    def _serve(self, group: list[Piece]) -> None:
        """Decide about a group, each project apart; who gets no result is decided about alone."""
        by_project: dict[str, list[Piece]] = {}
        for piece in group:
            by_project.setdefault(piece.work.project.id, []).append(piece)
        for pieces in by_project.values():
            try:
                self._db.write(partial(self._together, pieces))
            except (StorageUnavailableError, ShuttingDownError) as error:
                _tell(pieces, error)
            except Exception:  # of one or of all: each finds out alone
                _tell(pieces, None)
            except BaseException as error:
                _tell(pieces, error)

    def _together(self, pieces: list[Piece], connection: Connection) -> None:
        _tell(pieces, None)  # of an attempt before this
        known = self._known(connection, pieces)
        asked = [piece for piece in pieces if piece.error is None]
        seen = _apart([(piece, look) for piece in asked if (look := _look(piece.work, known))])
        if connection.dialect.name != "sqlite":
            seen = _settled(connection, known, seen)
        told = [_told(piece, look, known) for piece, look in seen]
        if told:
            first: Ask = pieces[0].work
            decided.add(connection, first.project.id, told, known.new_accounts, first.now)

    def _known(self, connection: Connection, pieces: list[Piece]) -> _Crowd:
        """Return what is known of those who ask; tell who was erased."""
        asks = [piece.work for piece in pieces]
        project_id = asks[0].project.id
        ids = {each for ask in asks for each in ask.ids}
        named = {ask.asker.account_id for ask in asks if ask.asker.account_id is not None}
        with together(connection):
            erased = self._erased and self._erased.ask_among(
                project_id, [ask.asker.said for ask in asks], connection
            )
            people = crowd.ask_people(connection, project_id, ids)
            accounts = crowd.ask_accounts(connection, project_id, named)
            keys = self._user_keys.ask(connection, sum(len(ask.ids) for ask in asks))
            account_keys = self._account_keys.ask(connection, len(named))
        gone = erased() if erased else frozenset()
        for piece in pieces:
            if piece.work.asker.said in gone:
                piece.error = UserErasedError()
        keys()
        account_keys()
        return _Crowd(people(), accounts(), self._user_keys, self._account_keys)


def _tell(group: Sequence[Piece], error: BaseException | None) -> None:
    for piece in group:
        piece.result, piece.error = None, error


def _look(ask: Ask, known: _Crowd) -> Look | None:
    """Return how the person is seen; None when their browser must become theirs first."""
    own, *browsers = ask.ids
    user = known.people.get(own) or KnownUser(
        known.user_keys.take(), own[0], ask.now, is_anonymous=own[1], is_new=True
    )
    new_browser = None
    for browser in browsers:
        found = known.people.get(browser)
        if found is None:
            new_browser = browser[0]
        elif found.linked_to is None:
            return None
    account = _account(ask, user, known)
    person = visitors.visitor(ask.project, ask.question, ask.asker, user, account, ask.now)
    return looks.judged(person, ask.question, ask.rules, ask.now, user, new_browser, account)


def _account(ask: Ask, user: KnownUser, known: _Crowd) -> KnownAccount | None:
    """Return the account that page or token name, else the one that servers said."""
    account_id = ask.asker.account_id
    if account_id is None or (user.account and user.account.id == account_id):
        return user.account
    if account_id not in known.accounts:
        made = KnownAccount(known.account_keys.take(), account_id, {})
        known.accounts[account_id] = made
        known.new_accounts.append(made)
    return known.accounts[account_id]


def _apart(seen: list[tuple[Piece, Look]]) -> list[tuple[Piece, Look]]:
    """Return the first of whoever is the same person, or shares an id."""
    taken: set[Id | int] = set()
    kept = []
    for piece, look in seen:
        names = {*piece.work.ids, look.user.person_key}
        if taken.isdisjoint(names):
            taken |= names
            kept.append((piece, look))
    return kept


def _settled(
    connection: Connection, known: _Crowd, seen: list[tuple[Piece, Look]]
) -> list[tuple[Piece, Look]]:
    """Hold whoever is known and to be asked or noted as seen, and look at them again.

    Who turns out to be somebody else by now is left out.
    """
    held = {
        look.user.person_key: piece.work.ids
        for piece, look in seen
        if not look.user.is_new and (look.choice.winner or is_to_be_seen(look.user, piece.work.now))
    }
    if not held:
        return seen
    ids = {each for of_one in held.values() for each in of_one}
    with together(connection):
        crowd.hold(connection, held)
        people = crowd.ask_people(connection, seen[0][0].work.project.id, ids)
    for each in ids:
        known.people.pop(each, None)
    known.people |= people()
    again = []
    for piece, look in seen:
        person = look.user.person_key
        settled = _look(piece.work, known) if person in held else look
        if settled is not None and settled.user.person_key == person:
            again.append((piece, settled))
    return again


def _told(piece: Piece, look: Look, known: _Crowd) -> Decided:
    """Set the answer of a piece; return what it leaves behind."""
    ask: Ask = piece.work
    outcome = decide.outcome_of(ask.project, ask.question, ask.asker, look, ask.rules, ask.now)
    piece.result = outcome.answer
    asked_in = look.new_browser if outcome.ticket else None
    return Decided(
        look.user,
        outcome.decision,
        outcome.ticket,
        ask.now if is_to_be_seen(look.user, ask.now) else None,
        None if asked_in is None else (known.user_keys.take(), asked_in),
    )

"""Whose answer counts, and which account it belongs to (METHODS section 6)."""

import numpy as np
import numpy.typing as npt

from backend.domain.insights.columns import NO_ACCOUNT, Answers, Bools, Ints
from backend.domain.insights.numbering import last_of_each, numbered


def latest(answers: Answers) -> Answers:
    """Keep each user's last answer by (time, key): a changed mind replaces the earlier one."""
    return answers.select(latest_rows(answers, answers.user))


def latest_rows(answers: Answers, group: Ints) -> Bools:
    """Say which rows are the last, by (time, key), of their `group`."""
    kept = np.zeros(len(answers), np.bool_)
    order = in_time(answers)
    kept[order] = last_of_each(group[order])
    return kept


def in_time(answers: Answers) -> Ints:
    """Rows by (time, key); without sorting when storage already gave them in that order."""
    step = np.diff(answers.at)
    if (step > 0).all() or ((step >= 0).all() and (np.diff(answers.key)[step == 0] > 0).all()):
        return np.arange(len(answers))
    return np.lexsort((answers.key, answers.at))


def clusters(answers: Answers) -> tuple[Ints, int]:
    """Return dense cluster numbers and how many: the account, else the user itself."""
    alone = answers.account == NO_ACCOUNT
    accounts, place = numbered(answers.account[~alone])
    users, user_place = numbered(answers.user[alone])
    cluster = np.empty(len(answers), np.int64)
    cluster[~alone] = place
    cluster[alone] = user_place + len(accounts)
    return cluster, len(accounts) + len(users)


def counts_of(y: npt.NDArray[np.int8]) -> tuple[int, int, int]:
    """Return promoters, passives and detractors."""
    promoters, detractors = int((y == 1).sum()), int((y == -1).sum())
    return promoters, len(y) - promoters - detractors, detractors

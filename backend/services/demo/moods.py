"""What the people of the demo's world bring to every answer, whatever they use."""

from __future__ import annotations

import numpy as np

from backend.services.demo import truth
from backend.services.demo.people import AccountOf, Floats, Person
from backend.services.demo.use import NAMES, Bools


def balanced_moods(people: list[Person], accounts: list[AccountOf], adopted: Bools) -> Floats:
    """Return what each person brings to every answer: role, account and their own mood.

    Chance alone would let some habits go with better moods, and a demo in which insights mark
    what means nothing teaches nothing. So what habits without effect explain of the moods, by
    least squares at equal intensity of use, is taken out of them.
    """
    moods = np.array(
        [
            person.mood + accounts[person.account].mood + truth.PLANTED.roles.get(person.role, 0.0)
            for person in people
        ]
    )
    planted = {*truth.PLANTED.features, *truth.PLANTED.pages}
    nulls = [place for place, (_, name) in enumerate(NAMES) if name not in planted]
    intensity = np.array([person.intensity for person in people])
    habits = np.column_stack((adopted[:, nulls], intensity, intensity**2))
    habits -= habits.mean(axis=0)
    effects, *_ = np.linalg.lstsq(habits, moods - moods.mean(), rcond=None)
    balanced: Floats = moods - habits @ effects
    return balanced

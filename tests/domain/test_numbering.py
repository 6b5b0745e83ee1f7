"""Numbering by a table is numbering by sorting."""

import numpy as np
import pytest

from backend.domain.insights.numbering import last_of_each, numbered

KEYS = {
    "none": [],
    "one": [7],
    "close": [5, 3, 3, 9, 5, -2],
    "one a hundred times": [4] * 100,
    "far apart": [1 << 60, 3, -(1 << 60), 3, 1 << 60],
}


@pytest.mark.parametrize("name", KEYS)
def test_keys_are_numbered_in_ascending_order(name):
    keys = np.array(KEYS[name], np.int64)

    values, place = numbered(keys)

    assert values.tolist() == sorted(set(KEYS[name]))
    assert values[place].tolist() == KEYS[name]


@pytest.mark.parametrize("name", KEYS)
def test_the_last_place_of_each_key_is_told(name):
    keys = KEYS[name]

    found = last_of_each(np.array(keys, np.int64))

    assert found.tolist() == [key not in keys[i + 1 :] for i, key in enumerate(keys)]

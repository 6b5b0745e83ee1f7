"""Columns of answers: choosing rows, the last answer of a user, and clusters."""

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain.insights.columns import labelled, make_answers, used
from backend.domain.insights.rows import clusters, latest
from backend.domain.insights.score import latest_per_user

from .worlds import random_answers


def rows_of(usage):
    return [
        [usage.labels[i] for i in usage.ids[a:b]]
        for a, b in zip(usage.indptr[:-1], usage.indptr[1:], strict=True)
    ]


@given(st.lists(st.lists(st.sampled_from("abcd")), max_size=20), st.data())
def test_selecting_rows_keeps_what_each_row_used(rows, data):
    usage = used(rows)
    expected = rows_of(usage)
    mask = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), bool
    )

    assert expected == [sorted(set(row)) for row in rows]
    assert rows_of(usage.select(mask)) == [r for r, m in zip(expected, mask, strict=True) if m]
    places = np.flatnonzero(mask)[::-1]
    assert rows_of(usage.select(places)) == [expected[i] for i in places]


def test_a_mask_and_its_row_numbers_choose_the_same_answers():
    answers = random_answers(50)
    mask = answers.y == 1

    by_mask, by_number = answers.select(mask), answers.select(np.flatnonzero(mask))

    for column in fields(answers):
        if column.name not in ("features", "pages", "dimensions"):
            one, other = getattr(by_mask, column.name), getattr(by_number, column.name)
            np.testing.assert_array_equal(one, other)
    assert rows_of(by_mask.features) == rows_of(by_number.features)
    assert by_mask.dimension("role").codes.tolist() == by_number.dimension("role").codes.tolist()


def test_rows_that_used_something():
    usage = used([["a"], [], ["a", "b"], ["b"]])

    assert usage.rows_with(0).tolist() == [True, False, True, False]
    assert usage.rows_with(1).tolist() == [False, False, True, True]


def test_a_changed_mind_replaces_the_earlier_answer():
    answers = make_answers([3, 9, 5, 8], user=[1, 1, 2, 2], at=[10, 20, 30, 30], key=[1, 2, 4, 3])

    assert latest(answers).score.tolist() == [9, 5]


def test_the_last_answers_are_those_of_the_vectors_function():
    answers = random_answers(300, seed=9)
    responses = [
        {"id": f"{k:08}", "user": u, "at": str(np.datetime64(int(t), "ms")) + "+00:00"}
        for k, u, t in zip(answers.key, answers.user, answers.at, strict=True)
    ]

    expected = latest_per_user(responses, "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z")

    assert sorted(latest(answers).key.tolist()) == sorted(int(id_) for id_ in expected)


def test_users_without_account_are_their_own_cluster():
    answers = make_answers([9] * 5, account=[7, 7, -1, -1, -1], user=[1, 2, 3, 3, 4])
    cluster, size = clusters(answers)

    assert size == 3
    assert cluster[0] == cluster[1]
    assert cluster[2] == cluster[3]
    assert len({cluster[0], cluster[2], cluster[4]}) == 3


def test_an_unknown_dimension_names_those_there_are():
    with pytest.raises(ValueError, match="language, page, plan, role, version"):
        make_answers([9]).dimension("colour")


def test_an_unknown_label_chooses_nobody():
    answers = make_answers([9, 3], dimensions={"role": labelled(["admin", None])})

    assert answers.where("role", "admin").tolist() == [True, False]
    assert answers.where("role", "owner").tolist() == [False, False]


def test_columns_of_unequal_length_are_refused():
    with pytest.raises(ValueError, match="length"):
        make_answers([9, 3], user=[1])


def test_instants_need_an_offset():
    with pytest.raises(ValueError, match="offset"):
        latest_per_user([], "2025-01-01T00:00:00", "2025-02-01T00:00:00Z")

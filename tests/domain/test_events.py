import pytest

from backend.domain.events import batch_key, text_id


def test_a_batch_is_known_by_its_header_else_by_its_message_ids_in_order():
    assert batch_key("mine", ["a"]) == "mine"
    assert batch_key(None, ["a", "b"]) == batch_key(None, ["a", "b"])
    keys = {
        batch_key(None, ids)
        for ids in (["a", "b"], ["b", "a"], ["a"], ["ab"], ["a", None, "b"], [None, "a", "b"])
    }
    assert len(keys) == 6


@pytest.mark.parametrize("ids", [[], [None], [None, None], [""]])
def test_a_batch_without_any_id_has_no_key(ids):
    assert batch_key(None, ids) is None


@pytest.mark.parametrize(
    ("given", "known"),
    [("u1", "u1"), (42, "42"), ("x" * 200, "x" * 200), ("x" * 201, None), ("", None),
     ("a\n", None), (None, None)],
)  # fmt: skip
def test_ids_may_be_texts_or_whole_numbers(given, known):
    assert text_id(given) == known

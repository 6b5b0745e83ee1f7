import pytest

from backend.domain.values import check_object, clean_text, is_name, mask_cards, masked


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("a", True),
        ("x" * 200, True),
        ("x" * 201, False),
        ("", False),
        ("é😀\u2028", True),
        ("a b", True),
        ("a\tb", False),
        ("a\nb", False),
        ("a\x00", False),
        ("a\x7f", False),
        ("\ud800", False),
        (7, False),
        (None, False),
    ],
)
def test_a_name_has_one_to_two_hundred_characters_and_no_control_ones(text, is_one):
    assert is_name(text) is is_one


def nested(levels):
    value = {}
    for _ in range(levels - 1):
        value = {"a": value}
    return value


@pytest.mark.parametrize(
    "value",
    [
        {},
        nested(6),
        {str(number): number for number in range(100)},
        {"k" * 128: 1},
        {"a": 2**53 - 1, "b": -(2**53 - 1)},
        {"a": "x" * 1024},
        {"a": list(range(498))},
        {"a": None, "b": True, "c": 1.5, "d": [1, [2]]},
    ],
)
def test_an_object_within_every_limit_may_be_kept(value):
    assert check_object(value, "#/traits") == []


@pytest.mark.parametrize(
    ("value", "pointer"),
    [
        ([], "#"),
        ("text", "#"),
        (nested(7), "#/a/a/a/a/a/a"),
        ({str(number): number for number in range(101)}, "#"),
        ({"k" * 129: 1}, "#"),
        ({"": 1}, "#"),
        ({"a\x00": 1}, "#"),
        ({"a": 2**53}, "#/a"),
        ({"a": -(2**53)}, "#/a"),
        ({"a": float("inf")}, "#/a"),
        ({"a": float("nan")}, "#/a"),
        ({"a": "x" * 1025}, "#/a"),
        ({"a": [1, 2**53]}, "#/a/1"),
        ({"a/b~c": 2**53}, "#/a~1b~0c"),
        ({"a": list(range(499))}, "#/a/498"),
    ],
)
def test_the_first_fault_is_named_by_its_pointer(value, pointer):
    assert [fault.pointer for fault in check_object(value, "#")] == [pointer]


def test_free_text_keeps_tabs_newlines_and_all_but_control_characters():
    assert clean_text("a\tb\r\nc\x00\x1b[2J\x7f\u202e😀\ud800") == "a\tb\nc[2J\u202e😀"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("4111 1111 1111 1111", "***"),
        ("4111-1111-1111-1111!", "***!"),
        ("378282246310005", "***"),
        ("4111 1111 1111 1112", "4111 1111 1111 1112"),
        ("order 1234567890123", "order 1234567890123"),
        ("7", "7"),
    ],
)
def test_what_passes_for_a_card_number_is_masked(text, kept):
    assert mask_cards(text) == kept


def test_secrets_are_masked_by_their_keys_at_any_depth():
    given = {
        "Password": "a",
        "apiKey": "b",
        "x": [{"auth_header": ["c"], "note": "d\x00"}],
        "plan": "pro",
    }
    assert masked(given) == {
        "Password": "***",
        "apiKey": "***",
        "x": [{"auth_header": "***", "note": "d"}],
        "plan": "pro",
    }
    assert given["Password"] == "a"

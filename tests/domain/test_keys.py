import hashlib

import pytest

from backend.domain import keys


@pytest.mark.parametrize("prefix", keys.LENGTHS)
def test_a_key_made_has_the_form_it_is_known_by(prefix):
    for random in (b"\0" * 40, b"\xff" * 40, bytes(range(40))):
        made = keys.token(prefix, random)
        assert keys.is_shaped_like(prefix, made)
        assert keys.kind_of(made) == prefix
        assert len(made) == len(prefix) + keys.LENGTHS[prefix]


@pytest.mark.parametrize(
    "presented", ["", "pk_", "pk_" + "a" * 23, "pk_" + "a" * 22 + "\n", "pk_" + "é" * 22, "PK_x"]
)
def test_what_only_looks_like_a_key_is_none(presented):
    assert not keys.is_shaped_like(keys.PUBLISHABLE, presented)


def test_a_hint_shows_the_ends_and_a_digest_is_sha_256():
    key = keys.token(keys.SECRET, bytes(range(40)))
    assert keys.hint(key) == (key[:8], key[-4:])
    assert keys.digest(key) == hashlib.sha256(key.encode()).digest()


def test_keys_of_different_bytes_differ():
    made = {keys.token(keys.TICKET, bytes([number]) * 40) for number in range(256)}
    assert len(made) == 256

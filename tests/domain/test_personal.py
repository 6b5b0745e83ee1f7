import pytest

from backend.domain.personal import without_names

KEYS = """name Name email E-Mail e_mail userEmail first_name firstName lastname LASTNAME username
displayName company_name"""


@pytest.mark.parametrize("key", [*KEYS.split(), "full name"])
def test_a_trait_that_names_a_person_is_left_out(key):
    assert without_names({key: "Ada", "role": "admin"}) == {"role": "admin"}


@pytest.mark.parametrize("key", ["role", "named", "rename_count", "plan", "seats", "tournament"])
def test_other_traits_stay(key):
    assert without_names({key: 1}) == {key: 1}


def test_an_address_is_left_out_whatever_its_key():
    assert without_names({"contact": "ada@example.com", "plan": "pro"}) == {"plan": "pro"}

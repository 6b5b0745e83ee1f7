from datetime import UTC, datetime

import pytest

from backend.domain import errors, identity
from tests.contracts.tokens import VECTORS, make_token

GOOD = VECTORS["good"]
NOW = datetime.fromtimestamp(GOOD["now"], UTC)
PROBLEMS = {
    "identity-invalid": errors.IdentityInvalidError,
    "identity-expired": errors.IdentityExpiredError,
}


def read(token, now=NOW):
    assert identity.key_id(token) == GOOD["kid"]
    return identity.verify(token, GOOD["secret"], GOOD["project"], now)


def named(cases):
    return [pytest.param(case, id=case["name"]) for case in VECTORS[cases]]


def test_the_token_written_by_hand_is_the_one_we_make_and_names_its_user():
    assert make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"]) == GOOD["token"]
    assert read(GOOD["token"]).user_id == GOOD["sub"]


@pytest.mark.parametrize("case", named("bad"))
def test_a_bad_token_is_refused_without_a_word_of_why(case):
    token = make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"], case)

    def verify():
        if identity.key_id(token) != GOOD["kid"]:
            raise errors.IdentityInvalidError
        read(token)

    with pytest.raises(PROBLEMS[case["problem"]]) as caught:
        verify()
    assert caught.value.detail == ""


@pytest.mark.parametrize("case", named("accepted"))
def test_a_token_at_the_edge_of_what_is_allowed_is_taken(case):
    read(make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"], case))


def test_signed_attributes_come_back_cleaned_and_role_and_plan_win_over_traits():
    claims = {
        "account": "acme",
        "role": "admin",
        "plan": "pro\u0000",
        "traits": {"role": "viewer", "note": "a\u0000b", "password": "hunter2"},
    }
    token = make_token(
        GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"], {"claims": claims}
    )

    known = read(token)

    assert known.account_id == "acme"
    assert known.traits == {"role": "admin", "note": "ab", "password": "***"}

import time
from datetime import UTC, datetime

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.domain import errors, identity
from tests.contracts.tokens import VECTORS, make_token

GOOD = VECTORS["good"]
NOW = datetime.fromtimestamp(GOOD["now"], UTC)
PROBLEMS = {
    "identity-invalid": errors.IdentityInvalidError,
    "identity-expired": errors.IdentityExpiredError,
}


def read(token, now=NOW):
    unchecked = identity.read(token)
    if unchecked.key_id != GOOD["kid"]:
        raise errors.IdentityInvalidError
    return unchecked.verify(GOOD["secret"], GOOD["project"], now)


def named(cases):
    return [pytest.param(case, id=case["name"]) for case in VECTORS[cases]]


def test_the_token_written_by_hand_is_the_one_we_make_and_names_its_user():
    assert make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"]) == GOOD["token"]
    assert read(GOOD["token"]).user_id == GOOD["sub"]


@pytest.mark.parametrize("case", named("bad"))
def test_a_bad_token_is_refused_without_a_word_of_why(case):
    token = make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"], case)

    with pytest.raises(PROBLEMS[case["problem"]]) as caught:
        read(token)
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


def test_a_short_secret_signs_nobody():
    short = "ids_" + "x" * 27
    token = make_token(short, GOOD["kid"], GOOD["project"], GOOD["now"])
    with pytest.raises(errors.IdentityInvalidError):
        identity.read(token).verify(short, GOOD["project"], NOW)


def test_a_project_among_several_audiences_is_meant_too():
    several = {"claims": {"aud": ["prj_other", GOOD["project"]]}}
    token = make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], GOOD["now"], several)
    assert read(token).user_id == GOOD["sub"]


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-10, 2**40), st.floats(), st.text(max_size=8),
    st.lists(st.just(GOOD["project"]), max_size=2),
)  # fmt: skip
CHANGED = st.dictionaries(
    st.sampled_from(["sub", "aud", "iat", "exp", "nbf", "role", "traits"]), VALUES
)
HEADERS = st.dictionaries(st.sampled_from(["alg", "typ", "kid", "b64", "jku"]), VALUES)


@given(CHANGED, HEADERS, st.integers(0, 400), st.characters())
def test_whatever_is_taken_is_taken_by_pyjwt_with_the_same_claims(claims, header, at, character):
    now_s = int(time.time())
    case = {"claims": claims, "header": header, "signed": "HS256"}
    token = make_token(GOOD["secret"], GOOD["kid"], GOOD["project"], now_s, case)
    changed = token[:at] + character + token[at + 1 :] if at < len(token) else token
    for each in (token, changed):
        try:
            known = read(each, datetime.fromtimestamp(now_s, UTC))
        except (errors.IdentityInvalidError, errors.IdentityExpiredError):
            continue
        told = jwt.decode(
            each,
            GOOD["secret"],
            algorithms=["HS256"],
            audience=GOOD["project"],
            leeway=60,
            options={
                "require": ["exp", "iat", "sub", "aud"],
                "enforce_minimum_key_length": True,
            },
        )
        assert told["sub"] == known.user_id

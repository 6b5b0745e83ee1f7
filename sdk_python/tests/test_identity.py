"""Identity tokens and webhooks: byte for byte what the security model's vectors say."""

from __future__ import annotations

import pytest

import zeroten
from zeroten.webhooks import sign_webhook

SECRET = "ids_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
TOKEN = (
    "eyJhbGciOiJIUzI1NiIsImtpZCI6ImlzXzEiLCJ0eXAiOiJKV1QifQ."
    "eyJzdWIiOiJ1c2VyLTQyIiwiYXVkIjoicHJqX3Rlc3QiLCJpYXQiOjE3OTAwMDAwMDAsImV4cCI6MTc5MDAwMzYwMH0."
    "G-iiH6QipKD-5oAfdKCkXjocduza3j67tmIqu4GsgzM"
)
WEBHOOK_SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
BODY = b'{"type":"response.created"}'
HEADERS = {
    "Webhook-Id": "msg_1",
    "Webhook-Timestamp": "1790000000",
    "Webhook-Signature": "v1,lTq2sriOtqzmICkrB0OJxVcgUVmq5u7xK3XDZzOaYB4=",
}
NOW = 1_790_000_000.0


def token(user_id="user-42", **options):
    return zeroten.identity_token(
        user_id,
        **{"secret": SECRET, "key_id": "is_1", "project_id": "prj_test", "now": NOW, **options},
    )


def test_the_token_is_the_one_of_the_vector():
    assert token() == TOKEN


def test_any_jwt_library_reads_the_signed_facts():
    import jwt

    signed = token(account="acme", role="admin", plan="pro", traits={"seats": 5, "odd": {1}})
    claims = jwt.decode(
        signed, SECRET, algorithms=["HS256"], audience="prj_test", options={"verify_exp": False}
    )
    assert (claims["account"], claims["role"], claims["plan"]) == ("acme", "admin", "pro")
    assert claims["traits"] == {"seats": 5, "odd": [1]}


@pytest.mark.parametrize(
    "wrong",
    [
        {"user_id": ""},
        {"user_id": "x" * 201},
        {"user_id": "a\nb"},
        {"ttl_s": 0},
        {"ttl_s": 86_401},
        {"secret": ""},
        {"key_id": ""},
        {"project_id": ""},
        {"traits": {f"trait {n}": "x" * 500 for n in range(20)}},
    ],
    ids=str,
)
def test_a_token_that_the_server_would_refuse_is_not_made(wrong):
    with pytest.raises(ValueError):
        token(**wrong)


def test_the_webhook_of_the_vector_is_genuine():
    content = zeroten.verify_webhook(BODY, HEADERS, WEBHOOK_SECRET, now=NOW)
    assert content == {"type": "response.created"}


def test_during_rotation_either_secret_and_either_signature_fits():
    other = "whsec_" + "b3RoZXI="
    headers = dict(HEADERS)
    headers["Webhook-Signature"] = (
        sign_webhook(BODY, "msg_1", "1790000000", other) + " " + HEADERS["Webhook-Signature"]
    )
    assert zeroten.verify_webhook(BODY.decode(), headers, WEBHOOK_SECRET, now=NOW)
    assert zeroten.verify_webhook(BODY, HEADERS, [other, WEBHOOK_SECRET], now=NOW)


@pytest.mark.parametrize(
    "altered",
    [
        {"body": BODY + b" "},
        {"headers": {**HEADERS, "Webhook-Id": "msg_2"}},
        {"headers": {**HEADERS, "Webhook-Timestamp": "1790000001"}},
        {"headers": {**HEADERS, "Webhook-Timestamp": "²"}},
        {"headers": {**HEADERS, "Webhook-Timestamp": "9" * 5000}},
        {"headers": {**HEADERS, "Webhook-Signature": "v1,é"}},
        {"headers": {**HEADERS, "Webhook-Signature": "v1a,lTq2"}},
        {"headers": {}},
        {"secrets": "whsec_b3RoZXI="},
        {"secrets": []},
        {"now": NOW + 301},
        {"now": NOW - 301},
    ],
    ids=str,
)
def test_anything_else_is_refused(altered):
    given = {"body": BODY, "headers": HEADERS, "secrets": WEBHOOK_SECRET, "now": NOW, **altered}
    with pytest.raises(zeroten.WebhookError):
        zeroten.verify_webhook(given["body"], given["headers"], given["secrets"], now=given["now"])


def test_a_body_that_is_no_object_is_refused_though_signed():
    headers = {
        **HEADERS,
        "Webhook-Signature": sign_webhook(b"[1]", "msg_1", "1790000000", WEBHOOK_SECRET),
    }
    with pytest.raises(zeroten.WebhookError):
        zeroten.verify_webhook(b"[1]", headers, WEBHOOK_SECRET, now=NOW)

import json
import time

import jwt

from tests.conftest import ORIGIN


def decide(client, project, secret, kid, user="u-1"):
    now = int(time.time())
    claims = {"sub": user, "aud": project.id, "iat": now, "exp": now + 600}
    token = jwt.encode(claims, secret, algorithm="HS256", headers={"kid": kid})
    body = {"publishable_key": project.publishable_key, "identity_token": token, "page": "/"}
    headers = {"Origin": ORIGIN}
    return client.post(
        "/v1/decide", data=json.dumps(body), content_type="text/plain", headers=headers
    ).status_code


def test_secrets_are_changed_without_a_pause(call, client, project, make_survey):
    make_survey()
    old = call("POST", "/identity-secrets").json
    new = call("POST", "/identity-secrets").json
    assert old["secret"].startswith("ids_")

    for one in (old, new):
        assert decide(client, project, one["secret"], one["id"]) == 200

    assert call("DELETE", f"/identity-secrets/{old['id']}").status_code == 204
    assert decide(client, project, old["secret"], old["id"]) == 401
    assert decide(client, project, new["secret"], new["id"]) == 200


def test_two_secrets_live_at_most(call):
    first = call("POST", "/identity-secrets").json
    assert call("POST", "/identity-secrets").status_code == 201
    refused = call("POST", "/identity-secrets")
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/conflict")
    call("DELETE", f"/identity-secrets/{first['id']}")
    assert call("POST", "/identity-secrets").status_code == 201


def test_a_secret_is_shown_once(call):
    made = call("POST", "/identity-secrets").json

    listed = call("GET", "/identity-secrets")
    assert [one["id"] for one in listed.json["items"]] == [made["id"]]
    assert made["secret"] not in listed.text + call("GET", "/audit").text

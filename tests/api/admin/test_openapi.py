import re

import pytest

from backend.api.auth import access_of


@pytest.fixture
def document(client):
    """The published document; it needs no token."""
    return client.get("/api/v1/openapi.json").json


def operations(document):
    return {
        (method, path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in ("get", "post", "patch", "put", "delete")
    }


def test_every_admin_operation_is_documented_and_nothing_else(app, document):
    routed = {
        (method.lower(), re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if (access := access_of(app, rule.endpoint, method))
        and access.plane in ("admin", "session", "login")
    }

    assert set(operations(document)) == routed


def test_each_operation_says_what_it_does_needs_and_answers(document):
    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for where, operation in operations(document).items():
        assert operation["summary"], where
        assert "Needs " in operation["description"], where
        if not where[1].startswith("/api/v1/session"):
            assert "Needs the role" in operation["description"], where
            assert operation["security"] == [{"bearer": []}, {"session": []}], where
        assert {"401", "403", "422", "503"} <= set(operation["responses"]), where
        assert any(int(code) < 300 for code in operation["responses"]), where
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(operation["responses"]), where


def test_operation_ids_are_distinct(document):
    ids = [operation["operationId"] for operation in operations(document).values()]

    assert len(ids) == len(set(ids))


def test_references_lead_somewhere(document):
    def references(value):
        if isinstance(value, dict):
            for name, inner in value.items():
                if name == "$ref":
                    yield inner
                else:
                    yield from references(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from references(inner)

    found = set(references(document))
    assert found
    for reference in found:
        assert reference.startswith("#/components/schemas/")
        assert reference.rpartition("/")[2] in document["components"]["schemas"]


def test_an_update_is_documented_with_its_condition(document):
    change = operations(document)["patch", "/api/v1/surveys/{survey_id}"]
    condition = next(one for one in change["parameters"] if one["name"] == "If-Match")

    assert condition["required"] is True
    assert {"404", "409", "412", "428"} <= set(change["responses"])


def test_the_page_shows_every_operation_and_fetches_nothing(client, document):
    page = client.get("/api/v1/docs")

    for operation in operations(document).values():
        assert f'id="{operation["operationId"]}"' in page.text
    assert "Needs the role <code>viewer</code>" in page.text
    assert "<script" not in page.text
    assert not re.findall(r'(?:src|href)="(?!#|openapi\.json)', page.text)
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy

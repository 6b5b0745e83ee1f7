"""The script names the server's address where that is certain; else the page looks at its tag."""

from dataclasses import replace

import pytest

from backend.app import create_app

PUBLIC = "https://ask.example.com"


@pytest.mark.parametrize(
    "public_url, asked_at, is_named",
    [
        (PUBLIC, PUBLIC, True),
        # TLS ends at a proxy; it is the name that counts.
        (PUBLIC, "http://ask.example.com", True),
        (PUBLIC, "http://10.0.0.5:8000", False),
        (PUBLIC, "https://ask.example.com:8443", False),
        ("", PUBLIC, False),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000", True),
        # A proxy may add the TLS; a page under https could then ask nothing by this address.
        ("http://ask.example.com", "http://ask.example.com", False),
    ],
)
def test_the_script_names_the_address_it_was_asked_at(
    config, db, project, public_url, asked_at, is_named
):
    client = create_app(replace(config, public_url=public_url), db).test_client()
    path = f"/w/{project.publishable_key}"

    script = client.get(f"{path}.js", base_url=asked_at).text

    assert (f'"base":"{public_url}/"' in script) is is_named
    assert "base" not in client.get(f"{path}.json", base_url=asked_at).json

"""Keys, hosts and `python -m zeroten check`: what is wrong is said, in words that help."""

from __future__ import annotations

import pytest

import zeroten
from zeroten.__main__ import main


@pytest.mark.parametrize(
    ("key", "host", "words"),
    [
        (None, "http://127.0.0.1:9", "set ZEROTEN_SECRET_KEY"),
        ("pk_public", "http://127.0.0.1:9", "secret key (sk_…)"),
        ("sk_test", None, "set ZEROTEN_HOST"),
        ("sk_test", "zeroten.example.com", "https://"),
        ("sk_test", "ftp://zeroten.example.com", "https://"),
        ("sk_test", "https://zeroten.example.com:port", "https://"),
        ("sk_with\nnewline", "http://127.0.0.1:9", "secret key"),
    ],
)
def test_a_wrong_setup_is_logged_and_the_host_goes_on(key, host, words, caplog, monkeypatch):
    monkeypatch.delenv("ZEROTEN_HOST", raising=False)
    monkeypatch.delenv("ZEROTEN_SECRET_KEY", raising=False)

    client = zeroten.Client(key, host=host)

    assert words in caplog.text
    assert not client.track("u-1", "opened")
    assert client.flush(1)
    assert client.close()


def test_key_and_host_come_from_the_environment(server, monkeypatch):
    monkeypatch.setenv("ZEROTEN_HOST", server.url)
    monkeypatch.setenv("ZEROTEN_SECRET_KEY", "sk_env")

    with zeroten.Client() as client:
        client.track("u-1", "opened")

    assert len(server.events) == 1


def test_a_disabled_client_takes_nothing_and_is_quiet(caplog):
    client = zeroten.Client(enabled=False)

    assert not client.track("u-1", "opened")
    assert not client.identify("u-1", {"role": "admin"})
    assert client.close()
    assert caplog.text == ""
    assert client.stats() == zeroten.Stats()


def test_a_closed_client_takes_nothing_more(server, make_client):
    client = make_client()
    client.track("u-1", "opened")
    assert client.close(5)

    assert not client.track("u-1", "opened")
    assert client.stats().dropped == {"closed": 1}


def check(server_url: str, *more: str) -> int:
    return main(["check", "--host", server_url, "--secret-key", "sk_test", *more])


def test_check_says_that_all_is_well(server, capsys):
    assert check(server.url) == 0
    assert "FAIL" not in capsys.readouterr().out
    assert len(server.named("zeroten_check")) == 1


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (401, "unknown or revoked"),
        (403, "not allowed"),
        (302, "redirects"),
        (503, "fault"),
        ((200, {"Date": "Sun, 22 Nov 2020 08:00:00 GMT"}), "run NTP"),
    ],
)
def test_check_names_what_is_wrong(server, capsys, fault, words):
    server.faults = [fault]

    assert check(server.url) == 1
    assert words in capsys.readouterr().out


def test_check_says_when_nobody_answers(capsys):
    assert check("http://127.0.0.1:9", "--timeout-s", "1") == 1
    assert "no answer" in capsys.readouterr().out

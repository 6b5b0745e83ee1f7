import pytest

from backend.domain.origins import canonical, is_allowed

LISTED = frozenset({"https://app.example.com", "https://*.example.org", "http://localhost:3000"})


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://app.example.com", "https://app.example.com"),
        ("HTTPS://App.Example.COM", "https://app.example.com"),
        ("https://app.example.com:443", "https://app.example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("https://*.example.com", "https://*.example.com"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("null", "null"),
        ("https://app.example.com/", None),
        ("https://app.example.com/path", None),
        ("https://app.example.com?x=1", None),
        ("https://me@app.example.com", None),
        ("https://*", None),
        ("https://*.com", None),
        ("https://app.*.com", None),
        ("https://a*.example.com", None),
        ("https://app.example.com:", None),
        ("https://app.example.com:99999", None),
        ("ftp://app.example.com", None),
        ("app.example.com", None),
        ("https://", None),
        ("https://app..example.com", None),
        ("https://app.example.com\n", None),
        ("*", None),
        ("", None),
        (7, None),
    ],
)
def test_an_origin_is_kept_in_one_form_or_refused(given, kept):
    assert canonical(given) == kept


@pytest.mark.parametrize(
    ("origin", "listed"),
    [
        ("https://app.example.com", True),
        ("https://APP.example.com:443", True),
        ("https://a.example.org", True),
        ("http://localhost:3000", True),
        ("https://example.org", False),
        ("https://a.b.example.org", False),
        ("https://*.example.org", False),
        ("http://app.example.com", False),
        ("https://app.example.com:8443", False),
        ("https://app.example.com.evil.test", False),
        ("http://localhost", False),
        ("null", False),
        ("", False),
        (None, False),
    ],
)
def test_a_wildcard_stands_for_exactly_one_label(origin, listed):
    assert is_allowed(origin, LISTED) is listed


def test_an_empty_list_allows_pages_of_a_demo_project_only():
    assert is_allowed("https://anywhere.example", (), is_demo=True)
    assert is_allowed(None, (), is_demo=True)
    assert not is_allowed("https://anywhere.example", ())
    assert not is_allowed("https://anywhere.example", ("https://app.example.com",), is_demo=True)

"""Pages that forbid nearly everything (WIDGET_BROWSER B1 to B3)."""

from __future__ import annotations

import pytest

from tests.contracts.serving import eventually
from tests.e2e.widget.built import manifest

NONCE = "script-src 'nonce-x' 'strict-dynamic'"
VIOLATIONS = (
    "<script nonce=x>violations=[];addEventListener('securitypolicyviolation',"
    "e=>violations.push(e.violatedDirective+' '+e.blockedURI))</script>"
)


def whole_flow(given, guest):
    guest.score(9)
    guest.panel().get_by_role("textbox").fill("Exports")
    guest.button("Send").click()
    assert guest.heading() == "Thank you!"
    eventually(lambda: [one["comment"] for one in given.responses()] == ["Exports"])


def is_styled(guest):
    return (
        guest.panel().get_by_role("radiogroup").evaluate("node => getComputedStyle(node).display")
    )


@pytest.mark.parametrize(
    "more", ["", "; require-trusted-types-for 'script'; trusted-types 'none'"], ids=["csp", "types"]
)
def test_the_strictest_policy_needs_only_a_nonce_and_our_origin(scene, guest, more):
    given = scene()
    policy = f"default-src 'none'; {NONCE}; connect-src {given.server.url}{more}"
    url = given.page(
        head=VIOLATIONS,
        tag=given.tag("nonce=x"),
        headers={"Content-Security-Policy": policy},
    )

    guest.open(url)
    assert is_styled(guest) == "grid"
    whole_flow(given, guest)

    assert guest.page.evaluate("violations") == []


def test_our_origin_in_script_src_is_enough_without_a_nonce(scene, guest):
    given = scene()
    policy = f"default-src 'none'; script-src {given.server.url}; connect-src {given.server.url}"

    guest.open(given.page(headers={"Content-Security-Policy": policy}))

    whole_flow(given, guest)


def test_an_isolated_page_may_load_it(scene, guest):
    given = scene()
    headers = {
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Opener-Policy": "same-origin",
    }

    guest.open(given.page(tag=given.tag("crossorigin"), headers=headers))

    assert guest.page.evaluate("crossOriginIsolated")
    whole_flow(given, guest)


def test_the_pinned_build_runs_with_its_integrity(scene, guest):
    given = scene()
    built = manifest()
    tag = (
        f'<script async crossorigin data-key="{given.key}" integrity="{built["integrity"]}"'
        f' src="{given.server.url}/w/{built["pinned"]}"></script>'
    )

    guest.open(given.page(tag=tag))

    whole_flow(given, guest)


def test_the_pinned_build_is_not_run_with_another_integrity(scene, guest):
    guest.expect_trouble()  # The browser itself says on the console that the file was refused.
    given = scene()
    tag = (
        f'<script async crossorigin data-key="{given.key}" integrity="sha384-{"A" * 64}"'
        f' src="{given.server.url}/w/{manifest()["pinned"]}"></script>'
    )
    guest.page.goto(given.page(tag=tag))
    guest.page.wait_for_timeout(500)

    assert guest.page.evaluate("typeof window.zeroten") == "undefined"

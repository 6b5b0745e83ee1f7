"""One headless browser for all tests in a browser: the system's own where there is one."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tools.browsers import find

# A busy machine is slow; what is waited for passes as soon as it is there.
PATIENCE_S = 20
expect.set_options(timeout=PATIENCE_S * 1000)


@pytest.fixture(scope="session")
def browser_type_launch_args() -> dict[str, Any]:
    """Launch the system's Chromium, quiet on the network; as root it cannot have its sandbox."""
    args = ["--no-sandbox", "--disable-quic", "--disable-background-networking", "--no-first-run"]
    system = find()
    return {"headless": True, "args": args} | ({"executable_path": system} if system else {})

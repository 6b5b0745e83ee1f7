"""The README's code runs as it stands; of frameworks not installed here, it at least compiles."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("sdk_python/README.md", "docs/guides/sdk.md")
BLOCKS = [
    pytest.param(block, id=f"{page}:{number}")
    for page in PAGES
    for number, block in enumerate(
        re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text(encoding="utf-8"), re.S | re.M)
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_python_block_of_the_documentation_runs(block, server, monkeypatch, tmp_path):
    monkeypatch.setenv("ZEROTEN_HOST", server.url)
    monkeypatch.setenv("ZEROTEN_SECRET_KEY", "sk_test")
    monkeypatch.chdir(tmp_path)

    code = compile(block, "documentation", "exec")
    if "import fastapi" not in block or find_spec("fastapi"):
        names: dict = {"__name__": "documentation"}
        exec(code, names)
        if "client" in names:
            names["client"].close(5)

"""A page that holds the loader of an earlier release gets that release's files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from backend.app import create_app

FILES = {
    "loader.js": 'run("__ZEROTEN_CONFIG__")',
    "panel.00000001.js": "export const plain = 1",
    "panel.00000002.js": "export const richer = 1",
    "panel.00000003.js": "export const views = 1",
    "zeroten.0.0.9.js": "pinned()",
}
MANIFEST = {"loader": "loader.js", "panel": "panel.00000001.js", "views": "panel.00000003.js"}


@pytest.fixture
def release(config, db, tmp_path):
    """Serve a release that was built into a folder of its own."""

    def serve(name: str, files: dict[str, str], manifest: dict[str, str]):
        folder = Path(tmp_path / name)
        folder.mkdir()
        for each, text in (files | {"manifest.json": json.dumps(manifest)}).items():
            (folder / each).write_text(text)
        return create_app(replace(config, widget_dir=folder), db).test_client()

    return serve


def test_files_that_nobody_asked_for_before_an_upgrade_are_served_after_it(project, release):
    earlier = release("earlier", FILES, MANIFEST)
    assert earlier.get(f"/w/{project.publishable_key}.js").status_code == 200

    now = release(
        "now",
        {"loader.js": FILES["loader.js"], "panel.00000009.js": ""},
        {"loader": "loader.js", "panel": "panel.00000009.js"},
    )

    for name, text in FILES.items():
        answer = now.get(f"/w/{name}")
        if name == "loader.js":
            assert answer.status_code == 404
        else:
            assert (answer.status_code, answer.text) == (200, text)
            assert "immutable" in answer.headers["Cache-Control"]


def test_what_was_never_built_is_not_found(release):
    now = release("now", FILES, MANIFEST)

    assert now.get("/w/panel.0123abcd.js").status_code == 404
    assert now.get("/w/manifest.json").status_code == 404

"""Every command of README.md does what it says, in the order a newcomer runs them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
SHELL = [code for language, code in BLOCKS if language == "sh"]
PYTHON = [code for language, code in BLOCKS if language == "python"]


def test_the_first_screen_names_the_two_commands():
    assert [block.strip() for block in SHELL[:2]] == ["make demo", "make test"]
    assert README.index("make test") < 2_000


def test_ci_runs_the_readmes_own_test_command():
    assert SHELL[1].strip() in (ROOT / ".ci" / "run").read_text().splitlines()


def test_a_project_and_a_survey_are_made_as_said(tmp_path):
    env = {**os.environ, "ZEROTEN_DATA": str(tmp_path)}
    block = SHELL[2].replace(".venv/bin/zeroten", f"{Path(sys.executable).parent}/zeroten")

    done = subprocess.run(
        ["bash", "-ec", block], env=env, cwd=ROOT, check=True, capture_output=True, text=True
    )

    assert "pk_" in done.stdout
    assert "sk_" in done.stdout


def test_the_answers_are_read_as_said(demo, tmp_path):
    script = "\n".join(SHELL[3:]).replace("var/demo.json", f"{demo['data_dir']}/demo.json")
    script = script.replace("http://127.0.0.1:8000", demo["url"])

    subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, check=True)

    assert len((tmp_path / "answers.csv").read_text().splitlines()) > 10


def test_usage_is_sent_as_said(demo):
    code = PYTHON[0].replace("sk_…", demo["secret_key"])
    code = code.replace("https://zeroten.example.com", demo["url"])
    code += "\nassert client.stats().stored == 3, client.stats()\n"

    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_file_that_is_named_exists():
    named = re.findall(r"\]\((?!https?:)([^)#]+)\)", README)

    assert [name for name in named if not (ROOT / name).exists()] == []

"""The shared cases are what their generator writes."""

import subprocess
import sys
from pathlib import Path

GENERATOR = Path(__file__).parents[1] / "vectors" / "generate.py"


def test_the_shared_cases_are_those_their_generator_writes():
    done = subprocess.run(
        [sys.executable, GENERATOR, "--check"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr

"""`python -m bench [name …]`: a JSON object a line (`name`, `value`, `unit`, `floor`, `ratio`)."""

from __future__ import annotations

import importlib
import json
import sys

# Each module has `run()`, which yields rows; `ingest` covers both databases.
BENCHES = (
    "eligibility",
    "decide",
    "responses",
    "guards",
    "ingest",
    "insights",
    "sdk",
    "widget",
    "dashboard",
)


def main(wanted: list[str]) -> int:
    """Run the named benchmarks (all when none is named) and print their rows.

    `--peers` runs other survey widgets too, which it installs under bench/peers.
    """
    peers = ["widget_peers"] if "--peers" in wanted else []
    wanted = [name for name in wanted if name != "--peers"]
    unknown = sorted(set(wanted) - set(BENCHES))
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(BENCHES)}.")
        return 2
    for name in [*(wanted or BENCHES), *peers]:
        for row in importlib.import_module(f"bench.{name}").run():
            print(json.dumps(row), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

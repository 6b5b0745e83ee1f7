"""Says in one line when the Python that make found is too old, or cannot make environments."""

import sys

if sys.version_info < (3, 11):
    sys.exit(
        f"Zeroten needs Python 3.11 or newer; this is {sys.version.split()[0]}."
        " Name another one: make demo PYTHON=python3.12"
    )
try:
    import ensurepip  # noqa: F401
    import venv  # noqa: F401
except ImportError:
    sys.exit("This Python cannot make environments. On Debian: apt-get install python3-venv")

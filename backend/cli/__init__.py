"""The command line: set up, keys, surveys, export, and the processes themselves.

A mistake of the person who types is one line on standard error and exit code 2, never a traceback.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from sqlalchemy.exc import DBAPIError

from backend.cli.common import CliError
from backend.cli.parser import build
from backend.config import Config, ConfigError
from backend.domain.errors import DomainError, StorageUnavailableError

MISTAKE = 2
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return the exit code."""
    given = build().parse_args(arguments)
    try:
        given.run(Config.from_env(), given)
        sys.stdout.flush()
    except (CliError, ConfigError) as error:
        return _fail(str(error))
    except StorageUnavailableError:
        return _fail("The database cannot be reached. Is DATABASE_URL or ZEROTEN_DATA right?")
    except DomainError as error:
        return _fail(_told(error))
    except (DBAPIError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            # Whoever read our output has had enough (`| head`); nothing more can be said there.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        return _fail(_first_line(error))
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _told(error: DomainError) -> str:
    text = error.detail or (type(error).__doc__ or "").splitlines()[0]
    return "; ".join([text, *(f"{at}: {detail}" for at, detail in error.errors)])


def _first_line(error: Exception) -> str:
    cause = getattr(error, "orig", None) or error
    return str(cause).strip().splitlines()[0] if str(cause).strip() else type(error).__name__


def _fail(text: str) -> int:
    sys.stderr.write(f"zeroten: {text}\n")
    return MISTAKE

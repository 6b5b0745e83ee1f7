"""`python -m demo`: starts everything, says what to open, stops everything.

Exit status 0 after Ctrl-C or SIGTERM, 1 when a server fails, 2 when it cannot start at all.
"""

from __future__ import annotations

import signal
import socket
import sys
import time
from types import FrameType

from backend.domain.errors import StorageUnavailableError
from demo import announce, children, world
from demo.console import DemoError, say
from demo.settings import Settings, SettingsError


class Stopped(BaseException):
    """Somebody asked us to end."""


def main() -> int:
    """Run the demo until it is told to stop; return the exit status."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    try:
        run(Settings.from_env())
    except Stopped:
        say("\nStopped.")
        return 0
    except SettingsError as error:
        return _fail(str(error), 2)
    except DemoError as error:
        return _fail(str(error), error.status)
    except StorageUnavailableError as error:
        return _fail(f"The data folder cannot be read or written: {error.__cause__}", 2)
    return 0


def run(settings: Settings) -> None:
    """Serve until Stopped or DemoError comes through."""
    began = time.monotonic()
    _check_ports(settings)
    with world.alone(settings):
        keys = world.prepare(settings, announce.take_known(settings.data_dir))
    servers: list[children.Child] = []
    try:
        servers = children.start(settings, keys)
        children.wait_until_ready(servers)
        pids = dict(zip(("server", "product"), (one.process.pid for one in servers), strict=True))
        path = announce.write(settings, keys, pids)
        announce.greet(settings, keys, path, time.monotonic() - began)
        children.watch(servers)
    finally:
        # A second Ctrl-C must not leave a server behind.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        announce.put_aside(settings.data_dir)
        children.stop(servers)


def _check_ports(settings: Settings) -> None:
    for port, what in ((settings.port, "Zeroten"), (settings.product_port, "the demo product")):
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((settings.host, port))
            except OSError as error:
                raise DemoError(
                    f"Port {port} (for {what}) cannot be used: {error.strerror}."
                    f" Choose another one: make demo PORT={8010 if port < 8010 else port + 10}"
                ) from None


def _stop(_number: int, _frame: FrameType | None) -> None:
    raise Stopped


def _fail(text: str, status: int) -> int:
    sys.stderr.write(text + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())

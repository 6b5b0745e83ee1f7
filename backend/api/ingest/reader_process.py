"""Reads batches for a server, beside it: `python -m backend.api.ingest.reader_process FD…`

The server starts it (`reader.py`) with one end of each socket pair. It imports little, holds
nothing that would be lost, and ends when the server's ends of the sockets are closed.
"""

from __future__ import annotations

import gc
import pickle
import selectors
import socket
import sys
from collections.abc import Sequence
from contextlib import suppress

from backend.api.ingest.frames import Frames
from backend.api.ingest.reading import read
from backend.domain.errors import DomainError
from backend.services.ingest_batch import Terms


def serve(connections: Sequence[Frames]) -> None:
    """Answer on each connection until the other side of one is gone.

    Raises:
        EOFError, OSError: it is.
    """
    selector = selectors.DefaultSelector()
    for connection in connections:
        selector.register(connection, selectors.EVENT_READ, connection)
    # An empty message: ready.
    connections[0].send(b"")
    while True:
        for key, _ in selector.select():
            terms, body = key.data.receive(), key.data.receive()
            # The server's own words, over a socket that nobody else has; the body stays bytes.
            key.data.send(pickle.dumps(_outcome(body, pickle.loads(terms)), 5))  # noqa: S301


def _outcome(body: bytes, terms: Terms) -> object:
    """Return what was read, the sender's mistake, or None: the server is to look for itself."""
    try:
        return read(body, terms).reading
    except DomainError as error:
        return error
    except Exception:  # a fault of ours, which the server meets and tells of as always
        return None


if __name__ == "__main__":
    # What start-up made stays for good, and reading makes no cycles to speak of.
    gc.freeze()
    gc.set_threshold(100_000)
    with suppress(EOFError, OSError):
        serve([Frames(socket.socket(fileno=int(number))) for number in sys.argv[1:]])

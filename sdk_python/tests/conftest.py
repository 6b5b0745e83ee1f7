"""What the SDK's tests share: a server that fails on request, and a client that talks to it."""

from __future__ import annotations

import pytest
from sdk_python.tests.fault_server import FaultServer

import zeroten


@pytest.fixture
def server():
    server = FaultServer()
    yield server
    server.stop()


@pytest.fixture
def make_client(server):
    clients = []

    def make(**options) -> zeroten.Client:
        options.setdefault("host", server.url)
        client = zeroten.Client("sk_test", **{"flush_interval_s": 0.05, **options})
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close(0.2)

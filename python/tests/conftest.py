"""Fixtures: memcached servers that the tests of a session share, each test finding them empty and running."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from servers import Relay, Server


@pytest.fixture(scope="session")
def _servers() -> Iterator[list[Server]]:
    servers: list[Server] = []
    try:
        for _ in range(4):
            # One by one, so that those which run are stopped if one doesn't start.
            servers.append(Server())  # noqa: PERF401
        yield servers
    finally:
        for server in servers:
            server.kill()


@pytest.fixture
def servers(_servers: list[Server]) -> Iterator[list[Server]]:
    """Four empty servers. A test may kill or pause them."""
    for server in _servers:
        server.flush()
    yield _servers
    for server in _servers:
        server.resume()
        if server.process.poll() is not None:
            server.start()


@pytest.fixture
def log() -> list[tuple[str, str, str]]:
    """What the relays of a test have passed."""
    return []


@pytest.fixture
def relays(servers: list[Server], log: list[tuple[str, str, str]]) -> Iterator[list[Relay]]:
    """A relay before each server, named a to d."""
    relays = [Relay(name, server, log) for name, server in zip("abcd", servers, strict=True)]
    try:
        yield relays
    finally:
        for relay in relays:
            relay.close()

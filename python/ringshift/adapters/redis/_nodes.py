"""The options of redis-py's clients, and how a failed request is told."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import MaxConnectionsError, RedisError, ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError

from ringshift.adapters._connecting import connecting_fault
from ringshift.adapters._steps import Failure
from ringshift.errors import InvalidArgumentError

_DEFAULTS: Final = {"socket_timeout": 1.0, "socket_connect_timeout": 1.0}
# The spec says where nodes are, and the adapter has one client for each.
_TAKEN: Final = ("host", "port", "unix_socket_path", "connection_pool", "single_connection_client", "path")

RETRIED: Final = (RedisConnectionError,)
"""What is tried once more: a connection that died while it was idle. Not what took too long already."""


def checked_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options for a node's client, with this adapter's defaults."""
    for name in _TAKEN:
        if name in options:
            raise InvalidArgumentError(f"the option {name} is not the caller's: the spec says where nodes are")
    return {**_DEFAULTS, **options}


def where(address: str) -> dict[str, Any]:
    """A node's address as redis-py's options."""
    if address.startswith("/"):
        return {"unix_socket_path": address}
    host, _, port = address.rpartition(":")
    return {"host": host.strip("[]"), "port": int(port)}


def failure(error: Exception) -> Failure:
    """How a request failed; a caller's mistake is raised."""
    if isinstance(error, ResponseError) and str(error).startswith("WRONGTYPE"):
        raise error
    if (fault := connecting_fault(error)) is not None:
        return Failure(error, fault)
    if isinstance(error, MaxConnectionsError):
        # `max_connections` is reached, which tells nothing about the node.
        return Failure(error, "unsent")
    if isinstance(error, RedisTimeoutError | TimeoutError | asyncio.TimeoutError):
        return Failure(error, "timeout")
    if isinstance(error, RedisError | OSError):
        return Failure(error, "error")
    raise error

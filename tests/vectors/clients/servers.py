"""The server lists that real clients are asked about, and the specs that say the same of a cluster.

A golden file needs no live server unless its client insists: addresses are in 10.0.0.0/8 and nobody sends anything
there. Clients that must talk to a server get lists on loopback (`on_loopback`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent.parent))

from builders.specs import only

DEFAULT_PORT = 11211
# With equal weights, 32-bit floats give 156 points and not 160 to a server at 25, 47, 50, 61 and 100.
SIZES = (1, 2, 3, 4, 5, 6, 7, 8, 25, 47, 50, 61, 100)


@dataclass(frozen=True)
class Server:
    """One server as a client is told about it."""

    host: str
    port: int = DEFAULT_PORT
    weight: int = 1
    alias: str | None = None

    @property
    def address(self) -> str:
        """What a spec says: an IPv6 host stands in brackets, a path of a unix socket stands alone."""
        if self.host.startswith("/"):
            return self.host
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Servers = list[Server]


def equal(count: int, port: int = DEFAULT_PORT, net: int = 10) -> Servers:
    """`count` servers of one weight, each at an IPv4 address of its own."""
    return [Server(f"{net}.0.{i // 250}.{i % 250 + 1}", port) for i in range(count)]


def one_host(count: int, first: int = DEFAULT_PORT, host: str = "10.7.0.9") -> Servers:
    """`count` servers at one address, ports upward from `first`."""
    return [Server(host, first + i) for i in range(count)]


def named(count: int, port: int = DEFAULT_PORT) -> Servers:
    """`count` servers with names that nobody resolves."""
    return [Server(f"cache-{i:02}.{'eu-west' if i % 2 else 'ap-seoul'}.example.net", port) for i in range(count)]


def motley() -> Servers:
    """Names and addresses, the default port and others, not in any order."""
    return [
        Server("mc3.example.net"),
        Server("10.0.0.12", 11212),
        Server("a"),
        Server("10.0.0.2"),
        Server("mc1.example.net", 22122),
        Server("10.0.0.12"),
        Server("mc1.example.net"),
        Server("localhost", 11213),
        Server("127.0.0.1", 11213),
    ]


def weighed(servers: Servers, *weights: int) -> Servers:
    """The same servers with these weights, repeated as needed."""
    return [replace(server, weight=weights[i % len(weights)]) for i, server in enumerate(servers)]


def equals() -> list[Servers]:
    """Lists of one weight: every size, ports, names."""
    return [
        *(equal(count) for count in SIZES),
        equal(3, 11212),
        equal(7, 22122),
        equal(47, 11311),
        one_host(4),
        one_host(6, 12000),
        named(5),
        named(25, 11212),
        motley(),
    ]


def mixed() -> list[Servers]:
    """Lists of several weights: small and large ratios, one heavy server, weights too small for a point."""
    return [
        weighed(equal(2), 1, 2),
        weighed(equal(3), 1, 2, 3),
        weighed(equal(3), 2),
        weighed(equal(4, 11212), 1, 1, 1, 5),
        weighed(equal(7), 10, 1, 1, 1, 1, 1, 1),
        weighed(equal(10), 1, 1, 1, 1, 3, 1, 1, 1, 1, 1),
        weighed(equal(8), 1, 2, 3, 4, 5, 6, 7, 8),
        weighed(equal(3), 100, 300, 600),
        weighed(equal(4), 500, 1, 500, 1),
        weighed(equal(25), 1, 2, 3, 4),
        weighed(equal(47), 5, 7),
        weighed(equal(61), 3),
        weighed(named(6), 4, 1, 2),
        weighed(motley(), 3, 1, 4, 1, 5, 9, 2, 6, 5),
    ]


def loopback(servers: Servers) -> Servers:
    """The same list with every 10.x.y.z at 127.x.y.z: all of it is this machine."""
    return [
        replace(server, host=f"127{server.host[2:]}") if server.host.startswith("10.") else server for server in servers
    ]


def node(number: int, server: Server, *, weights: bool) -> dict[str, Any]:
    """A server as a node of a spec."""
    fields: dict[str, Any] = {"id": f"n{number}", "address": server.address}
    if server.alias is not None:
        fields["alias"] = server.alias
    if weights:
        fields["weight"] = server.weight
    return fields


def spec(servers: Servers, down: frozenset[int] = frozenset(), /, **placement: Any) -> str:
    """The text of a spec whose primary cluster is this list; weights are named where they are not all 1."""
    weights = any(server.weight != 1 for server in servers)
    nodes = [node(i, server, weights=weights) for i, server in enumerate(servers)]
    for i in down:
        nodes[i]["down"] = True
    return only({"placement": placement, "nodes": nodes})

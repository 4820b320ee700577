"""Makes the golden files of python-memcached by asking the client for the server of each key.

    python clients/python_memcached.py

Needs python-memcached (`pip install python-memcached`). The client connects before it answers, so something listens
on loopback at each address; nothing is sent.

What the client does that a reader may not expect:
- A server of weight w stands w times in a list of buckets, one after the other.
- A key whose server can't be reached is hashed anew, up to 10 times, from the text of the last hash followed by the
  number of the try; then it has no server at all. Servers marked `down` here are ones where nobody listens.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack

import memcache  # type: ignore[import-untyped]
from asked_keys import byte_keys
from builders.specs import only
from golden_file import Golden
from servers import Server, Servers, equal, equals, loopback, mixed, node, one_host, weighed

PLACEMENT = {"kind": "modulo", "flavor": "python-memcached"}


def ask(servers: Servers, down: frozenset[int], keys: list[bytes]) -> list[int]:
    """Where the client puts the keys."""
    with ExitStack() as stack:
        for i, server in enumerate(servers):
            if i not in down:
                # The backlog takes the client's connection; nobody needs to accept it.
                stack.enter_context(socket.create_server((server.host.replace("localhost", "127.0.0.1"), server.port)))
        client = memcache.Client([(server.address, server.weight) for server in servers])
        stack.callback(client.disconnect_all)
        places = {host.address: i for i, host in enumerate(client.servers)}
        answers = []
        for key in keys:
            client.check_key(key)
            # What each of the client's commands begins with.
            host, _ = client._get_server(key)
            answers.append(places[host.address])
        return answers


def make(name: str, what: str, cases: list[tuple[Servers, frozenset[int]]]) -> None:
    """Writes one file."""
    keys = byte_keys()
    golden = Golden(name, keys)
    for servers, down in cases:
        weights = any(server.weight != 1 for server in servers)
        nodes = [node(i, server, weights=weights) for i, server in enumerate(servers)]
        for i in down:
            nodes[i]["down"] = True
        golden.add(only({"placement": PLACEMENT, "nodes": nodes}), ask(servers, down, keys), len(servers))
    golden.write(f"python-memcached {memcache.__version__}, {what}; clients/python_memcached.py")


def main() -> int:
    """Writes the golden files."""
    motley = [Server("localhost"), Server("127.0.0.9", 11212), Server("127.0.0.2"), Server("localhost", 22122)]
    lists = [loopback(servers) for servers in [*equals()[:17], *mixed()[:12]]]
    lists += [one_host(5, 12001, "localhost"), motley, weighed(motley, 3, 1, 4, 1)]
    cases = [(servers, frozenset[int]()) for servers in lists]
    make("0076-golden-python-memcached.json", "equal and mixed weights", cases)
    cases = [
        (loopback(equal(3)), frozenset({1})),
        (loopback(equal(8)), frozenset({0, 5})),
        (loopback(weighed(equal(5), 1, 2, 3, 4, 5)), frozenset({4})),
    ]
    make("0077-golden-python-memcached-down.json", "servers that are down", cases)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

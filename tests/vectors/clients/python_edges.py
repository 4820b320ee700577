"""Makes the golden files of what Python clients do at the edges, by asking them.

    python clients/python_edges.py

Needs uhashring, pymemcache and python-memcached (`pip install uhashring pymemcache python-memcached`). python-memcached
connects before it answers; nothing is sent.

- Keys that are no UTF-8 can only be given as `bytes`, which uhashring and pymemcache place by what `str` shows of them.
- A node that is `down` is one that was removed: `HashRing.remove_node`, `HashClient.remove_server` (what the client
  itself does with a server that it holds for dead).
- uhashring and python-memcached have servers of weight 0.
"""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.metadata import version

from asked_keys import byte_keys
from golden_file import Golden
from pymemcache.client.hash import HashClient
from python_memcached import ask
from servers import Server, Servers, equal, loopback, motley, named, spec, weighed
from uhashring import HashRing  # type: ignore[import-untyped]

V6 = [Server("fd00::1"), Server("fd00::2", 11212), Server("10.0.0.1"), Server("/run/memcached/a.sock")]


def texts(keys: list[bytes]) -> list[str | bytes]:
    """Keys as a caller would hand them over: text where they are text."""
    asked: list[str | bytes] = []
    for key in keys:
        try:
            asked.append(key.decode())
        except UnicodeDecodeError:
            asked.append(key)
    return asked


def with_down(text: str, down: set[int]) -> str:
    """The spec with some of its nodes down."""
    for number in sorted(down):
        address = json.dumps(json.loads(text)["clusters"]["blue"]["nodes"][number]["address"])
        text = text.replace(f'"address": {address}', f'"address": {address}, "down": true')
    return text


def uhashring_answers(servers: Servers, down: set[int], keys: list[bytes]) -> list[int]:
    """Where uhashring puts the keys, weights of 0 and removed nodes included."""
    names = [server.address for server in servers]
    nodes = {name: {"weight": server.weight} for name, server in zip(names, servers, strict=True)}
    ring = HashRing(nodes, hash_fn="ketama")
    for number in down:
        ring.remove_node(names[number])
    return [names.index(ring.get_node(key)) for key in texts(keys)]


def pymemcache_answers(servers: Servers, down: set[int], keys: list[bytes]) -> list[int]:
    """Where pymemcache puts the keys. Its hasher is asked: the client itself refuses `bytes` above 127."""
    client = HashClient([server.address for server in servers])
    names = list(client.clients)
    for number in down:
        client.hasher.remove_node(names[number])
    return [names.index(client.hasher.get_node(key)) for key in texts(keys)]


def main() -> int:
    """Writes the golden files."""
    keys = byte_keys()
    zero = [weighed(equal(5), 1, 0, 2), weighed(named(7), 0, 3), weighed(equal(25), 1, 1, 1, 0)]
    removed: list[tuple[Servers, set[int]]] = [
        (equal(4), {1}),
        (motley(), {0, 3, 8}),
        (weighed(equal(8), 1, 2, 3), {2, 7}),
    ]
    golden = Golden("0110-golden-uhashring-edges.json", keys)
    for servers, down in [*((servers, set[int]()) for servers in zero), *removed, (V6, {3})]:
        text = with_down(spec(servers, kind="ketama", flavor="uhashring"), down)
        golden.add(text, uhashring_answers(servers, down, keys), len(servers))
    golden.write(
        f"uhashring {version('uhashring')}, bytes as keys, weights of 0, nodes removed; clients/python_edges.py"
    )
    golden = Golden("0111-golden-pymemcache-edges.json", keys)
    for servers, down in [*removed[:2], (equal(8), {2, 7}), (V6, set[int]()), (V6, {0})]:
        even = [replace(server, weight=1) for server in servers]
        text = with_down(spec(even, kind="rendezvous", flavor="pymemcache"), down)
        golden.add(text, pymemcache_answers(even, down, keys), len(servers))
    golden.write(f"pymemcache {version('pymemcache')}, bytes as keys, servers removed, IPv6; clients/python_edges.py")
    golden = Golden("0112-golden-python-memcached-edges.json", keys)
    for servers in map(loopback, (weighed(equal(5, 12111), 1, 0, 2), weighed(equal(25, 12111), 1, 1, 1, 0))):
        answers = ask(servers, frozenset(), keys)
        golden.add(spec(servers, kind="modulo", flavor="python-memcached"), answers, len(servers))
    golden.write(f"python-memcached {version('python-memcached')}, weights of 0; clients/python_edges.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

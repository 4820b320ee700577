"""Makes the golden files of uhashring, `HashRing(nodes, hash_fn="ketama")`, by asking it.

    python clients/uhashring_ketama.py

Needs uhashring (`pip install uhashring`). It is a library without servers.

What it does that a reader may not expect:
- It names a node by the string it was given, port and all; here the address, or the alias of a node that has one.
- Its weights are integer divisions; equal weights always give 160 points.
- It takes the first point strictly above the key's hash; of two equal points the node that was added last wins.
- A key is the UTF-8 of `str(key)`, so that a `bytes` key lands elsewhere; keys are `str` here.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

from asked_keys import text_keys
from golden_file import Golden
from servers import Servers, equal, equals, mixed, spec
from uhashring import HashRing  # type: ignore[import-untyped]


def ask(servers: Servers, keys: list[bytes]) -> list[int]:
    """Where it puts the keys."""
    names = [server.alias or server.address for server in servers]
    nodes = {name: {"weight": server.weight} for name, server in zip(names, servers, strict=True)}
    ring = HashRing(nodes, hash_fn="ketama")
    places = {name: i for i, name in enumerate(names)}
    return [places[ring.get_node(key.decode())] for key in keys]


def make(name: str, what: str, lists: list[Servers]) -> None:
    """Writes one file."""
    keys = text_keys()
    golden = Golden(name, keys)
    for servers in lists:
        golden.add(spec(servers, kind="ketama", flavor="uhashring"), ask(servers, keys), len(servers))
    golden.write(f"uhashring {version('uhashring')}, hash_fn ketama, {what}; clients/uhashring_ketama.py")


def main() -> int:
    """Writes the golden files."""
    aliased = [replace(server, alias=f"node{i}") for i, server in enumerate(equal(5))]
    make("0079-golden-uhashring.json", "equal weights", [*equals(), aliased])
    make("0080-golden-uhashring-mixed.json", "mixed weights", mixed())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

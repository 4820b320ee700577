"""Makes the golden file of nodes that are down, where the real client then goes elsewhere in a way of its own.

    python clients/down.py

Needs what libmemcached.py, twemproxy.py, pingora_ketama.py, npm_clients.py, php_clients.py and go_clients.py need.

How each client is told, or finds out, that a server is down:
- libmemcached: AUTO_EJECT_HOSTS; it asks a server at whose address nobody listens, and takes it out of the ring.
- twemproxy: auto_eject_hosts, in the same way.
- pingora-ketama: node_iter, passing over the server.
- npm hashring: remove; npm memcached: its ring's remove, as its option `remove` does it.
- Predis: the cluster's remove.
- go-redis: a shard whose heartbeats fail.
nginx, python-memcached, pymemcache and uhashring have files of their own. spymemcached, dalli and PECL's memcache hash
a key anew with the number of the try, each process by what it has seen itself; nobody is asked about that.
"""

from __future__ import annotations

import asyncio
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import npm_clients
import twemproxy
from asked_keys import text_keys
from golden_file import HERE, Golden, ask, compiled_c
from php_clients import PROGRAM
from servers import Server, Servers, equal, loopback, spec, weighed

Down = frozenset[int]
Asked = Callable[[Servers, Down], tuple[str, list[int]]]
Case = tuple[dict[str, str], Asked, list[tuple[Servers, Down]]]


def lists() -> list[tuple[Servers, Down]]:
    """Server lists with those of them that are down; with 26 of which one is down, 25 are left: 156 points each."""
    return [
        (loopback(equal(3)), Down({1})),
        (loopback(equal(8)), Down({0, 7})),
        (loopback(equal(26)), Down({3})),
        (loopback(weighed(equal(5), 1, 2, 3, 4, 5)), Down({4})),
        (loopback(weighed(equal(4), 1, 1, 2, 1)), Down({2})),
    ]


def shards() -> list[tuple[Servers, Down]]:
    """The same without weights, by name."""
    named = [
        ([replace(server, alias=f"shard{i}") for i, server in enumerate(servers)], down)
        for servers, down in lists()[:3]
    ]
    return [*named, ([Server("10.0.0.9", 6379 + i, alias=name) for i, name in enumerate("zma")], Down({0}))]


def cases(directory: str, keys: list[bytes]) -> dict[str, Case]:
    """Of each client: the placement, how to ask it, the lists."""
    libmemcached = compiled_c("libmemcached.c", directory, "-lmemcached")
    subprocess.run(["go", "build", "-o", f"{directory}/ask", "."], cwd=HERE / "go", check=True)
    manifest = str(HERE / "pingora/Cargo.toml")
    build = ["cargo", "build", "--quiet", "--locked", "--manifest-path", manifest, "--target-dir", f"{directory}/rust"]
    subprocess.run(build, check=True)
    npm_clients.install()
    node = ["node", str(HERE / "node/ask.mjs")]
    proxied = {"kind": "ketama", "flavor": "twemproxy", "hash": "fnv1a_64"}

    def program(*command: str) -> Asked:
        return lambda servers, down: ask(list(command), servers, keys, down)

    def proxy(servers: Servers, down: Down) -> tuple[str, list[int]]:
        return twemproxy.version(), asyncio.run(twemproxy.answers(proxied, servers, keys, Path(directory), down))

    def ketama(flavor: str, asked: Asked, **more: str) -> Case:
        return {"kind": "ketama", "flavor": flavor, **more}, asked, lists()

    return {
        "libmemcached weighted": ketama("libmemcached-weighted", program(libmemcached, "weighted", "-")),
        "spy": ketama("libmemcached-spy", program(libmemcached, "spy", "-")),
        "consistent": ketama("libmemcached", program(libmemcached, "consistent", "default"), hash="one_at_a_time"),
        "twemproxy": (proxied, proxy, lists()),
        "pingora-ketama": ketama("pingora", program(f"{directory}/rust/debug/ask-pingora-ketama")),
        "npm hashring": ketama("npm-hashring", program(*node, "hashring")),
        "npm memcached": ketama("npm-memcached", program(*node, "memcached")),
        "Predis": ketama("predis", program("php", PROGRAM, "predis"), hash_tag="{}"),
        "go-redis": (
            {"kind": "rendezvous", "flavor": "go-redis", "hash_tag": "{}"},
            program(f"{directory}/ask", "go-redis"),
            shards(),
        ),
    }


def main() -> int:
    """Writes the golden file."""
    keys = text_keys()
    golden = Golden("0098-golden-down.json", keys)
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory:
        for client, (placement, asked, server_lists) in cases(directory, keys).items():
            for servers, down in server_lists:
                versions[client], answers = asked(servers, down)
                if down & set(answers):
                    raise SystemExit(f"{client}: a server that is down has keys")
                golden.add(spec(servers, down, **placement), answers, len(servers))
    golden.write(f"{', '.join(f'{client} {of}' for client, of in versions.items())}; clients/down.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

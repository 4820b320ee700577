"""Makes the golden file of the rare cases of a ring: two servers with one point, and a key whose hash is a point.

    python clients/ties.py

Needs what libmemcached.py, twemproxy.py, nginx.py, uhashring_ketama.py, npm_clients.py, spymemcached.py and
php_clients.py need. Takes about a minute.

Server lists with two servers that share a point are looked for among 4,095 addresses of loopback; of those found, the
ones where most of the asked keys land on the shared point are taken, in both orders. That a key's hash is a point is
arranged by keys that are the names of points. No two addresses of one length share a point under Predis and PECL's
memcache, whose crc32 is linear, so for them there are only such keys. Where a client's sort leaves open which of two
equal points comes first (twemproxy), what is recorded is what it does with glibc, whose qsort is stable for such sizes.
"""

from __future__ import annotations

import asyncio
import hashlib
import struct
import tempfile
import zlib
from bisect import bisect_left
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path

import nginx
import npm_clients
import spymemcached
import twemproxy
import uhashring_ketama
from asked_keys import text_keys
from golden_file import HERE, Golden, ask, compiled_c
from php_clients import PROGRAM
from servers import Server, Servers, equal, loopback, spec

HOSTS = [f"127.1.{i // 256}.{i % 256}" for i in range(1, 4096)]
PAIRS = 2
FEWEST = 3  # keys on a shared point
Points = Callable[[str], Iterator[int]]
Asked = Callable[[Servers], tuple[str, list[int]]]


def words(text: str) -> tuple[int, ...]:
    """MD5 as four numbers."""
    return struct.unpack("<4I", hashlib.md5(text.encode()).digest())


def md5_points(form: str) -> Points:
    """The points of a host whose names have this form."""
    return lambda host: (word for i in range(40) for word in words(form.format(host=host, i=i)))


def nginx_points(host: str) -> Iterator[int]:
    """Each point of a host is the crc32 of its name and the point before."""
    name, point = zlib.crc32(f"{host}\0{11211}".encode()), 0
    for _ in range(160):
        point = zlib.crc32(struct.pack("<I", point), name)
        yield point


def shared(points: Points, hashed: list[int]) -> list[tuple[str, str]]:
    """Pairs of hosts that share a point, those first on whose shared point most of the keys land."""
    owner: dict[int, str] = {}
    found = []
    for host in HOSTS:
        for point in points(host):
            other = owner.setdefault(point, host)
            if other != host:
                ring = sorted({*points(host), *points(other)})
                before = ring[bisect_left(ring, point) - 1]
                found.append((sum(before < value <= point for value in hashed), other, host))
    found.sort(reverse=True)
    if len(found) < PAIRS or found[PAIRS - 1][0] < FEWEST:
        raise SystemExit("too few keys land on a shared point; ask more keys")
    return [(one, two) for _, one, two in found[:PAIRS]]


def lists(pairs: list[tuple[str, str]]) -> list[Servers]:
    """The pairs in both orders, and the servers whose points are asked as keys."""
    both = [pair for one, two in pairs for pair in ((one, two), (two, one))]
    return [[Server(host) for host in pair] for pair in both] + [loopback(equal(3))]


def asked_keys() -> list[bytes]:
    """Ordinary keys, and the names of points in every client's form."""
    forms = ("{}-{}", "{}:11211-{}", "/{}:11211-{}", "{}:11211:{}")
    hosts = [server.host for server in loopback(equal(3))]
    points = [form.format(host, i).encode() for form in forms for host in hosts for i in range(40)]
    return [*text_keys(), *points]


def clients(directory: str, keys: list[bytes]) -> dict[str, tuple[dict[str, str], str, Asked]]:
    """Of each flavor: further fields of its placement, how it finds points, how to ask it."""
    libmemcached = compiled_c("libmemcached.c", directory, "-lmemcached")
    java = spymemcached.class_path(directory)
    npm_clients.install()
    node = ["node", str(HERE / "node/ask.mjs")]

    def program(*command: str) -> Asked:
        return lambda servers: ask(list(command), servers, keys)

    def proxy(servers: Servers) -> tuple[str, list[int]]:
        rule = {"kind": "ketama", "flavor": "twemproxy", "hash": "md5"}
        return twemproxy.version(), asyncio.run(twemproxy.answers(rule, servers, keys, Path(directory)))

    def upstream(servers: Servers) -> tuple[str, list[int]]:
        return nginx.version(), nginx.all_answers([nginx.Upstream(servers, consistent=True)], keys)[0]

    def library(servers: Servers) -> tuple[str, list[int]]:
        return version("uhashring"), uhashring_ketama.ask(servers, keys)

    short, long = "{host}-{i}", "{host}:11211-{i}"
    return {
        "libmemcached-weighted": ({}, short, program(libmemcached, "weighted", "-")),
        "libmemcached-spy": ({}, f"/{long}", program(libmemcached, "spy", "-")),
        "twemproxy": ({"hash": "md5"}, short, proxy),
        "nginx": ({}, "nginx", upstream),
        "uhashring": ({}, long, library),
        "npm-hashring": ({}, long, program(*node, "hashring")),
        "npm-memcached": ({}, short, program(*node, "memcached")),
        "spymemcached": ({}, long, program("java", "-cp", java, "AskSpymemcached", "ketama")),
        "predis": ({"hash_tag": "{}"}, "", program("php", PROGRAM, "predis")),
        "pecl-memcache": ({}, "", program("php", "-d", "memcache.hash_strategy=consistent", PROGRAM, "memcache")),
    }


def main() -> int:
    """Writes the golden file."""
    keys = asked_keys()
    golden = Golden("0097-golden-ties.json", keys)
    by_md5 = [words(key.decode())[0] for key in keys]
    by_crc = [zlib.crc32(key) for key in keys]
    versions: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as directory:
        for flavor, (more, form, asked) in clients(directory, keys).items():
            if not form:
                pairs = []
            elif form == "nginx":
                pairs = shared(nginx_points, by_crc)
            else:
                pairs = shared(md5_points(form), by_md5)
            for servers in lists(pairs):
                versions[flavor], answers = asked(servers)
                golden.add(spec(servers, kind="ketama", flavor=flavor, **more), answers, len(servers))
    versions["spymemcached"] = f"{spymemcached.VERSION} on Java {versions['spymemcached']}"
    golden.write(f"{', '.join(f'{flavor} {of}' for flavor, of in versions.items())}; clients/ties.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

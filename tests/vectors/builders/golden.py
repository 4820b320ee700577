"""The kind `golden`: where a real client puts keys. Made by a script in clients/; checked here.

Where the oracle knows the placement, it must agree with the client. Where it doesn't, what is checked is that the file
is whole: the core must agree with the client, and each language's runner says so.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from oracle.placement import Placer
from oracle.spec import load

FEWEST_KEYS = 2_000

# File, what it is about. Each says itself, in its provenance, which script made it.
FILES: list[tuple[str, str]] = [
    ("0060-golden-libmemcached-modulo.json", "where libmemcached itself puts keys, distribution MODULA"),
    ("0061-golden-libmemcached-weighted.json", "libmemcached, weighted ketama, equal weights, 1 to 100 nodes"),
    ("0062-golden-libmemcached-weighted-mixed.json", "libmemcached, weighted ketama, mixed weights"),
    ("0063-golden-libmemcached-consistent-a.json", "libmemcached, consistent, five hashes"),
    ("0064-golden-libmemcached-consistent-b.json", "libmemcached, consistent, five more hashes"),
    (
        "0065-golden-libmemcached-consistent-mixed.json",
        "libmemcached, consistent with weights, which turn points to MD5",
    ),
    ("0066-golden-libmemcached-spy.json", "libmemcached, weighted ketama with the names of spymemcached"),
    ("0067-golden-libmemcached-modula.json", "libmemcached, distribution MODULA, eight further hashes"),
    ("0068-golden-twemproxy-ketama.json", "twemproxy, ketama, fnv1a_64, equal weights, aliases, a hash tag"),
    ("0069-golden-twemproxy-ketama-mixed.json", "twemproxy, ketama, fnv1a_64, mixed weights"),
    ("0070-golden-twemproxy-ketama-hashes.json", "twemproxy, ketama, eleven further hashes"),
    ("0071-golden-twemproxy-modula.json", "twemproxy, modula, all twelve hashes, equal and mixed weights"),
    ("0072-golden-nginx-consistent.json", "nginx, hash consistent, equal weights, ports written or not, sockets"),
    ("0073-golden-nginx-consistent-mixed.json", "nginx, hash consistent, mixed weights"),
    ("0074-golden-nginx-hash.json", "nginx, plain hash, equal and mixed weights"),
    ("0075-golden-nginx-down.json", "nginx, both hashes, nodes that are down"),
    ("0076-golden-python-memcached.json", "python-memcached, equal and mixed weights"),
    ("0077-golden-python-memcached-down.json", "python-memcached, nodes that are down"),
    ("0078-golden-pymemcache.json", "pymemcache, HashClient's default hasher, str keys"),
    ("0079-golden-uhashring.json", "uhashring, ketama, equal weights"),
    ("0080-golden-uhashring-mixed.json", "uhashring, ketama, mixed weights"),
    ("0081-golden-pingora.json", "pingora-ketama, equal and mixed weights, IPv6"),
    ("0082-golden-gomemcache.json", "gomemcache, ServerList"),
    ("0083-golden-go-redis.json", "go-redis, Ring, shard names and hash tags"),
    ("0084-golden-npm-hashring.json", "npm hashring, equal weights"),
    ("0085-golden-npm-hashring-mixed.json", "npm hashring, mixed weights"),
    ("0086-golden-npm-memcached.json", "npm memcached, equal weights"),
    ("0087-golden-npm-memcached-mixed.json", "npm memcached, mixed weights"),
    ("0088-golden-spymemcached-ketama.json", "spymemcached, ketama, no weights, Java's names of addresses as aliases"),
    ("0089-golden-spymemcached-ketama-mixed.json", "spymemcached, ketama, weights"),
    ("0090-golden-spymemcached-modulo.json", "spymemcached, modulo, Java's String.hashCode"),
    ("0091-golden-predis.json", "Predis, no weights, hash tags"),
    ("0092-golden-predis-mixed.json", "Predis, weights, hash tags"),
    ("0093-golden-pecl-memcache-consistent.json", "PECL memcache, consistent, equal and mixed weights"),
    ("0094-golden-pecl-memcache-standard.json", "PECL memcache, standard, equal and mixed weights"),
    ("0095-golden-dalli.json", "dalli, equal weights"),
    ("0096-golden-dalli-mixed.json", "dalli, mixed weights"),
    ("0097-golden-ties.json", "two nodes with one point, keys whose hash is a point, ten flavors"),
    ("0098-golden-down.json", "nodes that are down, nine clients"),
    ("0110-golden-uhashring-edges.json", "uhashring, bytes as keys, weights of 0, nodes removed"),
    ("0111-golden-pymemcache-edges.json", "pymemcache, bytes as keys, servers removed, IPv6"),
    ("0112-golden-python-memcached-edges.json", "python-memcached, weights of 0"),
]


def _oracle_knows(spec: dict[str, Any]) -> bool:
    rule = spec["clusters"][spec["primary"]]["placement"]
    flavor_and_hash = (rule["kind"], rule.get("flavor"), rule.get("hash", "one_at_a_time"))
    return flavor_and_hash in (("modulo", "libmemcached", "one_at_a_time"), ("modulo", "libmemcached", "crc"))


def _against_oracle(name: str, text: str, keys: list[bytes], expected: list[int]) -> list[str]:
    primary = load(text).primary
    placer = Placer(primary)
    wrong = []
    for key, index in zip(keys, expected, strict=True):
        answer = placer.nodes(key)[0]
        if answer != primary.nodes[index]:
            wrong.append(f"{name}: {key.hex()} of {len(primary.nodes)}: oracle {answer.id}, client {index}")
    return wrong


def _differences_of(path: Path) -> list[str]:
    if not path.exists():
        return [f"{path.name}: missing; a script in clients/ makes it"]
    made = json.loads(path.read_text("utf-8"))
    keys = [bytes.fromhex(key) for key in made["keys"]]
    wrong = []
    if len(set(keys)) != len(keys) or len(keys) < FEWEST_KEYS:
        wrong.append(f"{path.name}: {len(keys)} keys, {len(set(keys))} of them distinct; {FEWEST_KEYS} are wanted")
    for place, (text, expected) in enumerate(zip(made["specs"], made["expected"], strict=True)):
        spec = json.loads(text)
        nodes = spec["clusters"][spec["primary"]]["nodes"]
        if len(expected) != len(keys) or not set(expected) <= set(range(len(nodes))):
            wrong.append(f"{path.name}: list {place}: not one of {len(nodes)} nodes for each of {len(keys)} keys")
        elif _oracle_knows(spec):
            wrong += _against_oracle(path.name, text, keys, expected)
    return wrong


def differences(directory: Path) -> list[str]:
    """What is wrong with the golden files: missing, not whole, or not what the oracle says."""
    return [line for name, _ in FILES for line in _differences_of(directory / name)]

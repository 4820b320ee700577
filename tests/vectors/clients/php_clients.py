"""Makes the golden files of the PHP clients Predis and memcache (the extension of PECL) by asking them.

    python clients/php_clients.py

Needs PHP with both (Debian: apt-get install php-cli php-predis php-memcache). No server runs and nothing is connected.

What the clients do that a reader may not expect:
- Predis takes the greatest point that is not above the key's hash, or the highest point of all; of two equal points the
  one that was added last wins. It names a server host:port, ignoring its alias. It always reads {tags}, so that the
  specs say hash_tag "{}".
- The default of memcache is hash_strategy `consistent`: 1024 slots filled from a ring, the key's crc32 picks a slot.
  With `standard` a server of weight w stands w times in a list. It names a server host:port, whatever the port.
- memcache replaces what can't be in a key (spaces, control characters) before it hashes; no key here has any.
- A dead server of memcache fails over by hashing the key anew; no list here has one.
"""

from __future__ import annotations

from asked_keys import byte_keys, raw_keys
from builders.keys import TAGGED
from golden_file import HERE, Golden, ask
from servers import Servers, equals, mixed, spec

PROGRAM = str(HERE / "ask.php")


def make(name: str, what: str, options: list[str], keys: list[bytes], lists: list[Servers], **rule: str) -> None:
    """Writes one file."""
    golden = Golden(name, keys)
    version = ""
    for servers in lists:
        version, answers = ask(["php", *options], servers, keys)
        golden.add(spec(servers, **rule), answers, len(servers))
    golden.write(f"{what.replace('VERSION', version)}; clients/php_clients.py through clients/ask.php")


def main() -> int:
    """Writes the golden files."""
    predis = {"kind": "ketama", "flavor": "predis", "hash_tag": "{}"}
    keys = list(dict.fromkeys([*TAGGED, *raw_keys()]))
    about = "Predis VERSION, PredisCluster with HashRing"
    make("0091-golden-predis.json", f"{about}, no weights", [PROGRAM, "predis"], keys, equals(), **predis)
    make("0092-golden-predis-mixed.json", f"{about}, weights", [PROGRAM, "predis"], keys, mixed(), **predis)
    options = ["-d", "memcache.hash_strategy=consistent", PROGRAM, "memcache"]
    rule = {"kind": "ketama", "flavor": "pecl-memcache"}
    lists = [*equals(), *mixed()]
    about = "PECL memcache VERSION, hash_function crc32, hash_strategy"
    make("0093-golden-pecl-memcache-consistent.json", f"{about} consistent", options, byte_keys(), lists, **rule)
    options = ["-d", "memcache.hash_strategy=standard", PROGRAM, "memcache"]
    rule = {"kind": "modulo", "flavor": "pecl-memcache"}
    make("0094-golden-pecl-memcache-standard.json", f"{about} standard", options, byte_keys(), lists, **rule)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the golden files of the npm packages hashring and memcached by asking them.

    python clients/npm_clients.py

Needs Node.js; `npm ci` in clients/node brings the packages. No server runs.

What they do that a reader may not expect:
- hashring hashes the string that it was given, port and all; `memcached` leaves out the port where it is 11211. It sees
  the port behind the *first* colon, so that an IPv6 address keeps its port.
- The points are counted in doubles: with equal weights 156 and not 160 at 7, 14, 28, 49 and other sizes.
- `memcached` hashes the key with its namespace, and a key that is longer than 250 as it was before it is shortened.
- Weight 0 counts as 1, so no list here has it. A dead server's keys fail until it is back, unless `remove` is on.
"""

from __future__ import annotations

import subprocess
from dataclasses import replace

from asked_keys import text_keys
from golden_file import HERE, Golden, ask
from servers import Server, Servers, equal, equals, mixed, spec


def make(name: str, package: str, what: str, lists: list[Servers]) -> None:
    """Writes one file."""
    keys = text_keys()
    golden = Golden(name, keys)
    version = ""
    for servers in lists:
        version, answers = ask(["node", str(HERE / "node/ask.mjs"), package], servers, keys)
        golden.add(spec(servers, kind="ketama", flavor=f"npm-{package}"), answers, len(servers))
    golden.write(f"npm {package} {version}, {what}; clients/npm_clients.py through clients/node")


def install() -> None:
    """Brings the packages that package-lock.json names."""
    subprocess.run(["npm", "ci", "--silent"], cwd=HERE / "node", check=True)


def main() -> int:
    """Writes the golden files."""
    install()
    further = [equal(count) for count in (14, 28, 49)]
    special = [Server("fd00::1"), Server("fd00::2", 11212), Server("/run/memcached/a.sock"), Server("10.0.0.1")]
    aliased = [replace(server, alias=f"shard-{i}") for i, server in enumerate(equal(5))]
    make("0084-golden-npm-hashring.json", "hashring", "equal weights", [*equals(), *further, special, aliased])
    make("0085-golden-npm-hashring-mixed.json", "hashring", "mixed weights", mixed())
    make("0086-golden-npm-memcached.json", "memcached", "equal weights", [*equals(), *further, special])
    make("0087-golden-npm-memcached-mixed.json", "memcached", "mixed weights", mixed())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

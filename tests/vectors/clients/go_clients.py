"""Makes the golden files of the Go clients gomemcache and go-redis (Ring) by asking them.

    python clients/go_clients.py

Needs Go; the modules come through the module proxy (clients/go/go.mod). No server runs.

What the clients do that a reader may not expect:
- gomemcache knows neither weights nor names; a down server stays where it is. It resolves addresses when it is told of
  them, so that hosts are IP addresses here. Of a key, its hash reads 256 bytes at most; longer ones it refuses to send.
- go-redis hashes the *names* of the shards, never their addresses: an alias is the name. It always reads {tags}, so
  that the specs say hash_tag "{}". A shard that is down takes no part until it is back.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace

from asked_keys import byte_keys, raw_keys
from builders.keys import TAGGED
from golden_file import HERE, Golden, ask
from servers import Server, Servers, equal, equals, one_host, spec


def gomemcache(program: str) -> None:
    """Writes gomemcache's file."""
    keys = byte_keys()
    golden = Golden("0082-golden-gomemcache.json", keys)
    version = ""
    for servers in [*equals()[:18], one_host(4, 11211, "fd00::7")]:
        version, answers = ask([program, "gomemcache"], servers, keys)
        golden.add(spec(servers, kind="modulo", flavor="gomemcache"), answers, len(servers))
    golden.write(f"gomemcache {version}, ServerList; clients/go_clients.py through clients/go")


def shards(count: int, form: str) -> Servers:
    """Servers at Redis' port with a name each."""
    return [replace(server, alias=form.format(i)) for i, server in enumerate(equal(count, 6379))]


def go_redis(program: str) -> None:
    """Writes go-redis' file."""
    keys = list(dict.fromkeys([*TAGGED, *raw_keys()]))
    golden = Golden("0083-golden-go-redis.json", keys)
    lists = [shards(count, "shard{}") for count in (1, 2, 3, 4, 5, 6, 7, 8, 25, 50, 100)]
    lists += [shards(3, "{}"), shards(5, "redis-{:03}.example.net:6379"), shards(4, "샤드-{}")]
    lists.append(
        [Server("10.0.0.9", 6379 + i, 1, name) for i, name in enumerate(("zeta", "alpha", "mu", "a", "Alpha"))]
    )
    version = ""
    for servers in lists:
        version, answers = ask([program, "go-redis"], servers, keys)
        golden.add(spec(servers, kind="rendezvous", flavor="go-redis", hash_tag="{}"), answers, len(servers))
    golden.write(f"go-redis {version}, Ring with its default hash; clients/go_clients.py through clients/go")


def main() -> int:
    """Writes the golden files."""
    with tempfile.TemporaryDirectory() as directory:
        program = f"{directory}/ask"
        subprocess.run(["go", "build", "-o", program, "."], cwd=HERE / "go", check=True)
        gomemcache(program)
        go_redis(program)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the golden file of pymemcache's HashClient with its default hasher, by asking the client.

    python clients/pymemcache_rendezvous.py

Needs pymemcache (`pip install pymemcache`). No server runs and nothing is sent. Takes about half a minute.

What the client does that a reader may not expect:
- Keys are `str` here, with `allow_unicode_keys`; a `bytes` key is hashed as its repr, b'...', and lands elsewhere.
- The hash reads code points, and of each only the lowest byte counts.
- It names a server host:port, whatever the port; a unix socket by its path. It knows no weights.
- A dead server is taken out of the hasher, so its keys go to the next best one.
"""

from __future__ import annotations

from importlib.metadata import version

from asked_keys import text_keys
from golden_file import Golden
from pymemcache.client.hash import HashClient  # type: ignore[import-untyped]
from servers import Server, Servers, equals, spec


def ask(servers: Servers, keys: list[bytes]) -> list[int]:
    """Where the client puts the keys."""
    told = [server.host if server.host.startswith("/") else (server.host, server.port) for server in servers]
    client = HashClient(told, allow_unicode_keys=True)
    places = {address: i for i, address in enumerate(told)}
    # What each of the client's commands begins with.
    return [places[client._get_client(key.decode()).server] for key in keys]


def main() -> int:
    """Writes the golden file."""
    keys = text_keys()
    golden = Golden("0078-golden-pymemcache.json", keys)
    sockets = [Server("/run/memcached/a.sock"), Server("/run/memcached/b.sock"), Server("10.0.0.1")]
    for servers in [*equals(), sockets]:
        golden.add(spec(servers, kind="rendezvous", flavor="pymemcache"), ask(servers, keys), len(servers))
    golden.write(f"pymemcache {version('pymemcache')}, HashClient with str keys; clients/pymemcache_rendezvous.py")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the golden files of dalli by asking the ring that the real client makes.

    python clients/dalli.py

Needs Ruby with dalli (Debian: apt-get install ruby ruby-dalli). No server runs and nothing is connected.

What the client does that a reader may not expect:
- It takes the greatest point that is not above the key's hash, or the highest point of all.
- It names a server host:port, whatever the port; an IPv6 host stands there without its brackets, a socket by its path.
- A dead server's key is hashed anew with the number of the try before it, up to 20 times; no list here has one.
- With one server it asks no ring. A key longer than 250 is shortened before it is hashed; no key here is.
"""

from __future__ import annotations

from asked_keys import text_keys
from golden_file import HERE, Golden, ask
from servers import Server, Servers, equals, mixed, spec


def make(name: str, what: str, lists: list[Servers]) -> None:
    """Writes one file."""
    keys = text_keys()
    golden = Golden(name, keys)
    version = ""
    for servers in lists:
        # Ruby's way to write an IPv6 host in a list of servers.
        told = [Server(f"[{s.host}]" if ":" in s.host else s.host, s.port, s.weight) for s in servers]
        version, answers = ask(["ruby", str(HERE / "dalli.rb")], told, keys)
        golden.add(spec(servers, kind="ketama", flavor="dalli"), answers, len(servers))
    golden.write(f"dalli {version}, {what}; clients/dalli.py through clients/dalli.rb")


def main() -> int:
    """Writes the golden files."""
    special = [Server("fd00::1"), Server("fd00::2", 11212), Server("/run/memcached/a.sock"), Server("10.0.0.1")]
    make("0095-golden-dalli.json", "equal weights", [*equals(), special])
    make("0096-golden-dalli-mixed.json", "mixed weights", mixed())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

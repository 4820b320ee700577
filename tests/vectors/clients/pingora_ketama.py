"""Makes the golden file of the crate pingora-ketama (its version 1 ring, the default) by asking it.

    python clients/pingora_ketama.py

Needs Rust; the crate comes from crates.io (clients/pingora/Cargo.toml). No server runs.

What it does that a reader may not expect:
- It is nginx's ring over IP addresses, which always have a port; an IPv6 address goes into the hash without brackets.
- Of equal points one stays, and which one depends on an unstable sort; no list here is known to have a key on one.
"""

from __future__ import annotations

import subprocess
import tempfile

from asked_keys import raw_keys
from golden_file import HERE, Golden, ask
from servers import Server, equal, equals, mixed, one_host, spec, weighed


def main() -> int:
    """Writes the golden file."""
    keys = [b"", *raw_keys()]
    golden = Golden("0081-golden-pingora.json", keys)
    addresses = [Server("10.0.0.2"), Server("10.0.0.1", 80), Server("fd00::1", 443), Server("fd00::a:1", 80)]
    lists = [*equals()[:18], one_host(4, 8000, "fd00::7"), addresses, weighed(addresses, 3, 1, 2), *mixed()[:7]]
    lists += [weighed(equal(25), 1, 2, 3, 4), weighed(equal(61), 3)]
    with tempfile.TemporaryDirectory() as directory:
        build = ["cargo", "build", "--quiet", "--locked", "--manifest-path", str(HERE / "pingora/Cargo.toml")]
        subprocess.run([*build, "--target-dir", directory], check=True)
        version = ""
        for servers in lists:
            version, answers = ask([f"{directory}/debug/ask-pingora-ketama"], servers, keys)
            golden.add(spec(servers, kind="ketama", flavor="pingora"), answers, len(servers))
    golden.write(f"pingora-ketama {version}; clients/pingora_ketama.py through clients/pingora")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

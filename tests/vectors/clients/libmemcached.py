"""Makes the golden files of libmemcached: its ketama distributions, and MODULA with further hashes.

    python clients/libmemcached.py

Needs a C compiler and libmemcached with its headers (Debian: apt-get install libmemcached-dev) on x86-64: the
client's one_at_a_time, fnv and jenkins hashes read plain `char`, which is signed there. No server runs.

What the client does that a reader may not expect:
- Weight 0 counts as 1, so no list here has it.
- "consistent" with a server of weight > 1 turns the points, not the keys, to MD5 with 160 a server, as "weighted"
  does, from the moment that such a server is added; the file with `mixed` in its name shows it. With crc, whose values
  are below 2^15, such a list puts every key on the owner of the lowest point; no file has that.
- MODULA ignores weights; no list under it has any.
- It names an IPv6 host without brackets, and a unix socket by its path and the port 0.
- A weight can be too small for a point; that server then gets no key.
- HSIEH is refused by Debian's build (built without it): no file has it.
- A down server does not change placement unless the client is told to eject it; no list here has one.
"""

from __future__ import annotations

import platform
import sys
import tempfile

from asked_keys import raw_keys
from golden_file import Golden, ask, compiled_c
from servers import Server, Servers, equal, equals, mixed, motley, named, one_host, spec, weighed

# The name in a spec, and the name for the client's constant.
HASHES = ["one_at_a_time", "md5", "crc", "fnv1_64", "fnv1a_64", "fnv1_32", "fnv1a_32", "murmur", "murmur3", "jenkins"]
OLDER = ["one_at_a_time", "crc"]  # 0060 has them


def told(hash_name: str) -> str:
    """How the program is told of a hash; the client's own default is never set."""
    return "default" if hash_name == "one_at_a_time" else hash_name


def special() -> Servers:
    """IPv6 hosts and unix sockets."""
    return [Server("fd00::1"), Server("fd00::2", 11212), Server("/run/memcached/a.sock"), Server("10.0.0.1")]


class Maker:
    """One run: the program, the keys, the client's version."""

    def __init__(self, program: str) -> None:
        self.program = program
        self.keys = raw_keys()

    def make(self, name: str, what: str, cases: list[tuple[str, str, dict[str, str], Servers]]) -> None:
        """A file of cases: distribution, hash, the spec's placement, the servers."""
        golden = Golden(name, self.keys)
        version = ""
        for distribution, hash_name, placement, servers in cases:
            version, answers = ask([self.program, distribution, hash_name], servers, self.keys)
            golden.add(spec(servers, **placement), answers, len(servers))
        golden.write(
            f"libmemcached {version} on x86-64, {what}; clients/libmemcached.py through clients/libmemcached.c"
        )


def main() -> int:
    """Writes the golden files."""
    if platform.machine() not in ("x86_64", "AMD64"):
        sys.stderr.write(f"{platform.machine()}: plain char may be unsigned here; run this on x86-64\n")
        return 1
    weighted = {"kind": "ketama", "flavor": "libmemcached-weighted"}
    spy = {"kind": "ketama", "flavor": "libmemcached-spy"}

    def consistent(hashes: list[str], lists: list[Servers]) -> list[tuple[str, str, dict[str, str], Servers]]:
        placement = {"kind": "ketama", "flavor": "libmemcached"}
        return [
            ("consistent", told(name), {**placement, "hash": name}, servers) for name in hashes for servers in lists
        ]

    def modula(hashes: list[str], lists: list[Servers]) -> list[tuple[str, str, dict[str, str], Servers]]:
        placement = {"kind": "modulo", "flavor": "libmemcached"}
        return [("modula", told(name), {**placement, "hash": name}, servers) for name in hashes for servers in lists]

    lists = [equal(2), equal(3), equal(5, 11212), equal(25), one_host(4), motley()]
    unequal = [weighed(equal(3), 1, 2, 3), weighed(equal(7, 11212), 10, 1), weighed(motley(), 3, 1, 4), mixed()[9]]
    with tempfile.TemporaryDirectory() as directory:
        maker = Maker(compiled_c("libmemcached.c", directory, "-lmemcached"))
        about = "MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED"
        cases = [("weighted", "-", weighted, servers) for servers in [*equals(), special()]]
        maker.make("0061-golden-libmemcached-weighted.json", f"{about}, equal weights", cases)
        cases = [("weighted", "-", weighted, servers) for servers in mixed()]
        maker.make("0062-golden-libmemcached-weighted-mixed.json", f"{about}, mixed weights", cases)
        about = "MEMCACHED_DISTRIBUTION_CONSISTENT"
        cases = consistent(HASHES[:5], lists)
        maker.make("0063-golden-libmemcached-consistent-a.json", f"{about}, hashes {', '.join(HASHES[:5])}", cases)
        cases = consistent(HASHES[5:], lists)
        maker.make("0064-golden-libmemcached-consistent-b.json", f"{about}, hashes {', '.join(HASHES[5:])}", cases)
        cases = consistent(["one_at_a_time", "md5", "fnv1_64", "fnv1a_32", "murmur"], unequal)
        maker.make("0065-golden-libmemcached-consistent-mixed.json", f"{about}, mixed weights", cases)
        about = "KETAMA_WEIGHTED, then MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY"
        cases = [
            ("spy", "-", spy, servers) for servers in [*equals()[:-6], motley(), named(5), *mixed()[:5], mixed()[-1]]
        ]
        maker.make("0066-golden-libmemcached-spy.json", f"{about}, equal and mixed weights", cases)
        further = [name for name in HASHES if name not in OLDER]
        cases = modula(further, [equal(2), equal(3), equal(7), equal(100)])
        maker.make("0067-golden-libmemcached-modula.json", f"MODULA, {', '.join(further)}", cases)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the golden file of libmemcached's MODULA distribution by asking the real client.

    python clients/libmemcached_modulo.py

Needs a C compiler and libmemcached with its headers (Debian: apt-get install libmemcached-dev) on x86-64: the
client's one_at_a_time hash reads plain `char`, which is signed there, and that is what the placement promises.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
VECTORS = HERE.parent
sys.path.insert(0, str(VECTORS))

from builders.keys import AWKWARD, LENGTHS, plain  # noqa: E402
from builders.specs import modulo, nodes, only  # noqa: E402

OUT = VECTORS / "0060-golden-libmemcached-modulo.json"
SERVERS = range(2, 8)
HASHES = ("one_at_a_time", "crc")


def keys() -> list[bytes]:
    """More than 2,000 keys, each once: plain ones, text in several scripts, arbitrary bytes."""
    words = ("사용자", "ユーザー", "користувач", "usuário", "χρήστης", "🍍")
    texts = [f"{word}:{i}".encode() for word in words for i in range(60)]
    arbitrary = [bytes((i * 31 + j * 17 + j * j) % 256 for j in range(1 + i % 40)) for i in range(400)]
    short = [key for key in LENGTHS if len(key) <= 512]
    every = [*plain(1200), *plain(200, "session/{:08x}"), *texts, *arbitrary, *AWKWARD, *short]
    return list(dict.fromkeys(every))


def compiled(directory: str) -> str:
    """Builds the client program and returns its path."""
    program = f"{directory}/libmemcached_modulo"
    source = str(HERE / "libmemcached_modulo.c")
    command = ["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", source, "-o", program, "-lmemcached"]
    subprocess.run(command, check=True)
    return program


def ask(program: str, hash_name: str, servers: int, asked: list[bytes]) -> tuple[str, list[int]]:
    """The client's version and the server index of each key."""
    lines = "".join(f"{key.hex()}\n" for key in asked)
    done = subprocess.run([program, hash_name, str(servers)], input=lines, capture_output=True, text=True, check=True)
    version, *answers = done.stdout.split()
    assert len(answers) == len(asked), f"{len(asked)} keys asked, {len(answers)} answered"
    return version, [int(answer) for answer in answers]


def main() -> int:
    """Writes the golden file."""
    if platform.machine() not in ("x86_64", "AMD64"):
        sys.stderr.write(f"{platform.machine()}: plain char may be unsigned here; run this on x86-64\n")
        return 1
    asked = keys()
    specs, expected, version = [], [], ""
    with tempfile.TemporaryDirectory() as directory:
        program = compiled(directory)
        for hash_name in HASHES:
            for servers in SERVERS:
                version, answers = ask(program, hash_name, servers, asked)
                specs.append(only(modulo(nodes(servers), hash=hash_name)))
                expected.append(answers)
    provenance = (
        f"libmemcached {version} on x86-64, distribution MODULA, hash DEFAULT (one_at_a_time) and CRC, asked by "
        "clients/libmemcached_modulo.py through clients/libmemcached_modulo.c"
    )
    made = {
        "version": 1,
        "kind": "golden",
        "provenance": provenance,
        "specs": specs,
        "keys": [key.hex() for key in asked],
        "expected": expected,
    }
    lines = json.dumps(made, separators=(",", ":")).replace(',"', ',\n"').replace("],[", "],\n[")
    OUT.write_text(f"{lines}\n", "utf-8")
    sys.stdout.write(f"{OUT.name}: {len(asked)} keys, {len(specs)} server lists, libmemcached {version}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""Makes the golden files of twemproxy by running the real proxy in front of tiny servers on loopback.

    python clients/twemproxy.py

Needs twemproxy (Debian: apt-get install nutcracker, without its service). The pools speak Redis, so that any bytes can
be a key; placement does not depend on the protocol. Each process started here is ended by its id.

What the proxy does that a reader may not expect:
- It names a server by its alias if it has one, else by the host alone when the port is 11211, else by host:port.
- Redis pools call an empty key an error, so it is not asked.
- With crc16 and crc32, whose values are below 2^16, ketama puts every key on the owner of the lowest point: one list.
- Dead servers are ejected only with `auto_eject_hosts`, which is off here as it is by default; down.py has it on.
- A weight can be too small for a point; that server then gets no key.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import redis_echoes
from asked_keys import raw_keys
from golden_file import Golden
from servers import Server, Servers, equal, equals, loopback, mixed, one_host, spec, weighed

PROXY_PORT, STATS_PORT = 22831, 22832
NARROW = ["crc16", "crc32"]
KETAMA_HASHES = ["one_at_a_time", "md5", "crc32a", "fnv1_64", "fnv1_32", "fnv1a_32", "hsieh", "murmur", "jenkins"]
HASHES = ["fnv1a_64", *KETAMA_HASHES, *NARROW]
Case = tuple[dict[str, str], Servers]


def version() -> str:
    """As the proxy says it."""
    done = subprocess.run(["nutcracker", "--version"], capture_output=True, text=True, check=True)
    return (done.stdout + done.stderr).split("nutcracker-")[1].split()[0]


def config(placement: dict[str, str], servers: Servers, *, eject: bool) -> str:
    """The proxy's configuration with one pool. The proxy's default hash is written out like any other."""
    lines = [f"  listen: 127.0.0.1:{PROXY_PORT}", "  redis: true", f"  hash: {placement['hash']}"]
    lines.append(f"  distribution: {'ketama' if placement['kind'] == 'ketama' else 'modula'}")
    if "hash_tag" in placement:
        lines.append(f'  hash_tag: "{placement["hash_tag"]}"')
    if eject:
        lines += ["  auto_eject_hosts: true", "  server_failure_limit: 1", "  server_retry_timeout: 3600000"]
    lines.append("  servers:")
    for server in servers:
        alias = f" {server.alias}" if server.alias and server.alias != f"{server.host}:" else ""
        port = "" if server.host.startswith("/") else f":{server.port}"
        lines.append(f"   - {server.host}{port}:{server.weight}{alias}")
    return "golden:\n" + "\n".join(lines) + "\n"


async def _until_open(port: int, proxy: asyncio.subprocess.Process) -> None:
    for _ in range(100):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            if proxy.returncode is not None:
                raise SystemExit(f"the proxy ended with {proxy.returncode}") from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            return
    raise SystemExit("the proxy does not listen after 5 s")


async def answers(
    placement: dict[str, str], servers: Servers, keys: list[bytes], directory: Path, down: frozenset[int] = frozenset()
) -> list[int]:
    """Where one pool puts the keys. Servers that are down the proxy finds by itself, and ejects."""
    file = directory / "nutcracker.yml"
    file.write_text(config(placement, servers, eject=bool(down)), "utf-8")
    log = directory / "log"
    options = ["-c", str(file), "-p", str(directory / "pid"), "-o", str(log), "-a", "127.0.0.1", "-s", str(STATS_PORT)]
    async with redis_echoes.listening(servers, down) as places:
        proxy = await asyncio.create_subprocess_exec("nutcracker", *options)
        try:
            await _until_open(PROXY_PORT, proxy)
            if down:
                await redis_echoes.ask(PROXY_PORT, keys, errors=True)
            told = await redis_echoes.ask(PROXY_PORT, keys)
        except SystemExit:
            sys.stderr.write(log.read_text("utf-8"))
            raise
        finally:
            if proxy.returncode is None:
                proxy.terminate()
            await proxy.wait()
    return [places[answer.decode()] for answer in told]


async def make(name: str, what: str, cases: list[Case], keys: list[bytes]) -> None:
    """Writes one file."""
    golden = Golden(name, keys)
    with tempfile.TemporaryDirectory() as directory:
        for placement, servers in cases:
            found = await answers(placement, servers, keys, Path(directory))
            golden.add(spec(servers, **placement), found, len(servers), one=placement["hash"] in NARROW)
    golden.write(f"twemproxy {version()} on x86-64, {what}; clients/twemproxy.py")


def aliased(servers: Servers) -> Servers:
    """The same list, each server with a name of its own, some of them alike, not in order."""
    return [replace(server, alias=f"cache-{(i * 7 + 3) % 100:02}") for i, server in enumerate(servers)]


def motley() -> Servers:
    """A name, the default port and others, with an alias and without."""
    return [
        Server("localhost"),
        Server("127.0.0.9", 11212),
        Server("127.0.0.2"),
        Server("127.0.0.3", 11212, 1, "mc3.example.net"),
        Server("localhost", 22122),
        Server("127.0.0.4", 11211, 1, "127.0.0.77:11211"),
    ]


def unix() -> Servers:
    """Unix sockets, one with an alias. The others' names, which the proxy finds by itself, end with a colon."""
    paths = [f"/tmp/golden-{letter}.sock" for letter in "abc"]
    return [Server(paths[0], alias=f"{paths[0]}:"), Server(paths[1], alias=f"{paths[1]}:"), Server(paths[2], alias="c")]


async def main() -> int:
    """Writes the golden files."""
    keys = [key for key in raw_keys() if key]

    def rule(kind: str, hash_name: str, **more: str) -> dict[str, str]:
        return {"kind": kind, "flavor": "twemproxy", "hash": hash_name, **more}

    names = [
        one_host(5, 11211, "localhost"),
        aliased(loopback(equal(6))),
        aliased(loopback(equal(47))),
        motley(),
        unix(),
    ]
    equal_lists = [*(loopback(servers) for servers in equals()[:18]), *names]
    cases = [(rule("ketama", "fnv1a_64"), servers) for servers in equal_lists]
    cases += [(rule("ketama", "fnv1a_64", hash_tag="{}"), loopback(equal(5)))]
    await make("0068-golden-twemproxy-ketama.json", "distribution ketama, hash fnv1a_64", cases, keys)
    mixed_lists = [
        *(loopback(servers) for servers in mixed()[:12]),
        weighed(aliased(loopback(equal(6))), 4, 1, 2),
        weighed(motley(), 3, 1, 4, 1, 5, 9),
    ]
    cases = [(rule("ketama", "fnv1a_64"), servers) for servers in mixed_lists]
    await make("0069-golden-twemproxy-ketama-mixed.json", "distribution ketama, mixed weights", cases, keys)
    lists = [loopback(equal(2)), loopback(equal(5, 11212)), loopback(equal(25)), weighed(motley(), 3, 1, 4, 1, 5, 9)]
    cases = [(rule("ketama", name), servers) for name in KETAMA_HASHES for servers in lists]
    cases += [(rule("ketama", name), loopback(equal(3))) for name in NARROW]
    await make("0070-golden-twemproxy-ketama-hashes.json", "distribution ketama, eleven further hashes", cases, keys)
    lists = [loopback(equal(3)), loopback(equal(7)), weighed(motley(), 3, 1, 4, 1, 5, 9)]
    cases = [(rule("modulo", name), servers) for name in HASHES for servers in lists]
    await make("0071-golden-twemproxy-modula.json", "distribution modula, all hashes", cases, keys)
    return 0


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main()))

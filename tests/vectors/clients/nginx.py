"""Makes the golden files of nginx: `hash $http_x_key consistent` and plain `hash $http_x_key`.

    python clients/nginx.py

Needs nginx (Debian: apt-get install nginx-light, without its service) and the right to listen on port 80 of loopback.
One nginx is both the proxy and, in other server blocks, every server behind it; it is ended by its id.

What nginx does that a reader may not expect:
- It names a server by the text after `server` in its upstream block: host and port if one is written, else the host
  alone. A spec's address always has a port, so a server written without one has that text as its alias.
- `unix:/path` is named by the path.
- A server marked `down` keeps its points; a key that finds it goes on to the next point (consistent) or is hashed anew
  (plain), up to 20 times. After that nginx takes servers by turns; no list here comes that far.
- An empty key is not hashed: nginx takes the servers by turns. So no file has it.
- Plain `hash` is crc-family modulo over the weights; consistent is full crc32.
"""

from __future__ import annotations

import http.client
import subprocess
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from asked_keys import byte_keys
from builders.specs import only
from golden_file import Golden
from servers import Server, Servers, equal, equals, loopback, mixed, node, one_host, weighed

FRONT = 22840


@dataclass(frozen=True)
class Upstream:
    """One upstream block: its servers, those of them that are down, and whether the hash is consistent."""

    servers: Servers
    consistent: bool
    down: frozenset[int] = frozenset()

    def text(self, name: str) -> str:
        """As nginx reads it."""
        lines = []
        for i, server in enumerate(self.servers):
            written = server.alias or (f"unix:{server.host}" if server.host.startswith("/") else server.address)
            lines.append(f"server {written} weight={server.weight}{' down' if i in self.down else ''};")
        hashed = f"hash $http_x_key{' consistent' if self.consistent else ''};"
        return f"upstream {name} {{ {hashed}\n{chr(10).join(lines)}\n}}\n"

    def spec(self) -> str:
        """The same as a spec."""
        placement = {"kind": "ketama" if self.consistent else "modulo", "flavor": "nginx"}
        weights = any(server.weight != 1 for server in self.servers)
        nodes = [node(i, server, weights=weights) for i, server in enumerate(self.servers)]
        for i in self.down:
            nodes[i]["down"] = True
        return only({"placement": placement, "nodes": nodes})


def listen(server: Server) -> str:
    """Where a server block listens."""
    if server.host.startswith("/"):
        return f"unix:{server.host}"
    return server.address.replace("localhost", "127.0.0.1")


def config(upstreams: list[Upstream]) -> str:
    """Every upstream behind a location of its own, and a server block for every server of any of them."""
    backs = sorted({listen(server) for upstream in upstreams for server in upstream.servers})
    blocks = [upstream.text(f"list{i}") for i, upstream in enumerate(upstreams)]
    places = [f"location = /{i} {{ proxy_pass http://list{i}; }}" for i in range(len(upstreams))]
    front = f"server {{ listen 127.0.0.1:{FRONT};\n{chr(10).join(places)}\n}}\n"
    answer = 'return 200 "$server_addr:$server_port";'
    blocks += [front, *(f"server {{ listen {back}; {answer} }}\n" for back in backs)]
    main = "daemon off; user root; worker_processes 1; pid pid; error_log error.log warn;\n"
    temporary = " ".join(f"{kind}_temp_path temp;" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    http_block = f"access_log off; keepalive_requests 1000000; server_names_hash_max_size 4096; {temporary}"
    return f"{main}events {{ worker_connections 8192; }}\nhttp {{ {http_block}\n{''.join(blocks)}}}\n"


def asked(upstream: Upstream, path: str, keys: list[bytes], connection: http.client.HTTPConnection) -> list[int]:
    """The server that answers each key."""
    # nginx writes an IPv6 address without its brackets here.
    places = {listen(server).translate({0x5B: None, 0x5D: None}): i for i, server in enumerate(upstream.servers)}
    answers = []
    for key in keys:
        connection.request("GET", path, headers={"X-Key": key})
        response = connection.getresponse()
        body = response.read()
        if response.status != http.client.OK:
            raise SystemExit(f"{path} {key!r}: {response.status}")
        # A path has no port behind the colon.
        answers.append(places[body.decode().removesuffix(":")])
    return answers


def all_answers(upstreams: list[Upstream], keys: list[bytes]) -> list[list[int]]:
    """Runs nginx and asks it about every list."""
    with tempfile.TemporaryDirectory() as directory:
        (Path(directory) / "conf").write_text(config(upstreams), "utf-8")
        server = subprocess.Popen(["nginx", "-p", directory, "-c", "conf", "-e", "error.log"])
        try:
            connection = http.client.HTTPConnection("127.0.0.1", FRONT)
            for _ in range(100):
                try:
                    connection.connect()
                    break
                except ConnectionRefusedError:
                    if server.poll() is not None:
                        raise SystemExit((Path(directory) / "error.log").read_text("utf-8")) from None
                    time.sleep(0.05)
            found = [asked(upstream, f"/{i}", keys, connection) for i, upstream in enumerate(upstreams)]
            connection.close()
            return found
        finally:
            server.terminate()
            server.wait()


def version() -> str:
    """As nginx says it."""
    done = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True)
    return done.stderr.strip().split("nginx/")[1]


def make(name: str, what: str, upstreams: list[Upstream], keys: list[bytes]) -> None:
    """Writes one file."""
    golden = Golden(name, keys)
    for upstream, answers in zip(upstreams, all_answers(upstreams, keys), strict=True):
        if {answers.index(i) for i in upstream.down if i in answers}:
            raise SystemExit(f"{name}: a server that is down has answered")
        golden.add(upstream.spec(), answers, len(upstream.servers))
    golden.write(f"nginx {version()}, {what}; clients/nginx.py")


def portless(servers: Servers) -> Servers:
    """The same servers written without a port, which is then 80."""
    return [replace(server, port=80, alias=server.host) for server in servers]


def unix(count: int) -> Servers:
    """Servers on unix sockets."""
    return [Server(f"/tmp/golden-{i}.sock") for i in range(count)]


def motley() -> Servers:
    """A name and addresses, ports written or not, a socket."""
    return [
        Server("localhost", 8080),
        Server("127.0.0.9", 11212),
        Server("127.0.0.2", 80, 1, "127.0.0.2"),
        Server("/tmp/golden-motley.sock"),
        Server("localhost", 22122),
        Server("127.0.0.4", 80),
    ]


def main() -> int:
    """Writes the golden files."""
    keys = [b"a b", b"a  b c", *byte_keys()]
    named = [one_host(5, 8001, "localhost"), portless(loopback(equal(4))), unix(3), motley(), one_host(3, 8101, "::1")]
    lists = [*(loopback(servers) for servers in equals()[:18]), *named]
    upstreams = [Upstream(servers, consistent=True) for servers in lists]
    make("0072-golden-nginx-consistent.json", "hash consistent, equal weights", upstreams, keys)
    lists = [*(loopback(servers) for servers in mixed()[:12]), weighed(motley(), 3, 1, 4, 1, 5, 9)]
    upstreams = [Upstream(servers, consistent=True) for servers in lists]
    make("0073-golden-nginx-consistent-mixed.json", "hash consistent, mixed weights", upstreams, keys)
    lists = [*(loopback(servers) for servers in [*equals()[:16], *mixed()[:12]]), weighed(motley(), 3, 1, 4, 1, 5, 9)]
    upstreams = [Upstream(servers, consistent=False) for servers in lists]
    make("0074-golden-nginx-hash.json", "plain hash, equal and mixed weights", upstreams, keys)
    lists = [loopback(equal(3)), loopback(equal(8)), loopback(weighed(equal(5), 1, 2, 3, 4, 5))]
    down = [frozenset({1}), frozenset({0, 2}), frozenset({4})]
    upstreams = [
        Upstream(servers, consistent, gone)
        for consistent in (True, False)
        for servers, gone in zip(lists, down, strict=True)
    ]
    make("0075-golden-nginx-down.json", "both hashes, servers marked down", upstreams, keys)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

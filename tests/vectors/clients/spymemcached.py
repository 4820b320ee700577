"""Makes the golden files of spymemcached's two locators by asking them.

    python clients/spymemcached.py

Needs Java >= 17 and Maven, which brings net.spy:spymemcached. No server runs.

What the client does that a reader may not expect:
- Ketama names a server by the text of Java's InetSocketAddress without a leading slash: an IPv4 address as in the spec,
  but `name/address:port` for a server given by name, and an IPv6 address in full. Such a node needs that text as its
  alias. The text is Java's, not the client's; it changed in Java 14.
- Told of no weights it makes 160 points; told of weights it counts as libmemcached does, so that even three servers of
  weight 2 are another list than three of weight 1. These specs mean weights where any is not 1.
- Of two equal points the one that was added last wins. Modulo is Java's String.hashCode, over UTF-16 units.
- A down server's keys go to the next of the locator's sequence; no list here has one.
"""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import replace

from asked_keys import text_keys
from golden_file import HERE, Golden, ask
from servers import Server, Servers, equal, equals, mixed, spec, weighed

VERSION = "2.12.3"


def by_name_and_v6() -> Servers:
    """Servers whose text in Java is not their address, under that text as alias."""
    return [
        Server("localhost", 11211, 1, "localhost/127.0.0.1:11211"),
        Server("localhost", 11212, 1, "localhost/127.0.0.1:11212"),
        Server("fd00::1", 11211, 1, "[fd00:0:0:0:0:0:0:1]:11211"),
        Server("10.0.0.1"),
    ]


def make(name: str, kind: str, what: str, lists: list[Servers], path: str) -> None:
    """Writes one file; `path` is Java's class path."""
    keys = text_keys()
    golden = Golden(name, keys)
    java = ""
    for servers in lists:
        java, answers = ask(["java", "-cp", path, "AskSpymemcached", kind], servers, keys)
        golden.add(spec(servers, kind=kind, flavor="spymemcached"), answers, len(servers))
    golden.write(f"spymemcached {VERSION} on Java {java}, {what}; clients/spymemcached.py through clients/java")


def class_path(directory: str) -> str:
    """Fetches the client and compiles the program that asks it; what Java needs to be told to find both."""
    copy = ["mvn", "-q", "-B", "dependency:copy", f"-Dartifact=net.spy:spymemcached:{VERSION}"]
    subprocess.run([*copy, f"-DoutputDirectory={directory}"], cwd=directory, check=True)
    jar = f"{directory}/spymemcached-{VERSION}.jar"
    source = str(HERE / "java/AskSpymemcached.java")
    subprocess.run(["javac", "-Xlint:all", "-Werror", "-cp", jar, "-d", directory, source], check=True)
    return f"{directory}:{jar}"


def main() -> int:
    """Writes the golden files."""
    literal = equals()[:18]
    with tempfile.TemporaryDirectory() as directory:
        path = class_path(directory)
        about = "KetamaNodeLocator"
        lists = [*literal, by_name_and_v6()]
        make("0088-golden-spymemcached-ketama.json", "ketama", f"{about}, no weights", lists, path)
        heavy = weighed(by_name_and_v6(), 3, 1, 4, 1)
        small = [replace(server, port=6000 + i) for i, server in enumerate(weighed(equal(25), 2))]
        lists = [*mixed()[:12], heavy, small]
        make("0089-golden-spymemcached-ketama-mixed.json", "ketama", f"{about}, weights", lists, path)
        about = "ArrayModNodeLocator with NATIVE_HASH"
        make("0090-golden-spymemcached-modulo.json", "modulo", about, [*literal[:13], by_name_and_v6()], path)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

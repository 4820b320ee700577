"""Asks a client's program and writes a golden file. What every script here shares.

A program is told the server list and the keys on standard input, one a line:

    server HOST PORT WEIGHT ALIAS     (ALIAS is - when there is none)
    down INDEX                        (that server of the list is down)
    key HEX

and answers with the client's version in the first line, then the index of one server a key, in the same order.
"""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from servers import Server

HERE = Path(__file__).parent
VECTORS = HERE.parent
MOST_BYTES = 400_000


def ask(
    command: list[str], servers: list[Server], keys: list[bytes], down: frozenset[int] = frozenset()
) -> tuple[str, list[int]]:
    """The client's version and the server index of each key."""
    lines = [f"server {server.host} {server.port} {server.weight} {server.alias or '-'}\n" for server in servers]
    lines += [f"down {i}\n" for i in sorted(down)]
    lines += [f"key {key.hex()}\n" for key in keys]
    done = subprocess.run(command, input="".join(lines), stdout=subprocess.PIPE, text=True, check=True)
    version, *answers = done.stdout.splitlines()
    if len(answers) != len(keys):
        raise SystemExit(f"{command}: {len(keys)} keys asked, {len(answers)} answered")
    return version, [int(answer) for answer in answers]


@dataclass
class Golden:
    """A golden file in the making."""

    name: str
    keys: list[bytes]
    specs: list[str] = field(default_factory=list)
    expected: list[list[int]] = field(default_factory=list)

    def add(self, spec: str, answers: list[int], servers: int, *, one: bool = False) -> None:
        """One server list with the client's answers; `one` where all keys on one server is what the client does."""
        if len(answers) != len(self.keys):
            raise SystemExit(f"{self.name}: {len(self.keys)} keys asked, {len(answers)} answered")
        if not set(answers) <= set(range(servers)):
            raise SystemExit(f"{self.name}: an answer is not one of {servers} servers")
        if servers > 1 and len(set(answers)) == 1 and not one:
            raise SystemExit(f"{self.name}: every key on one of {servers} servers; the client was not asked rightly")
        self.specs.append(spec)
        self.expected.append(answers)

    def write(self, provenance: str) -> None:
        """Writes the file: one spec, one key, one list of answers a line."""
        if len(set(self.keys)) != len(self.keys):
            raise SystemExit(f"{self.name}: a key is there twice")
        rows = {
            "specs": [json.dumps(spec) for spec in self.specs],
            "keys": [f'"{key.hex()}"' for key in self.keys],
            "expected": [json.dumps(answers, separators=(",", ":")) for answers in self.expected],
        }
        parts = [f'"{name}":[\n{joined}]' for name, joined in ((name, ",\n".join(row)) for name, row in rows.items())]
        head = f'{{"version":1,\n"kind":"golden",\n"provenance":{json.dumps(provenance)}'
        text = ",\n".join([head, *parts]) + "}\n"
        if len(text) > MOST_BYTES:
            raise SystemExit(f"{self.name}: {len(text)} bytes; make two files of it")
        (VECTORS / self.name).write_text(text, "ascii")
        sys.stdout.write(f"{self.name}: {len(self.keys)} keys, {len(self.specs)} server lists; {provenance}\n")


def compiled_c(source: str, directory: str, *libraries: str) -> str:
    """Builds a C program beside this file and returns the path of what was built."""
    program = f"{directory}/{Path(source).stem}"
    flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1"]
    subprocess.run(["cc", *flags, str(HERE / source), "-o", program, *libraries], check=True)
    return program

"""Four languages place the same keys from the same spec file: a line a key, and they have to be the same lines.

A line is `READ|FALLBACK|MOVED`: the node that is read and the one to fall back to as `CLUSTER/NODE` or `-`, and 0 or 1.
Python and Node answer from within the workers that carry the load; the C and the Go program are run for each check.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from demo.fleet import Fleet

PROGRAM_SECONDS = 20.0


class PlacingError(Exception):
    """A program that couldn't place keys, with what it said."""


@dataclass(frozen=True)
class Placing:
    """Where each key is placed, and how many keys the languages don't agree on."""

    lines: list[str]
    disagreements: int

    def nodes(self) -> list[str]:
        """The node that each key is read from, without its cluster's name."""
        return [line.split("|")[0].rpartition("/")[2] for line in self.lines]

    def clusters(self) -> frozenset[str]:
        """The clusters that any key is read from, or falls back to."""
        places = {place for line in self.lines for place in line.split("|")[:2]}
        return frozenset(place.rpartition("/")[0] for place in places - {"-"})


def disagreements(answers: Mapping[str, Sequence[str]], keys: int) -> int:
    """The keys for which not all languages gave the same line; a line too few or too many counts as well."""
    differing = 0
    for number in range(max([keys, *map(len, answers.values())])):
        lines = {answer[number] if number < len(answer) else None for answer in answers.values()}
        differing += len(lines) != 1 or None in lines
    return differing


def moved_share(before: Sequence[str], after: Sequence[str]) -> float:
    """The share of the keys that are read from another node than before."""
    if not before:
        return 0.0
    return sum(a != b for a, b in zip(before, after, strict=True)) / len(before)


class Placer:
    """Asks all languages. For use from one event loop."""

    def __init__(self, fleet: Fleet, programs: Mapping[str, Path], spec: Path, keys: Sequence[str]) -> None:
        """`programs` gives the program of each language that isn't among the workers."""
        self._fleet = fleet
        self._programs = programs
        self._spec = spec
        self._keys = keys

    async def place(self, *, fresh: bool) -> Placing:
        """Places all keys in every language."""
        names = ["python", "node", *self._programs]
        lines = await asyncio.gather(
            self._fleet.place("python", fresh=fresh),
            self._fleet.place("node", fresh=fresh),
            *(self._run(name, program) for name, program in self._programs.items()),
        )
        answers = dict(zip(names, lines, strict=True))
        return Placing(answers["python"], disagreements(answers, len(self._keys)))

    async def _run(self, name: str, program: Path) -> list[str]:
        process = await asyncio.create_subprocess_exec(
            str(program),
            str(self._spec),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        text = "".join(key + "\n" for key in self._keys).encode()
        try:
            out, err = await asyncio.wait_for(process.communicate(text), PROGRAM_SECONDS)
        except BaseException:
            if process.returncode is None:
                process.kill()
                await process.wait()
            raise
        if process.returncode != 0:
            raise PlacingError(f"the {name} program ended with status {process.returncode}: {err.decode().strip()}")
        return out.decode().splitlines()

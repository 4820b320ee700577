"""A spec that is rewritten 1,000 times under load is never half-read, and what is wrong with it is counted and told."""

from __future__ import annotations

import itertools
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from specs import cluster, spec

import ringshift

REWRITES = 1000
KEYS = [f"user:{at}" for at in range(20)]
# Long enough for several pages, so that a file that is read while it is written could be a mixture.
NODES = 150


def text(generation: int) -> str:
    """A spec that has its generation at the beginning, all along and at the end. All are of the same length."""
    number = f"{generation:06}"
    blue = cluster(*[f"n{at}-{number}@127.0.0.1:{at + 1}" for at in range(NODES)])
    for node in blue["nodes"]:
        # A few points a node: what is tested here is the file.
        node["weight"] = 1
    blue["placement"]["vnodes"] = 2
    return spec(generation + 1_000_000, blue)


def check(route: ringshift.Route) -> int:
    """A route of one valid generation; gives the generation."""
    assert route.read is not None
    number = route.generation - 1_000_000
    assert route.read.node.id.endswith(f"-{number:06}")
    return number


BAD: list[tuple[str, Callable[[int], str | bytes]]] = [
    ("spec_syntax", lambda at: text(at)[: at * 7 % 9000]),
    ("spec_invalid", lambda at: text(at).replace('"weight": 1', '"weight": 1001', 1)),
    ("stale_generation", lambda at: text(at - 2)),
    ("generation_conflict", lambda at: text(at - 1).replace('"weight": 1', '"weight": 2', 1)),
    ("spec_syntax", lambda at: b"\xff\xfe" + text(at).encode()),
    ("spec_invalid", lambda at: text(at).replace('"format": 1', '"format": 1,\n "extra": true')),
]


def by_rename(path: Path, content: bytes) -> None:
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.rename(path)


def in_place(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)


@contextmanager
def load(router: ringshift.Router, valid: Callable[[int], bool]) -> Iterator[None]:
    """Threads that route all the time, and check what they get."""
    stop = threading.Event()
    errors: list[BaseException] = []
    counts = [0, 0]

    def work(which: int) -> None:
        last = 0
        try:
            while not stop.is_set():
                for key in KEYS:
                    number = check(router.route(key))
                    assert valid(number)
                    assert number >= last
                    last = number
                    counts[which] += 1
                assert len({check(route) for route in router.route_many(KEYS)}) == 1
        except BaseException as error:  # noqa: BLE001
            errors.append(error)

    # The one that refreshes takes turns with the others; this is how long each turn is.
    interval = sys.getswitchinterval()
    sys.setswitchinterval(2e-4)
    threads = [threading.Thread(target=work, args=(which,)) for which in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
        sys.setswitchinterval(interval)
    assert errors == []
    assert all(count > 0 for count in counts)


def test_a_thousand_rewrites_one_in_three_bad(tmp_path: Path) -> None:
    path = tmp_path / "cache.json"
    path.write_text(text(0))
    router = ringshift.Router.open(path)
    bad = itertools.cycle(BAD)
    rejected = applied = 0
    with load(router, lambda number: number % 3 != 2):
        for at in range(1, REWRITES + 1):
            write = in_place if at % 2 else by_rename
            before = router.generation
            if at % 3 == 2:
                kind, made = next(bad)
                content = made(at)
                write(path, content.encode() if isinstance(content, str) else content)
                with pytest.raises(ringshift.SpecError) as raised:
                    router.refresh()
                assert raised.value.kind == kind
                assert str(raised.value).startswith(str(path))
                assert raised.value.line is not None
                assert router.generation == before
                assert str(router.last_error) == str(raised.value)
                rejected += 1
            else:
                write(path, text(at).encode())
                assert router.refresh() is True
                assert router.last_error is None
                applied += 1
    reloads = router.metrics()["reloads"]
    assert (rejected, applied) == (333, 667)
    assert (reloads["rejected"], reloads["applied"]) == (rejected, 1 + applied)
    assert check(router.route("user:1")) == REWRITES


WRITER = """
import pathlib, sys
sys.path.insert(0, sys.argv[2])
from test_reload import BAD, REWRITES, by_rename, in_place, text
path = pathlib.Path(sys.argv[1])
for at in range(1, REWRITES + 1):
    content = BAD[at % len(BAD)][1](at) if at % 3 == 2 else text(at)
    (in_place if at % 2 else by_rename)(path, content.encode() if isinstance(content, str) else content)
"""


def test_a_writer_that_waits_for_nobody(tmp_path: Path) -> None:
    """Refreshes meet the file at any moment of being written. The last content is valid, and is found."""
    path = tmp_path / "cache.json"
    path.write_text(text(0))
    with ringshift.Router.open(path, watch=0.001) as router, load(router, lambda number: number % 3 != 2):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(Path(__file__).parent)])
        try:
            while writer.poll() is None or check(router.route("user:1")) != REWRITES:
                try:
                    router.refresh()
                except (ringshift.SpecError, ringshift.IoError) as error:
                    assert str(path) in str(error)  # noqa: PT017
        finally:
            writer.kill()
            writer.wait()
        assert writer.returncode == 0
        assert router.last_error is None

"""Processes that share one copy of the last good spec: at all times it is one spec of one of them, whole."""

from __future__ import annotations

import json
import multiprocessing
import re
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import pytest
import ringshift

WRITERS = 3
# Of each writer so many different copies are to be seen, and so many writers be killed.
COPIES, KILLED = 20, 10
LAST_LINE = re.compile(rb"\A(.*)\n#ringshift last good spec, digest ([0-9a-f]+)\n\Z", re.DOTALL)


def made(writer: int, generation: int) -> bytes:
    """A spec that says who wrote it, and is longer or shorter than the one before."""
    names = [f"w{writer}-g{generation}-{number}" for number in range(1 + generation * 7 % 40)]
    nodes = [{"id": name, "address": f"10.0.0.{at}:11211"} for at, name in enumerate(names)]
    clusters = {"c": {"placement": {"kind": "ring", "vnodes": 1}, "nodes": nodes}}
    spec = {"format": 1, "generation": generation, "primary": "c", "clusters": clusters}
    return json.dumps(spec).encode()


def write(router: ringshift.Router | Path, writer: int, stop: Event) -> None:
    """What a process does: with the router of its parent, or with its own."""
    if isinstance(router, Path):
        router = ringshift.Router.from_spec(made(writer, 1), last_good=router)
    generation = 1
    while not stop.is_set():
        generation += 1
        assert router.apply(made(writer, generation)) is True
        assert router.metrics()["reloads"]["last_good_error"] is None


def whole(copy: Path) -> tuple[int, int]:
    """Who wrote the copy and its generation, when it is what it should be."""
    found = LAST_LINE.match(copy.read_bytes())
    assert found, "its last line is that of a copy"
    text, digest = found.groups()
    with ringshift.Router.from_spec(text) as router:
        assert router.digest == digest.decode()
        writer, generation = re.findall(r"\d+", router.nodes[0].id)[:2]
    assert text == made(int(writer), int(generation))
    return int(writer), int(generation)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A good copy, alone in a directory."""
    copy = tmp_path / "copies" / "last-good"
    copy.parent.mkdir()
    ringshift.Router.from_spec(made(0, 1), last_good=copy).close()
    return copy


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_that_share_a_copy_never_tear_it(copy: Path, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    stop = context.Event()
    # A prefork server's children go on with the router that it opened.
    router = ringshift.Router.from_spec(made(0, 1), last_good=copy) if method == "fork" else copy
    writers = [context.Process(target=write, args=(router, number, stop), daemon=True) for number in range(WRITERS)]
    for writer in writers:
        writer.start()
    seen: dict[int, set[int]] = {number: set() for number in range(WRITERS)}
    while any(len(copies) < COPIES for copies in seen.values()):
        assert all(writer.is_alive() for writer in writers)
        writer, generation = whole(copy)
        seen[writer].add(generation)
    stop.set()
    for each in writers:
        each.join(60)
        assert each.exitcode == 0
    assert [path.name for path in copy.parent.iterdir()] == [copy.name], "no temporary file is left"
    _, generation = whole(copy)
    with ringshift.Router.open(copy.with_name("missing"), last_good=copy) as started:
        assert started.generation == generation


def test_a_process_that_is_killed_while_it_writes_leaves_the_copy_whole(copy: Path) -> None:
    context: Any = multiprocessing.get_context("fork")
    stop = context.Event()
    for number in range(1, KILLED + 1):
        writer = context.Process(target=write, args=(copy, number, stop), daemon=True)
        writer.start()
        # It is in the middle of writing most of the time.
        while whole(copy)[0] != number:
            assert writer.is_alive()
        writer.kill()
        writer.join(60)
        assert whole(copy)[0] == number

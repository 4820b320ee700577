"""The parts of a run: programs that print a JSON line for every subject, figure and check, and how they are built.

A line is one of these, and always names its `suite`:

- `subject`, `nodes`, `keys`, `ns` (nanoseconds for a key, a value a round), `max_over_avg` (keys of the fullest node by
  the average), `moved` (share of the keys that moves when a node is added, by the share that the new node should have);
- `subject`, `nodes`, `unit`, `values` (a value a round): what isn't the time of a key;
- `check`, `ok`, `detail`: something that holds on every machine, or the run fails;
- `versions`: what the subjects were measured in.
"""

import functools
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "bench"
OUT = ROOT / "target" / "bench"


@dataclass(frozen=True)
class Part:
    """A program: how it is built, and its command, to which the numbers of nodes are added if it takes any."""

    name: str
    build: Callable[[], None]
    command: list[str | Path]
    directory: Path = ROOT
    takes_nodes: bool = True
    # On one core; what runs threads places them itself.
    pinned: bool = True


def call(*command: str | Path, directory: Path = ROOT, **variables: str) -> None:
    """Runs a step of a build; what it says is shown when it fails."""
    environment = os.environ | variables
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


@functools.cache
def build_rust() -> None:
    """A workspace of its own, so that the peers never enter the library's."""
    call("cargo", "build", "--quiet", "--release", directory=HERE / "rust", CARGO_TARGET_DIR=str(OUT / "rust"))


def build_c() -> None:
    """Over the static library, as a program that ships would be."""
    library = ROOT / "target" / "release" / "libringshift.a"
    flags = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    sources = sorted((HERE / "c").glob("*.c"))
    libraries: list[str | Path] = [library, "-lmemcached", "-lpthread", "-ldl", "-lm"]
    call("cc", *flags, *sources, "-o", OUT / "bench-c", *libraries)


def build_python() -> None:
    """The wheel that a user would get and that of the floor, into an environment of the benchmark's own."""
    install_wheel(ROOT / "python", ROOT / "target")
    install_wheel(HERE / "python" / "floor", OUT / "floor")


def install_wheel(project: Path, target: Path) -> None:
    """Builds a Rust module for Python and installs it."""
    wheels, maturin = OUT / "wheels" / project.name, ROOT / ".venv" / "bin" / "maturin"
    call(*(maturin, "build", "--quiet", "--release", "--out", wheels), directory=project, CARGO_TARGET_DIR=str(target))
    newest = max(wheels.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    python = OUT / "venv" / "bin" / "python"
    call(python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", newest)


def build_go() -> None:
    """Go doesn't see that the C library has changed: without an old program it has to link a new one."""
    program = OUT / "bench-go"
    program.unlink(missing_ok=True)
    call("go", "build", "-o", program, ".", directory=HERE / "go")


def build_node() -> None:
    """The floor; the library's own addon was built by `make build`."""
    call(
        "cargo", "build", "--quiet", "--release", directory=HERE / "node" / "floor", CARGO_TARGET_DIR=str(OUT / "floor")
    )
    library = next((OUT / "floor" / "release").glob("*ringshift_bench_node_floor.[sd][oy]*"))
    shutil.copyfile(library, OUT / "floor.node")


def build_nothing() -> None:
    """What needs no building."""


def rust(name: str) -> Path:
    """A program that `build_rust` makes."""
    return OUT / "rust" / "release" / name


RUST = rust("ringshift-bench")
# In the order of the page. Another measurement is another entry here.
PARTS = (
    Part("rust", build_rust, [RUST, "lookups"]),
    Part("work", build_rust, [RUST, "work"]),
    Part("threads", build_rust, [RUST, "threads"], takes_nodes=False, pinned=False),
    Part("c", build_c, [OUT / "bench-c"]),
    Part("go", build_go, [OUT / "bench-go"]),
    Part("node", build_node, ["node", "bench.mjs"], HERE / "node"),
    Part("python", build_python, [OUT / "venv" / "bin" / "python", "bench.py"], HERE / "python"),
)

# What has a page of its own: scripts that build, run, print and write for themselves. They take `--no-write`, and end
# with another status than 0 only where something is not correct.
PAGES = {"evenness": HERE / "evenness.py", "searches": HERE / "searches.py"}


def pin() -> None:
    """Keeps a program on one core: the last one, which the system uses least."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(part: Part, nodes: list[str]) -> list[dict[str, Any]]:
    """The lines that a part's program printed."""
    done = subprocess.run(
        [*part.command, *(nodes if part.takes_nodes else [])],
        cwd=part.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=pin if part.pinned else None,
    )
    if done.returncode != 0:
        sys.exit(f"error: the benchmark's part {part.name} ended with status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def run_page(name: str, script: Path, write: bool) -> str | None:
    """Runs a script with a page of its own; what is wrong, if anything."""
    done = subprocess.run([sys.executable, script, *([] if write else ["--no-write"])], check=False)
    return None if done.returncode == 0 else f"{name}: ended with status {done.returncode}; what is wrong stands above"

"""Speed and balance beside the peers, all in one run: builds each language's program, runs it pinned to one core,
prints the tables and writes them into docs/benchmarks.md.

`make bench` runs it. `make bench ARGS="--large"` adds 10,000 nodes, `ARGS="--only rust,go"` measures some languages
only, `ARGS="--no-write"` leaves the page as it is. BENCH_PYTHON names another Python for the Python part.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import machine
import report

ROOT = Path(__file__).resolve().parents[2]
HERE = ROOT / "tests" / "bench"
OUT = ROOT / "target" / "bench"
PAGE = ROOT / "docs" / "benchmarks.md"


@dataclass(frozen=True)
class Program:
    """A language's program: how it is built, and the command to which the numbers of nodes are added."""

    build: Callable[[], None]
    command: list[str]
    directory: Path = ROOT


def call(*command: str | Path, directory: Path = ROOT, **variables: str) -> None:
    """Runs a step of a build; what it says is shown when it fails."""
    environment = os.environ | variables
    done = subprocess.run(command, cwd=directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"error: {' '.join(map(str, command))}\n{done.stdout}{done.stderr}")


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
    """The wheel that a user would get, into an environment of the benchmark's own."""
    wheels = OUT / "wheels"
    python = OUT / "venv" / "bin" / "python"
    call(
        ROOT / ".venv" / "bin" / "maturin", "build", "--quiet", "--release", "--out", wheels, directory=ROOT / "python"
    )
    newest = max(wheels.glob("ringshift-*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    call(python, "-m", "pip", "install", "--quiet", "--force-reinstall", "--no-deps", newest)


def build_go() -> None:
    """Go doesn't see that the C library has changed: without an old program it has to link a new one."""
    program = OUT / "bench-go"
    program.unlink(missing_ok=True)
    call("go", "build", "-o", program, ".", directory=HERE / "go")


PROGRAMS = {
    "rust": Program(build_rust, [str(OUT / "rust" / "release" / "ringshift-bench")]),
    "c": Program(build_c, [str(OUT / "bench-c")]),
    "go": Program(build_go, [str(OUT / "bench-go")]),
    "node": Program(lambda: None, ["node", "bench.mjs"], HERE / "node"),
    "python": Program(build_python, [str(OUT / "venv" / "bin" / "python"), "bench.py"], HERE / "python"),
}


def pin() -> None:
    """Keeps a program on one core: the last one, which the system uses least."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def run(name: str, program: Program, nodes: list[str]) -> list[dict[str, object]]:
    """The lines that a program printed."""
    busy = os.getloadavg()[0]
    # Our own program keeps one core busy.
    print(f"==> {name}" + (f" (load {busy:.1f}: others use this machine too)" if busy > 1.5 else ""), flush=True)
    done = subprocess.run(
        [*program.command, *nodes],
        cwd=program.directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        preexec_fn=pin,
    )
    if done.returncode != 0:
        sys.exit(f"error: the benchmark of {name} ended with status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Builds and measures what was asked for, and reports it."""
    parser = argparse.ArgumentParser(description="Speed and balance beside the peers.")
    parser.add_argument("--only", default=",".join(PROGRAMS), help="languages, with commas between")
    parser.add_argument("--large", action="store_true", help="10,000 nodes as well: takes minutes")
    parser.add_argument("--no-write", action="store_true", help="leave docs/benchmarks.md as it is")
    asked = parser.parse_args()
    names = asked.only.split(",")
    if unknown := [name for name in names if name not in PROGRAMS]:
        parser.error(f"{unknown[0]} is not one of {', '.join(PROGRAMS)}")
    nodes = ["10", "100", "1000", *(["10000"] if asked.large else [])]
    OUT.mkdir(parents=True, exist_ok=True)
    print("==> building the programs", flush=True)
    for name in names:
        PROGRAMS[name].build()
    lines = [line for name in names for line in run(name, PROGRAMS[name], nodes)]
    (OUT / "lines.json").write_text(json.dumps(lines, indent=1) + "\n", encoding="utf-8")
    text = report.tables(lines, machine.facts())
    print(text)
    if not asked.no_write:
        if set(names) != set(PROGRAMS):
            sys.exit("error: docs/benchmarks.md holds one run of all languages; leave out --only, or add --no-write")
        report.write(PAGE, text)


if __name__ == "__main__":
    main()

"""The C and the Go program that place keys: built from the bindings' examples when they are out of date."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from demo.settings import ROOT

C_SOURCE = ROOT / "bindings" / "c" / "examples" / "place.c"
GO_MODULE = ROOT / "bindings" / "go"
TARGET = ROOT / "target"
OUT = TARGET / "demo"
LIBRARY = TARGET / "release" / "libringshift.a"
# What Rust's standard library needs of the system's, when linked into a C program.
SYSTEM_LIBRARIES = ("-lpthread", "-ldl", "-lm")


class ProgramError(Exception):
    """A program that can't be built, with what the compiler said."""


def build_programs() -> Mapping[str, Path]:
    """Builds what is needed, and gives the program of each language."""
    if not LIBRARY.exists():
        raise ProgramError(f"{LIBRARY} is missing: run `cargo build --release -p ringshift-capi`, or `make demo`")
    OUT.mkdir(parents=True, exist_ok=True)
    c_program, go_program = OUT / "place-c", OUT / "place-go"
    if older(c_program, LIBRARY, C_SOURCE, ROOT / "include" / "ringshift.h"):
        compiler = os.environ.get("CC", "cc")
        build(
            [compiler, "-O2", "-o", str(c_program), str(C_SOURCE), "-I", "include", str(LIBRARY), *SYSTEM_LIBRARIES],
            ROOT,
        )
    # Go knows what is out of date, but for the library behind cgo: that is taken in anew when there is no program yet.
    if older(go_program, LIBRARY):
        go_program.unlink(missing_ok=True)
    build(["go", "build", "-o", str(go_program), "./examples/place"], GO_MODULE)
    return {"c": c_program, "go": go_program}


def older(made: Path, *sources: Path) -> bool:
    """Whether something has to be made again."""
    return not made.exists() or made.stat().st_mtime < max(source.stat().st_mtime for source in sources)


def build(command: list[str], directory: Path) -> None:
    """Runs a compiler, quietly unless it fails."""
    try:
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise ProgramError(f"{command[0]} isn't installed") from error
    if done.returncode != 0:
        raise ProgramError(f"this failed: {' '.join(command)}\n{done.stderr.strip()}")

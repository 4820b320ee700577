"""The programs that watch a spec file, one in each language: how they are made, started and asked."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
PROGRAMS = HERE / "programs"
BUILD = ROOT / "target" / "reload"
TARGET = ROOT / os.environ.get("CARGO_TARGET_DIR", "target") / "release"
LINK = [str(TARGET / "libringshift.a"), *([] if platform.system() == "Darwin" else ["-lpthread", "-ldl", "-lm"])]
WARNINGS = ["-Wall", "-Wextra", "-Werror", "-O1"]
HOSTS = ("python", "node", "go", "c", "c++")
INTERVAL_MS = 20
# Far more than any answer takes.
PATIENCE = 60.0


def command(host: str) -> list[str]:
    """Makes the program of a language, and says how it is called."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = str(BUILD / f"watched-{host}")
    include = f"-I{ROOT / 'include'}"
    match host:
        case "python":
            return [sys.executable, str(PROGRAMS / "watched.py")]
        case "node":
            return ["node", str(PROGRAMS / "watched.mjs")]
        case "go":
            _run(["go", "build", "-o", made, "./watched"], ROOT / "tests" / "workers" / "go")
        case "c":
            source = str(PROGRAMS / "watched.c")
            _run(["cc", "-std=c11", *WARNINGS, include, source, "-o", made, *LINK], ROOT)
        case "c++":
            source = str(PROGRAMS / "watched.cpp")
            _run(["c++", "-std=c++17", *WARNINGS, include, source, "-o", made, *LINK], ROOT)
        case _:
            raise ValueError(host)
    return [made]


def preload(name: str) -> str:
    """Makes a library that is loaded before the C library."""
    BUILD.mkdir(parents=True, exist_ok=True)
    made = str(BUILD / f"{name}.so")
    source = str(PROGRAMS / f"{name}.c")
    _run(["cc", "-std=gnu11", *WARNINGS, "-shared", "-fPIC", source, "-o", made, "-ldl"], ROOT)
    return made


def _run(arguments: list[str], where: Path) -> None:
    made = subprocess.run(arguments, cwd=where, capture_output=True, text=True, check=False)
    assert made.returncode == 0, made.stdout + made.stderr


class Watched:
    """A process that watches a spec file."""

    def __init__(
        self,
        arguments: list[str],
        path: Path,
        environment: dict[str, str] | None = None,
        interval_ms: int = INTERVAL_MS,
    ) -> None:
        """Starts it; it has opened the file when this returns."""
        self._interval = interval_ms / 1000
        self._process = subprocess.Popen(
            [*arguments, str(path), str(interval_ms)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (environment or {}),
        )
        # The number of the last event that was asked for.
        self.seen = 0
        self.ask()

    def ask(self) -> dict[str, Any]:
        """What it answers; `events` are those since `seen`."""
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(f"{self.seen}\n")
        process.stdin.flush()
        answer: dict[str, Any] = json.loads(process.stdout.readline())
        if "metrics" in answer:
            answer["reloads"] = answer.pop("metrics")["reloads"]
        return answer

    def after(self, refreshes: int) -> dict[str, Any]:
        """What it answers when so many more refreshes have ended, and it has routed meanwhile."""
        began = self.ask()
        while True:
            answer = self.ask()
            # Its reader may have to wait for a processor; the watcher goes on meanwhile.
            if answer["reloads"]["refreshes"] >= began["reloads"]["refreshes"] + refreshes and (
                answer["routed"] > began["routed"]
            ):
                return answer
            # Asking without pause would keep the processor from it.
            time.sleep(self._interval / 4)

    def close(self) -> None:
        """Ends it; it must end well."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            assert self._process.wait(PATIENCE) == 0
        finally:
            self._process.kill()

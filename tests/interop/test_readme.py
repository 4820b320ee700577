"""The quick starts of README.md, run as they are written: the same file, the same key, the same node."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PORTS = (21211, 21212)
LINK = ["-lpthread", "-ldl", "-lm"]


def blocks(language: str) -> list[str]:
    """The code blocks of one language, in order."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A directory that holds the README's cache.json."""
    (tmp_path / "cache.json").write_text(blocks("json")[0], encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def servers() -> Iterator[None]:
    """memcached where the README's spec says it is."""
    processes = []
    try:
        for port in PORTS:
            command = ["memcached", "-l", "127.0.0.1", "-p", str(port), "-U", "0", "-m", "16"]
            if os.geteuid() == 0:
                command += ["-u", "nobody"]
            processes.append(subprocess.Popen(command))
        for port in PORTS:
            wait_for(port)
        yield
    finally:
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            process.wait(timeout=10)


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < deadline, f"memcached does not listen on {port}"
            time.sleep(0.02)


def expected() -> str:
    """The address of the key, as Python sees it: what all others must print too."""
    import ringshift

    router = ringshift.Router.from_spec(blocks("json")[0])
    read = router.route("user:42").read
    assert read is not None
    return str(read.node.address)


def test_python(place: Path, servers: None) -> None:
    out = run(sys.executable, "-c", blocks("python")[0], cwd=place)
    assert out.splitlines() == [expected(), "b'Ada'"]


def test_node(place: Path, servers: None) -> None:
    modules = place / "node_modules"
    modules.mkdir()
    (modules / "ringshift").symlink_to(ROOT / "node")
    (modules / "memjs").symlink_to(ROOT / "node" / "node_modules" / "memjs")
    (place / "quick.js").write_text(blocks("js")[0], encoding="utf-8")
    assert run("node", "quick.js", cwd=place).splitlines() == [expected(), "Ada"]


@pytest.mark.parametrize(
    ("language", "compiler", "suffix"),
    [("c", ["cc", "-std=c99"], ".c"), ("cpp", ["c++", "-std=c++17"], ".cpp")],
)
def test_c_and_cpp(place: Path, language: str, compiler: list[str], suffix: str) -> None:
    source = place / f"quick{suffix}"
    source.write_text(blocks(language)[0], encoding="utf-8")
    flags = ["-Wall", "-Wextra", "-Werror", f"-I{ROOT / 'include'}"]
    run(*compiler, *flags, source, TARGET / "release" / "libringshift.a", *LINK, "-o", place / "quick", cwd=place)
    assert run(place / "quick", cwd=place).splitlines() == [expected()]


def test_go(place: Path) -> None:
    (place / "main.go").write_text(blocks("go")[0], encoding="utf-8")
    (place / "go.mod").write_text(
        f"module quick\n\ngo 1.24\n\nrequire ringshift v0.0.0\n\nreplace ringshift => {ROOT / 'bindings' / 'go'}\n",
        encoding="utf-8",
    )
    assert run("go", "run", ".", cwd=place, GOFLAGS="-mod=mod").splitlines() == [expected()]


def test_the_program_reads_both_specs(place: Path) -> None:
    program = TARGET / "release" / "ringshift"
    assert "is valid" in run(program, "check", "cache.json", cwd=place)
    (place / "cache.json").write_text(blocks("json")[1], encoding="utf-8")
    assert "blue to green, ramp at 10.00 %" in run(program, "check", "cache.json", cwd=place)
    told = run(program, "locate", "--spec", "cache.json", "--region", "jp", "user:42", cwd=place)
    assert "prepare" in told

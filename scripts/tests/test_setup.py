"""The set-up's pieces: version checks, stamps, and what a person is told when something is missing."""

import os
import subprocess
from pathlib import Path

import pytest

LIB = Path(__file__).resolve().parent.parent / "lib"


def bash(text: str, cwd: Path, path: str | None = None) -> subprocess.CompletedProcess[str]:
    """Runs shell text after the pieces of the set-up; `path` replaces PATH for what follows them."""
    pieces = " ".join(f". '{LIB / name}.sh';" for name in ("say", "stamp", "toolchains", "packages", "languages"))
    env = {**os.environ, "PYTHON": "python3"}
    switch = f"PATH='{path}'; hash -r;" if path is not None else ""
    command = f"set -euo pipefail; {pieces} {switch} {text}"
    return subprocess.run(
        ["bash", "-c", command], cwd=cwd, env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("wanted", "found", "good"),
    [
        ("1.24", "1.24", True),
        ("1.24", "1.24.3", True),
        ("1.24", "1.26.8", True),
        ("3.11", "3.9.18", False),
        ("20", "20.20.2", True),
        ("20", "18.19.0", False),
        ("1.90", "1.100.0", True),
    ],
)
def test_versions_compare_by_number(tmp_path: Path, wanted: str, found: str, good: bool) -> None:
    done = bash(f"need Tool {wanted} {found} 'install it'", tmp_path)
    assert (done.returncode == 0) is good
    if not good:
        assert f"Tool {found} is too old; {wanted} or later is needed" in done.stderr
        assert "install it" in done.stderr


@pytest.mark.parametrize(
    ("printed", "version"),
    [
        ("rustc 1.95.0 (59807616e 2026-04-14)", "1.95.0"),
        ("Python 3.11.7", "3.11.7"),
        ("v20.20.2", "20.20.2"),
        ("go version go1.26.8 linux/amd64", "1.26.8"),
        ("no such tool", ""),
    ],
)
def test_finds_the_version_that_a_tool_prints(tmp_path: Path, printed: str, version: str) -> None:
    assert bash(f"version_of echo '{printed}'", tmp_path).stdout == version


def test_a_missing_tool_is_named_with_what_to_do(tmp_path: Path) -> None:
    done = bash("need Go 1.24 \"$(version_of no-such-program version)\" 'install Go'", tmp_path)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["error: Go is missing", "       install Go"]


def test_a_stamp_holds_until_its_files_change(tmp_path: Path) -> None:
    (tmp_path / "pins").write_text("a==1\n")
    stamp = 'set_stamp dir/.stamp "$(hash_of v1 pins)"'
    same = 'stamp_is dir/.stamp "$(hash_of v1 pins)"'
    assert bash(same, tmp_path).returncode != 0
    assert bash(f"{stamp}; {same}", tmp_path).returncode == 0
    assert bash('stamp_is dir/.stamp "$(hash_of v2 pins)"', tmp_path).returncode != 0
    (tmp_path / "pins").write_text("a==2\n")
    assert bash(same, tmp_path).returncode != 0


def test_who_is_not_root_is_told_what_to_install(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    for name, text in (("id", "echo 1000"), ("apt-get", "touch called; exit 1")):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    done = bash("need_packages memcached", tmp_path, path=str(tools))
    assert done.returncode == 1
    assert "sudo apt-get install --no-install-recommends memcached" in done.stderr
    assert not (tmp_path / "called").exists()


def test_a_command_is_quiet_unless_it_fails(tmp_path: Path) -> None:
    assert bash("quietly echo hello", tmp_path).stdout == ""
    done = bash("quietly sh -c 'echo why; exit 3'", tmp_path)
    assert done.returncode == 3
    assert "why" in done.stderr


@pytest.mark.parametrize(
    ("miri", "sources", "missing"),
    [
        (False, True, "Miri is missing"),
        (True, False, "the sources of the nightly Rust are missing"),
        (True, True, None),
    ],
)
def test_soak_says_at_once_what_nightly_rust_it_needs(
    tmp_path: Path, miri: bool, sources: bool, missing: str | None
) -> None:
    tools, library = tmp_path / "bin", tmp_path / "lib/rustlib/src/rust/library"
    for directory in (tools, library):
        directory.mkdir(parents=True)
    if sources:
        (library / "Cargo.lock").touch()
    # Only what the check asks for is answered, whatever else is asked ends the script.
    for name, text in (
        ("cargo", f'[ "$*" = "+nightly miri --version" ] && exit {int(not miri)}\nexit 99'),
        ("rustc", f'[ "$*" = "+nightly --print sysroot" ] && echo "{tmp_path}"'),
    ):
        (tools / name).write_text(f"#!/bin/sh\n{text}\n")
        (tools / name).chmod(0o755)
    done = subprocess.run(
        ["bash", "scripts/stages/soak"],
        cwd=LIB.parent.parent,
        env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    hint = "       rustup toolchain install nightly --component miri,rust-src"
    if missing is None:
        # It goes on to the first command that takes its time.
        assert (done.returncode, done.stderr) == (99, "")
    else:
        assert (done.returncode, done.stdout, done.stderr.splitlines()) == (1, "", [f"error: {missing}", hint])


def fake_python(path: Path, version: tuple[int, int]) -> Path:
    """A program that says yes or no to the question whether its version is less than another, as Python does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {int(version < (3, 13))}\n")
    path.chmod(0o755)
    return path


def test_the_benchmark_takes_a_python_that_all_peers_run_on(tmp_path: Path) -> None:
    home = tmp_path / "home"
    project = fake_python(tmp_path / "bin" / "project", (3, 11))
    lookup = f"PYTHON={project} HOME={home}; unset BENCH_PYTHON PYENV_ROOT; "

    def chosen(more: str = "") -> str:
        return bash(f"{lookup} {more} bench_python", tmp_path, path=str(tmp_path / "bin")).stdout

    assert chosen() == str(project)
    old, kept = home / ".pyenv/versions/3.12.1/bin/python", home / ".pyenv/versions/3.13.0/bin/python"
    fake_python(old, (3, 12))
    assert chosen() == str(project)
    fake_python(kept, (3, 13))
    assert chosen() == str(kept)
    fake_python(tmp_path / "bin" / "python3.13", (3, 13))
    assert chosen() == "python3.13"
    fake_python(project, (3, 14))
    assert chosen() == str(project)
    assert chosen("BENCH_PYTHON=another;") == "another"


def test_an_unknown_package_is_an_error_not_a_guess(tmp_path: Path) -> None:
    done = bash("present no-such-package", tmp_path)
    assert done.returncode == 1
    assert "doesn't know the package no-such-package" in done.stderr


def test_a_python_that_has_a_lock_is_no_free_threaded_one(tmp_path: Path) -> None:
    done = bash(f". '{LIB}/free_threaded_python.sh'; FREE_THREADED_PYTHON=python3 free_threaded_python", tmp_path)
    assert done.returncode == 1
    assert "FREE_THREADED_PYTHON=python3 is no free-threaded Python" in done.stderr


def test_where_no_free_threaded_python_can_be_had_it_fails_and_says_so(tmp_path: Path) -> None:
    none = "".join(f"{way}_free_threaded() {{ return 1; }};" for way in ("find", "install", "build"))
    done = bash(f". '{LIB}/free_threaded_python.sh'; {none} free_threaded_python", tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: there is no free-threaded Python, and none could be made\n")
    assert "FREE_THREADED_PYTHON=/path/to/python3.14t" in done.stderr


def test_a_free_threaded_build_that_was_broken_off_is_not_used(tmp_path: Path) -> None:
    program = tmp_path / "target" / "free-threaded" / "python3.14t" / "bin" / "python3.14t"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\nexit 0\n")
    program.chmod(0o755)
    # None of those that the machine has.
    find = f"PYENV_ROOT='{tmp_path}'; . '{LIB}/free_threaded_python.sh'; find_free_threaded"
    assert bash(find, tmp_path, path=str(tmp_path)).returncode == 1
    (program.parents[1] / "complete").touch()
    assert bash(find, tmp_path, path=str(tmp_path)).stdout.strip() == str(program)

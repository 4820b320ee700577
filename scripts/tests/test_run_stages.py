"""The runner of the test stages must not call a run good that wasn't: it is tried on stages made for that."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parent.parent / "run_stages.py"


def tree(tmp_path: Path, **stages: str) -> Path:
    """A directory like the project's own, with the stages given as shell text; the path of its runner."""
    directory = tmp_path / "scripts" / "stages"
    directory.mkdir(parents=True)
    for name, text in stages.items():
        program = directory / name
        program.write_text(f"#!/usr/bin/env bash\nset -eu\n{text}\n", encoding="utf-8")
        program.chmod(0o755)
    return Path(shutil.copy(RUNNER, tmp_path / "scripts"))


def run(runner: Path, *stages: str) -> tuple[int, list[str]]:
    done = subprocess.run([sys.executable, runner, *stages], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout.splitlines()


@pytest.mark.parametrize(
    ("line", "passed"),
    [
        ("test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out; finished in 0.01s", 12),
        ("12 passed in 0.31s", 12),
        ("=================== 12 passed, 2 warnings in 70.31s (0:01:10) ===================", 12),
        ("# pass 12", 12),
        ("\u2139 pass 12", 12),
        ("\x1b[34m\u2139 pass 12\x1b[39m", 12),
        ("--- PASS: TestRoute (0.00s)", 1),
        ("    --- PASS: TestRoute/empty (0.00s)\n--- PASS: TestRoute (0.00s)", 1),
        ("12 passed, 0 failed", 12),
        ("check: rust: format ok", 1),
    ],
)
def test_counts_every_runners_closing_line(tmp_path: Path, line: str, passed: int) -> None:
    status, lines = run(tree(tmp_path, one=f"cat <<'END'\n{line}\nEND"), "one")
    assert lines[-1] == f"{passed} passed, 0 failed"
    assert status == 0


@pytest.mark.parametrize(
    "text",
    [
        "echo 3 passed in 1.0s; exit 7",
        "echo '3 passed, 1 failed'",
        "echo 'test result: FAILED. 3 passed; 1 failed; 0 ignored'",
        "echo '3 passed, 1 error in 1.0s'",
        "echo '# pass 3'; echo '# fail 1'",
        "echo '--- PASS: A (0s)'; echo '--- FAIL: B (0s)'",
        "echo 'check: a ok'; echo 'check: b failed'",
    ],
)
def test_a_failure_fails_the_run(tmp_path: Path, text: str) -> None:
    status, lines = run(tree(tmp_path, one=text), "one")
    assert status == 1
    assert lines[-1].endswith(" 1 failed")


@pytest.mark.parametrize(
    "text",
    [
        "echo '3 passed, 1 skipped in 1.0s'",
        "echo '3 passed, 1 xfailed in 1.0s'",
        "echo 'test result: ok. 3 passed; 0 failed; 1 ignored'",
        "echo '# pass 3'; echo '# todo 1'",
        "echo '--- PASS: A (0s)'; echo '--- SKIP: B (0s)'",
        "echo all is well",
        "true",
    ],
)
def test_a_test_that_does_not_run_fails_the_run(tmp_path: Path, text: str) -> None:
    status, lines = run(tree(tmp_path, one=text), "one")
    assert status == 1
    assert lines[-1].endswith(" 1 failed")


def test_the_first_failing_stage_ends_the_run(tmp_path: Path) -> None:
    runner = tree(tmp_path, one="echo '1 passed, 0 failed'", two="echo '0 passed, 1 failed'; false", three="touch ran")
    status, lines = run(runner, "one", "two", "three")
    assert status == 1
    assert not (tmp_path / "ran").exists()
    assert lines[-2:] == ["not run: three", "1 passed, 1 failed"]


def test_a_stage_that_is_missing_fails_the_run(tmp_path: Path) -> None:
    status, lines = run(tree(tmp_path), "ghost")
    assert status == 1
    assert lines[-1] == "0 passed, 1 failed"


def test_the_whole_output_is_in_the_log(tmp_path: Path) -> None:
    run(tree(tmp_path, one="echo '=== RUN A'; echo '--- PASS: A (0s)' >&2"), "one")
    assert (tmp_path / "target/stages/one.log").read_text() == "=== RUN A\n--- PASS: A (0s)\n"


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_process_left_behind_is_stopped_and_fails_the_run(tmp_path: Path) -> None:
    text = "sleep 300 >/dev/null 2>&1 &\necho $! >pid\necho 1 passed, 0 failed"
    status, lines = run(tree(tmp_path, one=text), "one")
    assert status == 1
    assert any("left processes running" in line for line in lines)
    assert not alive(int((tmp_path / "pid").read_text()))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_stops_its_stage(tmp_path: Path, number: int) -> None:
    runner = tree(tmp_path, one="echo $$ >pid.new; mv pid.new pid; sleep 300")
    process = subprocess.Popen([sys.executable, runner, "one"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            if (tmp_path / "pid").exists():
                break
            time.sleep(0.05)
        stage = int((tmp_path / "pid").read_text())
        process.send_signal(number)
        assert process.wait(timeout=30) not in (0, 1)
        assert not alive(stage)
    finally:
        process.kill()
        process.wait()

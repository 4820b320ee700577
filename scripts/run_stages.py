"""Runs test stages one after the other and counts: `run_stages.py lint rust python`.

A stage is a program scripts/stages/NAME. Its output goes to the terminal as it comes and whole to
target/stages/NAME.log. The run ends at the first stage that fails, that ran no test, or that skipped one: a test that
doesn't run proves nothing. The last line is "N passed, N failed".
"""

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOGS = ROOT / "target" / "stages"

# The words of each runner's closing line, by what they count.
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
WORDS = {
    "passed": PASSED,
    "xpassed": FAILED,
    "failed": FAILED,
    "error": FAILED,
    "errors": FAILED,
    "skipped": SKIPPED,
    "xfailed": SKIPPED,
    "ignored": SKIPPED,
}
CARGO = re.compile(r"^test result: \w+\. (.*)$")
PYTEST = re.compile(r"^(?:=+ )?(\d+ \w+(?:, \d+ \w+)*) in [\d.]+s")
PLAIN = re.compile(r"^(?:\w+: )?(\d+ passed, \d+ failed(?:, \d+ skipped)?)$")
NODE = re.compile(r"^[#\u2139] (pass|fail|cancelled|skipped|todo) (\d+)$")
NODE_WORDS = {"pass": PASSED, "fail": FAILED, "cancelled": FAILED, "skipped": SKIPPED, "todo": SKIPPED}
GO = re.compile(r"^--- (PASS|FAIL|SKIP): ")
GO_WORDS = {"PASS": PASSED, "FAIL": FAILED, "SKIP": SKIPPED}
CHECK = re.compile(r"^check: .* (ok|failed)$")
# What `go test -v` and Node's TAP say of tests that pass: a log's business, not a reader's.
NOISE = re.compile(
    r"""^( ===\ (RUN|PAUSE|CONT|NAME) | \s*---\ PASS:\  # Go
        | \s*\#\ Subtest:\  | \s*ok\ \d+\ -\  | \s+(---|\.\.\.)$ | \s+(duration_ms|type):\  | \s*\d+\.\.\d+$ )""",
    re.VERBOSE,
)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass
class Tally:
    """What one stage ran."""

    stage: str
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0

    def read(self, line: str) -> None:
        """Adds what a line of a runner's output counts."""
        line = COLOUR.sub("", line.rstrip())
        for pattern in (CARGO, PYTEST, PLAIN):
            if match := pattern.match(line):
                for number, word in re.findall(r"(\d+) (\w+)", match[1]):
                    if word in WORDS:
                        self.add(WORDS[word], int(number))
                return
        if match := NODE.match(line):
            self.add(NODE_WORDS[match[1]], int(match[2]))
        elif match := GO.match(line):
            self.add(GO_WORDS[match[1]], 1)
        elif match := CHECK.match(line):
            self.add(PASSED if match[1] == "ok" else FAILED, 1)

    def add(self, kind: str, number: int) -> None:
        """Counts `number` more of `kind`."""
        setattr(self, kind, getattr(self, kind) + number)


def run(stage: str) -> tuple[Tally, str]:
    """Runs one stage; the text is why it failed, empty when it didn't."""
    program = ROOT / "scripts" / "stages" / stage
    tally = Tally(stage)
    if not program.is_file():
        return tally, f"there is no scripts/stages/{stage}"
    print(f"==> {stage}", flush=True)
    start = time.monotonic()
    with (LOGS / f"{stage}.log").open("w", encoding="utf-8") as log:
        # Its own session, so that whatever it leaves behind can be told and stopped by the group's id.
        process = subprocess.Popen(
            [program],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                log.write(line)
                tally.read(line)
                if not NOISE.match(line):
                    print(line, end="", flush=True)
            status = process.wait()
        finally:
            left = stop_group(process)
    tally.seconds = time.monotonic() - start
    if left and status == 0:
        return tally, "it left processes running"
    return tally, verdict(tally, status)


def stop_group(process: subprocess.Popen[str]) -> bool:
    """Ends what still runs of a stage: first as Ctrl-C would, at last for good. Says whether anything did.

    What ends by itself when its parent is gone, as the server of `multiprocessing`'s forks does, has a moment for it.
    """
    if is_gone(process, 2.0):
        return False
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        if is_gone(process, 5.0):
            break
    return True


def is_gone(process: subprocess.Popen[str], seconds: float) -> bool:
    """Whether a stage has no process any more, or none after so many seconds at most."""
    end = time.monotonic() + seconds
    while True:
        process.poll()
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(0.05)


def verdict(tally: Tally, status: int) -> str:
    """Why a stage that ended like this has failed, or nothing."""
    if status != 0:
        tally.failed = max(tally.failed, 1)
        return f"it ended with status {status}"
    if tally.failed:
        return f"{tally.failed} failed, yet it ended with status 0"
    if tally.skipped:
        return f"{tally.skipped} skipped: a test that doesn't run proves nothing"
    if not tally.passed:
        return "it ran no test"
    return ""


def main(stages: list[str]) -> int:
    """Runs the stages in order, up to the first that fails, and prints what was counted."""
    if not stages:
        print("error: name at least one stage of scripts/stages", file=sys.stderr)
        return 2
    # A shell that runs this in the background has it ignore the interrupt.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    LOGS.mkdir(parents=True, exist_ok=True)
    tallies, why = [], ""
    for stage in stages:
        tally, why = run(stage)
        tallies.append(tally)
        if why:
            tally.failed = max(tally.failed, 1)
            break
    print(f"\n{'stage':<10} {'passed':>7} {'failed':>7} {'skipped':>8} {'seconds':>8}")
    for tally in tallies:
        print(f"{tally.stage:<10} {tally.passed:>7} {tally.failed:>7} {tally.skipped:>8} {tally.seconds:>8.1f}")
    not_run = stages[len(tallies) :]
    if why:
        print(f"error: {tallies[-1].stage}: {why}; all of its output is in target/stages/{tallies[-1].stage}.log")
    if not_run:
        print(f"not run: {', '.join(not_run)}")
    print(f"{sum(t.passed for t in tallies)} passed, {sum(t.failed for t in tallies)} failed")
    return 1 if why else 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)

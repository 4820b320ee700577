"""Bodies that are run in forked children, and programs in processes of their own; neither is ever left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import traceback
from collections.abc import Callable


def in_child(body: Callable[[], None], meanwhile: Callable[[], None] = lambda: None) -> None:
    """Runs a body in a forked child, and another one here, and waits. A child that never ends is killed, and fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            # The handler of the test's time limit would need an interpreter that still runs.
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(60)
            body()
            status = 0
        except BaseException:  # noqa: BLE001
            traceback.print_exc()
        finally:
            os._exit(status)
    try:
        meanwhile()
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    assert os.waitstatus_to_exitcode(status) == 0


def run(code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a program in an interpreter of its own; one that hangs is killed, and fails."""
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)

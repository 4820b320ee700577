"""A body that is run in a forked child, which is never left behind."""

from __future__ import annotations

import os
import signal
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

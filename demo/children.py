"""Starts the processes of the demonstration and stops every one of them by its id, whatever happens.

Each child runs in a session of its own, so that Ctrl-C reaches the demonstration alone, which then stops them in
order. If the demonstration itself is killed, the guard (guard.py) kills what is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from demo.settings import ROOT

STOP_SECONDS = 3.0
"""How long a process may take to end when asked, before it is killed."""
LINE_LIMIT = 1 << 22
"""The longest line that a child may print, in bytes."""


@dataclass(frozen=True)
class Talking:
    """A process whose standard input and output are pipes to us."""

    process: asyncio.subprocess.Process
    input: asyncio.StreamWriter
    output: asyncio.StreamReader

    async def tell(self, text: str) -> None:
        """Writes to its standard input."""
        self.input.write(text.encode())
        await self.input.drain()


class Children:
    """All processes of one run. For use from one event loop."""

    def __init__(self, log: Path) -> None:
        """Starts the guard. `log` takes what the children print to their standard error."""
        self._log: IO[bytes] = log.open("ab")
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._guard = subprocess.Popen(
            [sys.executable, "-m", "demo.guard"], cwd=ROOT, stdin=subprocess.PIPE, start_new_session=True, text=True
        )

    async def start(self, command: Sequence[str]) -> asyncio.subprocess.Process:
        """Starts a program in the root of the checkout."""
        return await self._start(command, asyncio.subprocess.DEVNULL, self._log)

    async def start_talking(self, command: Sequence[str]) -> Talking:
        """Starts a program that is told what to do, and tells what it does, in lines."""
        process = await self._start(command, asyncio.subprocess.PIPE, asyncio.subprocess.PIPE)
        if process.stdin is None or process.stdout is None:
            raise OSError(f"there are no pipes to {command[0]}")
        return Talking(process, process.stdin, process.stdout)

    async def _start(self, command: Sequence[str], given: int, output: int | IO[bytes]) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(
            *command,
            cwd=ROOT,
            stdin=given,
            stdout=output,
            stderr=self._log,
            start_new_session=True,
            limit=LINE_LIMIT,
        )
        self._running[process.pid] = process
        self._tell_guard(f"watch {process.pid}")
        return process

    async def stop(self, process: asyncio.subprocess.Process, sign: signal.Signals = signal.SIGTERM) -> int:
        """Ends one process and gives its exit status. It is killed if it doesn't end in time."""
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(sign)
        try:
            status = await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            status = await process.wait()
        self._running.pop(process.pid, None)
        self._tell_guard(f"done {process.pid}")
        return status

    async def stop_all(self) -> None:
        """Ends every process that still runs, then the guard. Safe to call twice."""
        await asyncio.gather(*(self.stop(process) for process in list(self._running.values())))
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            with contextlib.suppress(OSError):
                self._guard.stdin.close()
        await asyncio.to_thread(self._guard.wait)
        self._log.close()

    def _tell_guard(self, line: str) -> None:
        # A guard that is gone can't be told: the children are still stopped in the ordinary way.
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            with contextlib.suppress(OSError):
                self._guard.stdin.write(line + "\n")
                self._guard.stdin.flush()

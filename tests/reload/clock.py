"""The clock of one process, which a test sets."""

from __future__ import annotations

import struct
from pathlib import Path

from hosts import preload

YEAR = 365 * 24 * 3600


class Clock:
    """The time of day of a process that is started with `environment`."""

    def __init__(self, directory: Path) -> None:
        """It is right until it jumps."""
        self._file = directory / "jump"
        self._file.write_bytes(struct.pack("q", 0))
        self.environment = {"LD_PRELOAD": preload("clock"), "JUMP": str(self._file)}

    def jump(self, seconds: int) -> None:
        """Sets it so far forward, or back if that is negative, of what it really is."""
        # In place: the process has the file mapped.
        with self._file.open("r+b") as shared:
            shared.write(struct.pack("q", seconds))

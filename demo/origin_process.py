"""The origin as the demonstration runs it: started, and followed by what it reports."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from demo.children import Children, Talking
from demo.settings import Settings

COUNTED = ("reads", "writes", "fills")


class OriginError(Exception):
    """The origin ended, or doesn't start."""


async def start_origin(
    children: Children, settings: Settings, keys: Sequence[str], *, socket: Path, database: Path
) -> Talking:
    """Starts the origin with these keys, and waits until it serves."""
    figures = ["--slots", str(settings.origin_slots), "--latency", str(settings.origin_latency)]
    figures += ["--report-every", str(settings.report_every)]
    origin = await children.start_talking([sys.executable, "-m", "demo.origin", str(socket), str(database), *figures])
    # An empty line ends the keys.
    await origin.tell("".join(key + "\n" for key in keys) + "\n")
    # Its first report comes when it listens.
    if not await origin.output.readline():
        raise OriginError("the origin doesn't start")
    return origin


async def follow_origin(origin: Talking, take: Callable[[float, float, dict[str, float], int], None]) -> None:
    """Hands over what the origin counted between any two of its reports."""
    before: dict[str, float] | None = None
    async for line in origin.output:
        report: dict[str, float] = json.loads(line)
        if before is not None:
            counts = {name: report[name] - before[name] for name in COUNTED}
            take(before["at"], report["at"], counts, int(report["waiting"]))
        before = report
    raise OriginError(f"the origin ended with status {await origin.process.wait()}")

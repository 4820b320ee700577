"""What the adapters cost beside their bare clients, on real servers on loopback, and an operation in each stage.

    .venv/bin/python tests/bench/adapters/run.py

Both clients are measured in one process, block by block in turn; medians. The round trip is that of a bare socket.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(ROOT / "tests" / "live"))

from fleet import Memcached, Redis, Server  # noqa: E402 - found by the path above

LANGUAGES = {
    "Python": [sys.executable, str(HERE / "costs.py")],
    "Node": ["node", str(HERE / "costs.mjs")],
    "Go": [str(ROOT / "target" / "bench" / "adapter-costs")],
}
LIMIT = 10.0
"""Percent of a round trip that an adapter may cost outside a migration."""


@contextmanager
def servers(kind: type[Server], count: int) -> Iterator[list[Server]]:
    """Real servers, which are stopped in the end."""
    started: list[Server] = []
    try:
        while len(started) < count:
            started.append(kind())
        yield started
    finally:
        for server in started:
            server.stop()


def measured(language: str, memcached: Server, redis: Server) -> list[dict[str, Any]]:
    """What one language's program says: a line of JSON for each comparison."""
    done = subprocess.run(
        [*LANGUAGES[language], memcached.address, redis.address], capture_output=True, text=True, check=True
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def table() -> list[str]:
    """The comparison as a table."""
    lines = [
        "| | | bare client | adapter | difference | of a round trip |",
        "|---|---|---:|---:|---:|---:|",
    ]
    with servers(Memcached, 1) as (memcached,), servers(Redis, 1) as (redis,):
        for language in LANGUAGES:
            for row in measured(language, memcached, redis):
                share = 100 * row["difference"] / row["round_trip"]
                lines.append(
                    f"| {row['client']} | {row['operation']} | {row['bare']:.1f} us | {row['adapter']:.1f} us "
                    f"| {row['difference']:+.1f} us | {share:+.0f} %{'' if share <= LIMIT else ' (over)'} |"
                )
    return lines


def main() -> None:
    """Builds what has to be built, and prints the tables."""
    subprocess.run(
        ["go", "build", "-o", str(ROOT / "target" / "bench" / "adapter-costs"), "."], cwd=HERE / "go", check=True
    )
    print("\n".join(table()))
    print()
    from stages import stages

    print("\n".join(stages(servers)))


if __name__ == "__main__":
    main()

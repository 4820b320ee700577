"""The origin: a small database server with a cost. `python -m demo.origin SOCKET DATABASE ...`, see `main`.

SQLite holds the values and is the authority on versions. In front of it stands a store that serves a fixed number of
requests at once and takes a fixed time for each, as a disk or a connection pool would: beyond that, requests wait, so
that a load that the cache no longer keeps away is seen as a full queue and slow answers.

Protocol over a Unix socket, one line a request, answered in order: `get KEY` and `fill KEY` give `VERSION VALUE`,
`put KEY` gives the new `VERSION`. `fill` skips the store's cost: it is for filling caches by hand, and counted apart.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sqlite3
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

PAYLOAD = 240
"""Bytes of a value beside its version."""


class Database:
    """Versioned values in SQLite. For use from one thread."""

    def __init__(self, path: Path) -> None:
        """Opens or creates the file."""
        self._db = sqlite3.connect(path, isolation_level=None)
        # The file lives as long as the run: nothing has to survive a crash of the machine.
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = OFF")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS item (key TEXT PRIMARY KEY, version INTEGER, value TEXT) WITHOUT ROWID"
        )

    def create(self, keys: Iterable[str]) -> None:
        """Gives each key its version 1."""
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO item VALUES (?, 1, ?)", ((key, payload(key, 1)) for key in keys))
        self._db.execute("COMMIT")

    def read(self, key: str) -> tuple[int, str]:
        """The version and value of a key; version 0 if there is none."""
        row = self._db.execute("SELECT version, value FROM item WHERE key = ?", (key,)).fetchone()
        return (0, "") if row is None else (row[0], row[1])

    def write(self, key: str) -> int:
        """Writes a new value and gives its version; 0 if the key doesn't exist."""
        version, _ = self.read(key)
        if version == 0:
            return 0
        version += 1
        self._db.execute("UPDATE item SET version = ?, value = ? WHERE key = ?", (version, payload(key, version), key))
        return version


def payload(key: str, version: int) -> str:
    """A value that differs from version to version, of a size as profiles have it."""
    return f"{key}#{version};".ljust(PAYLOAD, ".")


class Store:
    """Serves a fixed number of requests at once, each for a fixed time. For use from one event loop."""

    def __init__(self, slots: int, latency: float) -> None:
        """`slots` requests at once, `latency` seconds each."""
        self._free = slots
        self._latency = latency
        self._waiting: deque[Callable[[], None]] = deque()

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return len(self._waiting)

    def submit(self, work: Callable[[], None]) -> None:
        """Does `work` once the store has had its time for it."""
        if self._free == 0:
            self._waiting.append(work)
            return
        self._free -= 1
        self._begin(work)

    def _begin(self, work: Callable[[], None]) -> None:
        asyncio.get_running_loop().call_later(self._latency, self._finish, work)

    def _finish(self, work: Callable[[], None]) -> None:
        work()
        if self._waiting:
            self._begin(self._waiting.popleft())
        else:
            self._free += 1


class Origin:
    """The server's state: the database, its store and what was counted."""

    def __init__(self, database: Database, store: Store) -> None:
        """Counts from zero."""
        self.database = database
        self.store = store
        self.reads = 0
        self.writes = 0
        self.fills = 0

    def report(self) -> dict[str, float]:
        """Everything counted so far, with the moment in seconds of the monotonic clock."""
        counted = {"reads": self.reads, "writes": self.writes, "fills": self.fills, "waiting": self.store.waiting}
        return {"at": time.monotonic(), **counted}


class Connection(asyncio.Protocol):
    """One client, who sends its next request only after the answer to the last."""

    def __init__(self, origin: Origin) -> None:
        """Answers from this origin."""
        self._origin = origin
        self._rest = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport for answers."""
        if isinstance(transport, asyncio.Transport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Takes whole lines as requests."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            verb, _, key = line.decode().partition(" ")
            if verb == "fill":
                self._origin.fills += 1
                self._answer(" ".join(map(str, self._origin.database.read(key))))
            elif verb == "get":
                self._origin.store.submit(lambda key=key: self._get(key))  # type: ignore[misc]
            elif verb == "put":
                self._origin.store.submit(lambda key=key: self._put(key))  # type: ignore[misc]
            else:
                self._answer("error: use get, fill or put")

    def _get(self, key: str) -> None:
        self._origin.reads += 1
        self._answer(" ".join(map(str, self._origin.database.read(key))))

    def _put(self, key: str) -> None:
        self._origin.writes += 1
        self._answer(str(self._origin.database.write(key)))

    def _answer(self, text: str) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(text.encode() + b"\n")


async def serve(origin: Origin, socket: Path, report_every: float) -> None:
    """Serves until the standard input closes, and prints a report as a line of JSON ever so often."""
    loop = asyncio.get_running_loop()
    server = await loop.create_unix_server(lambda: Connection(origin), str(socket))
    closed = asyncio.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        loop.call_soon_threadsafe(closed.set)

    threading.Thread(target=wait_for_end, daemon=True).start()
    while not closed.is_set():
        print(json.dumps(origin.report()), flush=True)
        try:
            await asyncio.wait_for(closed.wait(), report_every)
        except TimeoutError:
            continue
    server.close()


def main() -> None:
    """Creates the keys that come on the standard input up to an empty line, then serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("socket", type=Path)
    parser.add_argument("database", type=Path)
    parser.add_argument("--slots", type=int, required=True)
    parser.add_argument("--latency", type=float, required=True)
    parser.add_argument("--report-every", type=float, required=True)
    args = parser.parse_args()
    database = Database(args.database)
    database.create(iter(lambda: sys.stdin.readline().strip(), ""))
    asyncio.run(serve(Origin(database, Store(args.slots, args.latency)), args.socket, args.report_every))


if __name__ == "__main__":
    main()

"""The origin of the live tests: the authority on versions, slow in the way that makes stale fills.

A `get` reads at once and answers later, so that what it answers may be old by then. Protocol: tests/workers/README.md.
Prints its port, and ends when its stdin does.
"""

from __future__ import annotations

import asyncio
import random
import sys

SEED = int(sys.argv[1])
SLOWEST = 0.004

versions: dict[bytes, int] = {}
chance = random.Random(SEED)


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers one connection, in order."""
    try:
        await answer_all(reader, writer)
    except ConnectionError:
        # A worker that was killed; a write that it had sent counts all the same.
        return


async def answer_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Until the other side closes."""
    while line := await reader.readline():
        verb, key = line.split()
        if verb == b"put":
            await asyncio.sleep(chance.random() * SLOWEST / 4)
            versions[key] = versions.get(key, 0) + 1
            answer = b"%d" % versions[key]
        else:
            answer = b"%d of %b" % (versions.get(key, 0), key)
            await asyncio.sleep(chance.random() ** 3 * SLOWEST)
        writer.write(answer + b"\n")
    writer.close()


async def main() -> None:
    """Serves until stdin ends."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())

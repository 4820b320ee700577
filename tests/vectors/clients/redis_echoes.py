"""Tiny servers that speak just enough Redis to answer every request with the address at which it was received.

They stand behind a real proxy or client, whose choice of a server is what is asked: nothing is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from servers import Servers


async def _one_request(reader: asyncio.StreamReader) -> bool:
    """Reads one request and forgets it; false at the end of the stream."""
    head = await reader.readline()
    if not head:
        return False
    if not head.startswith(b"*"):
        raise SystemExit(f"not a request: {head!r}")
    for _ in range(int(head[1:])):
        length = int((await reader.readline())[1:])
        await reader.readexactly(length + 2)
    return True


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    name = writer.get_extra_info("sockname")
    own = (name if isinstance(name, str) else f"{name[0]}:{name[1]}").encode()
    try:
        while await _one_request(reader):
            writer.write(b"$%d\r\n%s\r\n" % (len(own), own))
    except ConnectionError:
        pass  # the client was ended; its answers are in
    finally:
        writer.close()


@asynccontextmanager
async def listening(servers: Servers, down: frozenset[int] = frozenset()) -> AsyncIterator[dict[str, int]]:
    """Runs the servers that are not down; gives what each answers and the place in the list that it stands for."""
    places: dict[str, int] = {}
    async with AsyncExitStack() as stack:
        for place, server in enumerate(servers):
            host = "127.0.0.1" if server.host == "localhost" else server.host
            own = host if host.startswith("/") else f"{host}:{server.port}"
            if own in places:
                raise SystemExit(f"{server.address} is twice in a list; its answers could not be told apart")
            places[own] = place
            if place in down:
                continue
            if host.startswith("/"):
                stack.callback(Path(host).unlink, missing_ok=True)
                await stack.enter_async_context(await asyncio.start_unix_server(_serve, host))
            else:
                await stack.enter_async_context(await asyncio.start_server(_serve, host, server.port))
        yield places


async def ask(port: int, keys: list[bytes], *, errors: bool = False, at_once: int = 100) -> list[bytes]:
    """What a proxy on loopback answers to `GET key`, in order; nothing for an error, where errors are awaited."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    for start in range(0, len(keys), at_once):
        some = keys[start : start + at_once]
        writer.write(b"".join(b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(key), key) for key in some))
        for _ in some:
            head = await reader.readline()
            if errors and head.startswith(b"-"):
                continue
            if not head.startswith(b"$"):
                raise SystemExit(f"the proxy says {head!r}")
            answers.append((await reader.readexactly(int(head[1:]) + 2))[:-2])
    writer.close()
    return answers

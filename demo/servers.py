"""memcached servers on loopback, by node id: started, stopped in order, or killed in the middle of a migration."""

from __future__ import annotations

import asyncio
import getpass
import os
import shutil
import signal
import socket
from collections.abc import Iterable
from dataclasses import dataclass

from demo.children import Children

MEGABYTES = 32
"""Memory of each server: ample for the whole population, so that nothing is evicted."""
START_SECONDS = 10.0
ATTEMPTS = 5


class ServerError(Exception):
    """A server that can't be had, with what would help."""


@dataclass(frozen=True)
class Server:
    """A running memcached."""

    id: str
    address: str
    process: asyncio.subprocess.Process


class Servers:
    """The memcached servers of one run. For use from one event loop."""

    def __init__(self, children: Children) -> None:
        """Checks that there is a memcached to run."""
        found = shutil.which("memcached")
        if found is None:
            raise ServerError("memcached isn't installed: on Debian `apt-get install memcached`")
        self._program = found
        self._children = children
        self._running: dict[str, Server] = {}

    def node(self, node_id: str) -> dict[str, object]:
        """A server as the spec names it."""
        return {"id": node_id, "address": self._running[node_id].address}

    def address(self, node_id: str) -> str:
        """Where a server listens, as `host:port`."""
        return self._running[node_id].address

    async def start(self, node_ids: Iterable[str]) -> None:
        """Starts servers with these node ids, all at once."""
        for server in await asyncio.gather(*(self._start(node_id) for node_id in node_ids)):
            self._running[server.id] = server

    async def stop(self, node_ids: Iterable[str]) -> None:
        """Stops servers in the ordinary way."""
        taken = [self._running.pop(node_id) for node_id in node_ids]
        await asyncio.gather(*(self._children.stop(server.process) for server in taken))

    async def kill(self, node_id: str) -> None:
        """Kills a server without warning, as a machine that loses its power."""
        await self._children.stop(self._running.pop(node_id).process, signal.SIGKILL)

    async def _start(self, node_id: str) -> Server:
        for _ in range(ATTEMPTS):
            port = free_port()
            command = [self._program, "-l", "127.0.0.1", "-p", str(port), "-U", "0"]
            command += ["-m", str(MEGABYTES), "-t", "1", "-c", "512"]
            if os.geteuid() == 0:
                # memcached refuses to run as root unless it is told whom to run as.
                command += ["-u", getpass.getuser()]
            process = await self._children.start(command)
            if await listens(port, process):
                return Server(node_id, f"127.0.0.1:{port}", process)
            # Someone else took the port in between: another one then.
            await self._children.stop(process)
        raise ServerError(f"memcached for {node_id} doesn't start: see the log")


def free_port() -> int:
    """A loopback port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def listens(port: int, process: asyncio.subprocess.Process) -> bool:
    """Waits until this very process answers on the port; false if it ended or took too long."""
    deadline = asyncio.get_running_loop().time() + START_SECONDS
    while process.returncode is None and asyncio.get_running_loop().time() < deadline:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.write(b"stats\r\nquit\r\n")
        answer = await reader.read()
        writer.close()
        return f"STAT pid {process.pid}\r\n".encode() in answer
    return False

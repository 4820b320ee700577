"""Real Redis processes on loopback."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from typing import Any

import redis
from servers import until


class RedisServer:
    """One Redis process on a port of its own, which it keeps when it is killed and started again. It saves nothing."""

    def __init__(self, *options: str) -> None:
        self.options = options
        with socket.create_server(("127.0.0.1", 0)) as chosen:
            self.port: int = chosen.getsockname()[1]
        self.start()

    def start(self) -> None:
        program = shutil.which("redis-server") or shutil.which("valkey-server")
        assert program, "redis-server is missing; on Debian: apt-get install redis-server"
        self.process = subprocess.Popen(
            [
                program,
                "--port",
                str(self.port),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
                *self.options,
            ],
            stdout=subprocess.DEVNULL,
        )
        try:
            until(lambda: self.process.poll() is not None or self._answers())
            assert self.process.poll() is None, "redis-server did not start"
        except BaseException:
            self.kill()
            raise

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port)) as one:
                one.sendall(b"PING\r\n")
                return one.recv(64).startswith((b"+PONG", b"-NOAUTH"))
        except OSError:
            return False

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def run(self, *command: Any) -> Any:
        """A command by redis-py's own client, to look at what is there."""
        with redis.Redis(port=self.port, socket_timeout=20) as client:
            return client.execute_command(*command)

    def get(self, key: str) -> bytes | None:
        """The value of a key; nothing too if there is only a lease."""
        value: bytes | None = self.run("GET", key)
        return None if value is not None and value.startswith(b"\0ringshift:lease:") else value

    def kill(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Stops the process as it is, and waits until it has stopped."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED)

    def resume(self) -> None:
        self.process.send_signal(signal.SIGCONT)

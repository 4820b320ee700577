"""Real memcached processes on loopback, and relays that write down what passes between them and a client."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path

from pymemcache.client.base import Client as Bare


class Server:
    """One memcached process on a port of its own. It keeps the port when it is killed and started again."""

    def __init__(self, *options: str) -> None:
        self.options = options
        self.port = -1
        self.start()

    def start(self) -> None:
        program = shutil.which("memcached")
        assert program, "memcached is missing; on Debian: apt-get install memcached"
        with tempfile.TemporaryDirectory() as folder:
            chosen = Path(folder) / "port"
            # As root it wants to be told so, and it has to write the file.
            user = ["-u", "root"] if os.geteuid() == 0 else []
            self.process = subprocess.Popen(
                [program, *user, "-l", "127.0.0.1", "-p", str(self.port), "-U", "0", "-m", "64", *self.options],
                env={**os.environ, "MEMCACHED_PORT_FILENAME": str(chosen)},
            )
            try:
                # The file says "TCP INET: 40123".
                until(lambda: self.process.poll() is not None or self.port != -1 or chosen.exists())
                if self.port == -1 and chosen.exists():
                    self.port = int(chosen.read_text().split()[-1])
                until(lambda: self.process.poll() is not None or answers(self.port))
                assert self.process.poll() is None, "memcached did not start"
            except BaseException:
                self.kill()
                raise

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def bare(self) -> Bare:
        """pymemcache's own client, to look at what is there."""
        return Bare(("127.0.0.1", self.port), connect_timeout=20, timeout=20, default_noreply=False)

    def get(self, key: str) -> bytes | None:
        """The value of a key; nothing too if there is only what stands in for a token."""
        client = self.bare()
        try:
            value: bytes | None = client.get(key)
            return None if value == b"" and self.is_leased(key) else value
        finally:
            client.close()

    def is_leased(self, key: str) -> bool:
        """Whether there is only what stands in for a token."""
        client = self.bare()
        try:
            return bool({b"W", b"Z"} & set(client.raw_command(f"mg {key} s").split()))
        finally:
            client.close()

    def flags_and_ttl(self, key: str) -> tuple[int, int]:
        """The flags of an item and the seconds that it has left, -1 for no end."""
        client = self.bare()
        try:
            words = client.raw_command(f"mg {key} t f").split()
        finally:
            client.close()
        assert words[0] == b"HD", words
        return int(words[2][1:]), int(words[1][1:])

    def set(self, key: str, value: bytes, expire: int = 0, flags: int = 0) -> None:
        client = self.bare()
        try:
            client.set(key, value, expire=expire, flags=flags)
        finally:
            client.close()

    def flush(self) -> None:
        client = self.bare()
        try:
            client.flush_all()
        finally:
            client.close()

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


class Relay:
    """Stands between a client and a server, and writes all that passes into a list that several may share.

    An entry is (name, "->" or "<-", line). What `cut` says of a line that goes to the server decides whether the
    connection is closed in place of passing it on, and `delay` for how many seconds it is held back; `rewrite` may
    change such lines.
    """

    def __init__(self, name: str, server: Server, log: list[tuple[str, str, str]]) -> None:
        self.name, self.server, self.log = name, server, log
        self.cut: Callable[[str], bool] = lambda _: False
        self.delay: Callable[[str], float] = lambda _: 0
        self.closed = threading.Event()
        self.rewrite: Callable[[str], str] | None = None
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.sockets: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._accept)]
        self.threads[0].start()

    def close(self) -> None:
        self.closed.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.threads[0].join()
        self.drop()
        for thread in self.threads[1:]:
            thread.join()

    def drop(self) -> None:
        """Closes all connections, as a network or a restarted server does."""
        while self.sockets:
            one = self.sockets.pop()
            # It may be closed already.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            upstream = socket.create_connection(("127.0.0.1", self.server.port))
            self.sockets += [client, upstream]
            for source, sink, mark in ((client, upstream, "->"), (upstream, client, "<-")):
                thread = threading.Thread(target=self._pass, args=(source, sink, mark))
                self.threads.append(thread)
                thread.start()

    def _pass(self, source: socket.socket, sink: socket.socket, mark: str) -> None:
        try:
            while data := source.recv(65_536):
                lines = [line.decode("latin-1") for line in data.split(b"\r\n") if line]
                self.log += [(self.name, mark, line) for line in lines]
                if mark == "->" and any(map(self.cut, lines)):
                    break
                if mark == "->" and (seconds := max(map(self.delay, lines), default=0)):
                    self.closed.wait(seconds)
                if mark == "->" and self.rewrite is not None:
                    data = b"".join(self.rewrite(line).encode("latin-1") + b"\r\n" for line in lines)
                sink.sendall(data)
        except OSError:
            pass  # the other direction was closed
        for one in (source, sink):
            # It may be closed already.
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)


def answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port)) as one:
            one.sendall(b"version\r\n")
            return one.recv(64).startswith(b"VERSION")
    except OSError:
        return False


def until(condition: Callable[[], object]) -> None:
    """Waits for a condition; the time limit of the test ends what never comes."""
    while not condition():
        time.sleep(0.002)

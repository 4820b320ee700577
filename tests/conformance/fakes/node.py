"""One scripted node: a TCP server on loopback that speaks one family of protocols over a store."""

from __future__ import annotations

import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from .journal import Entry, Fault, Journal
from .store import Store
from .turn import Broken, Refused, Turn

LARGEST_ITEM = 1024 * 1024


class Speaker(Protocol):
    """A protocol on one connection."""

    @property
    def half(self) -> bytes:
        """The beginning of an answer that goes no further."""

    def feed(self, data: bytes, turn: Turn) -> None:
        """Carries out every command that has come in whole, and answers into the turn."""


class Node:
    """A server with a store; each connection has a thread, and commands are carried out one at a time."""

    def __init__(
        self, name: str, journal: Journal, speak: Callable[[Node], Speaker], *, cas: bool = True, old: bool = False
    ) -> None:
        """Listens at once. An `old` memcached does not know meta commands."""
        self.name = name
        self.journal = journal
        self.store = Store(cas=cas)
        self.old = old
        self.scripts: set[str] = set()
        # Redis: times that were asked for without the value, neither before it nor in one piece with it.
        self.times: Counter[bytes] = Counter()
        self._speak = speak
        self._connections: set[socket.socket] = set()
        self._listener: socket.socket | None = None
        self.port = 0
        self.accept()

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    # ---- What a command does first

    def enter(self, turn: Turn, op: str, key: bytes) -> None:
        """Runs into the faults that wait for a command; the caller notes it, unless it is not carried out."""
        fault = self.journal.meet(self.name, op, key.decode("latin-1"))
        if fault is None:
            return
        if fault.do in {"close", "cut", "hang"}:
            raise Broken(fault)
        if fault.do == "too_large":
            self.note(op, key)
        if fault.failing:
            raise Refused(fault.do)
        turn.waits.append(fault)

    def note(self, op: str, key: bytes) -> None:
        """Adds an entry for a command that is not a read."""
        self.journal.note(Entry(self.name, op, key.decode("latin-1")))

    # ---- Being there or not

    def accept(self) -> None:
        """Takes connections, on the port that it had before."""
        if self._listener is not None:
            return
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._listen, args=(self._listener,), daemon=True).start()

    def refuse(self) -> None:
        """Takes no connections any more, and closes those that there are."""
        if self._listener is not None:
            # Closing alone would leave the thread in `accept`.
            self._listener.shutdown(socket.SHUT_RDWR)
            self._listener.close()
            self._listener = None
        self.disconnect()

    def restart(self) -> None:
        """Comes back empty: connections are closed, CAS numbers start anew."""
        self.store.restart()
        self.scripts.clear()
        self.disconnect()

    def disconnect(self) -> None:
        """Closes all connections."""
        for connection in list(self._connections):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _listen(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    # ---- One connection

    def _serve(self, connection: socket.socket) -> None:
        speaker = self._speak(self)
        try:
            with connection, suppress(OSError):
                while data := connection.recv(1 << 16):
                    if not self._turn(connection, speaker, data):
                        return
        # A fault of the fake itself must fail the test, not look like a server that died.
        except Exception as error:  # noqa: BLE001
            self.journal.problems.append(f"{self.name}: {error!r}")
        finally:
            self._connections.discard(connection)

    def _turn(self, connection: socket.socket, speaker: Speaker, data: bytes) -> bool:
        """Carries out what has come; whether the connection goes on."""
        turn = Turn()
        broken: Fault | None = None
        with self.journal.lock:
            try:
                speaker.feed(data, turn)
            except Broken as end:
                broken = end.fault
        for fault in turn.waits:
            self._wait(fault)
        if broken is not None and broken.do == "cut":
            turn.out += speaker.half
        connection.sendall(turn.out)
        if broken is not None and broken.do == "hang":
            # Until the client has had enough.
            while connection.recv(1 << 16):
                pass
        return broken is None and not turn.closing

    def _wait(self, fault: Fault) -> None:
        for change in fault.changes:
            self.journal.apply(change)
        if fault.do == "hold":
            self.journal.hold(fault)
        if fault.do == "pause":
            time.sleep(fault.milliseconds / 1000)
            with self.journal.lock:
                self.journal.note(Entry(self.name, "", "", text=f"{self.name} answers"))

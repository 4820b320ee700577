"""The watcher: a daemon thread that refreshes a router every few seconds.

It doesn't keep the router alive, ends with it or when it is closed, runs on in a forked child, and is gone before the
interpreter shuts down. What happened to the router is logged by the logger "ringshift", each event once: the log record
has it as the attribute "ringshift_event".
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import weakref

from ringshift import _ringshift
from ringshift.errors import ClosedError, InternalError, IoError, SpecError

__all__ = ["Watcher", "start"]

_log = logging.getLogger("ringshift")
_log.addHandler(logging.NullHandler())

# A file system that hangs must not keep the process from ending.
_LAST_WAIT = 5.0


class Watcher:
    """Refreshes one router until it is stopped. All methods may be called from any thread."""

    def __init__(self, router: _ringshift.Router, seconds: float) -> None:
        """Starts the thread."""
        self._router = weakref.ref(router)
        self._seconds = seconds
        self._stopped = False
        # What happened before there was a watcher is logged as well.
        self._start(router, 0)

    def stop(self) -> None:
        """Ends the thread; a refresh that is going on is finished first, but not waited for."""
        self._stopped = True
        self._wake.put(None)

    def join(self, timeout: float) -> None:
        """Waits until the thread has ended, at most so many seconds."""
        if self._thread is not threading.current_thread():
            self._thread.join(timeout)

    def restart(self) -> None:
        """Runs on in a forked child, which has none of its parent's threads."""
        router = self._router()
        if not self._stopped and router is not None:
            # The parent logs what has happened so far.
            self._start(router, max((event["sequence"] for event in router.events()), default=0))

    def _start(self, router: _ringshift.Router, seen: int) -> None:
        # No `threading.Event`: the garbage collector may set it in a thread that holds its lock. A SimpleQueue is made
        # for that.
        wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        # The router owns this watcher, which is gone when the router goes; the thread keeps what wakes it.
        gone = weakref.ref(router, lambda _: wake.put(None))
        self._wake = wake
        self._thread = threading.Thread(
            target=_watch, args=(gone, wake, self._seconds, seen), name="ringshift-watch", daemon=True
        )
        self._thread.start()


def start(router: _ringshift.Router, seconds: float) -> Watcher:
    """Starts a watcher for a router; the router calls this, and `stop` when it is closed."""
    watcher = Watcher(router, seconds)
    _watchers.add(watcher)
    return watcher


def register_hooks() -> None:
    """Registers what must happen around forks and before the interpreter ends; once."""
    if not _hooked:
        _hooked.append(True)
        os.register_at_fork(
            before=_ringshift._before_fork,  # noqa: SLF001
            after_in_parent=_ringshift._after_fork_in_parent,  # noqa: SLF001
            after_in_child=_in_child,
        )
        atexit.register(_at_exit)


_watchers: weakref.WeakSet[Watcher] = weakref.WeakSet()
_hooked: list[bool] = []


def _watch(this: weakref.ref[_ringshift.Router], wake: queue.SimpleQueue[None], seconds: float, seen: int) -> None:
    """What the thread does. It holds the router only while it asks it something."""
    look = _log_events
    while True:
        router = this()
        if router is None:
            return
        try:
            seen = look(router, seen)
        except ClosedError:
            return
        del router
        try:
            wake.get(timeout=seconds)
        except queue.Empty:
            look = _refresh
        else:
            return


def _refresh(router: _ringshift.Router, seen: int) -> int:
    """Refreshes and logs; a spec that is refused is among the events."""
    try:
        router.refresh()
    except InternalError:
        _log.exception("a refresh failed, the last good spec stays in force")
    except (SpecError, IoError):
        pass
    return _log_events(router, seen)


def _log_events(router: _ringshift.Router, seen: int) -> int:
    """Logs the events after the last that was seen; the last one now."""
    for event in router.events(seen):
        seen = event["sequence"]
        level = logging.WARNING if event["level"] == "warning" else logging.INFO
        _log.log(level, "%s: %s", event["kind"], event["message"], extra={"ringshift_event": event})
    return seen


def _in_child() -> None:
    _ringshift._after_fork_in_child()  # noqa: SLF001
    for watcher in list(_watchers):
        watcher.restart()


def _at_exit() -> None:
    """Ends the threads while the interpreter is whole; one that is in native code later would never come back."""
    watchers = list(_watchers)
    for watcher in watchers:
        watcher.stop()
    for watcher in watchers:
        watcher.join(_LAST_WAIT)

"""The watcher: a daemon thread that refreshes a router every few seconds.

It doesn't keep the router alive, ends with it or when it is closed, runs on in a forked child, and is gone before the
interpreter shuts down. What happened to the router is logged by the logger "ringshift", each event once: the log record
has it as the attribute "ringshift_event".
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import queue
import sys
import threading
import time
import weakref

from ringshift import _ringshift
from ringshift.errors import ClosedError, InternalError, IoError, SpecError

__all__ = ["Watcher", "start"]

_log = logging.getLogger("ringshift")
_log.addHandler(logging.NullHandler())

# A file system that hangs must keep the process neither from ending nor from forking.
_LAST_WAIT = 5.0


class _Thread(threading.Thread):
    """The thread of a watcher, so that it can be told from others when its watcher is gone already."""


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

    def restart(self) -> None:
        """Runs on in a forked child, which has none of its parent's threads."""
        router = self._router()
        if self._stopped or router is None:
            return
        try:
            # The parent logs what has happened so far.
            seen = max((event["sequence"] for event in router.events()), default=0)
        except ClosedError:
            # The fork came between the closing and the end of this.
            return
        self._start(router, seen)

    def _start(self, router: _ringshift.Router, seen: int) -> None:
        # No `threading.Event`: the garbage collector may set it in a thread that holds its lock. A SimpleQueue is made
        # for that.
        wake: queue.SimpleQueue[object] = queue.SimpleQueue()
        # The router owns this watcher, which is gone when the router goes; the thread keeps what wakes it.
        # What is called when it goes runs no Python code: see `ending` in the native module.
        gone = weakref.ref(router, wake.put)
        self._wake = wake
        _Thread(target=_watch, args=(gone, wake, self._seconds, seen), name="ringshift-watch", daemon=True).start()


def start(router: _ringshift.Router, seconds: float) -> Watcher:
    """Starts a watcher for a router; the router calls this, and `stop` when it is closed."""
    watcher = Watcher(router, seconds)
    with contextlib.suppress(queue.Empty):
        while True:
            _watchers.discard(_gone.get_nowait())
    _watchers.add(weakref.ref(watcher, _gone.put))
    return watcher


def register_hooks() -> None:
    """Registers what must happen around forks and before the interpreter ends; once."""
    if not _hooked:
        _hooked.append(True)
        os.register_at_fork(
            before=_before_fork,
            after_in_parent=_ringshift._after_fork_in_parent,  # noqa: SLF001
            after_in_child=_in_child,
        )
        atexit.register(_at_exit)


# No `WeakSet`, which runs Python code when something goes.
_watchers: set[weakref.ref[Watcher]] = set()
_gone: queue.SimpleQueue[weakref.ref[Watcher]] = queue.SimpleQueue()
_hooked: list[bool] = []


def _watch(this: weakref.ref[_ringshift.Router], wake: queue.SimpleQueue[object], seconds: float, seen: int) -> None:
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


def _living() -> list[Watcher]:
    return [watcher for watcher in (this() for this in _watchers.copy()) if watcher is not None]


def _before_fork() -> None:
    _ringshift._before_fork(_LAST_WAIT)  # noqa: SLF001


def _in_child() -> None:
    _ringshift._after_fork_in_child()  # noqa: SLF001
    for watcher in _living():
        try:
            watcher.restart()
        except (RuntimeError, InternalError) as error:
            # No more threads, or a refresh that nobody finishes here: the child serves on by the spec that it has, and
            # the other watchers have their turn.
            _log.error("the watcher could not be started after a fork: %s", error)


def _at_exit() -> None:
    """Ends the threads while the interpreter is whole; one that is in native code later would never come back."""
    for watcher in _living():
        watcher.stop()
    end = time.monotonic() + _LAST_WAIT
    # Also of watchers that were stopped just before.
    for thread in threading.enumerate():
        if isinstance(thread, _Thread) and thread.is_alive() and thread is not threading.current_thread():
            thread.join(max(0.0, end - time.monotonic()))
    if sys.version_info < (3, 14):
        # Later versions let daemon threads sleep at the end instead of ending them where they are.
        _ringshift._at_exit(_LAST_WAIT)  # noqa: SLF001

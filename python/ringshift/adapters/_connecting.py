"""Telling nodes to which no connection could be made from those whose connection failed.

A client's own errors don't say it. So its connections connect inside of `connecting`, which marks what is raised there
with what is to be reported: the node is unreachable, or nothing was sent for want of something in this process.
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final, Literal

Fault = Literal["unreachable", "unsent"]

_MARK: Final = "_ringshift_fault"
# This process has nothing left to connect with, which tells nothing about the node.
_LOCAL: Final = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
# Connections end so that had begun: in the handshake of TLS, or accepted and closed at once.
_ENDED: Final = (ssl.SSLError, ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


@contextmanager
def connecting(*, secured: bool) -> Iterator[None]:
    """Marks what is raised if it says that there is no connection: refused, no route, no such name, not in time.

    Args:
        secured: Whether the handshake of TLS is part of it. Which of the two took too long is not known then, and a
            node that was reached must not be taken for one that was not.
    """
    try:
        yield
    except UnicodeError as error:
        # What Python says of names that can't be in the DNS.
        unknown = socket.gaierror(socket.EAI_NONAME, str(error))
        mark(unknown, "unreachable")
        raise unknown from error
    except OSError as error:
        ended = isinstance(error, _ENDED) or (secured and isinstance(error, TimeoutError))
        if not ended:
            mark(error, "unsent" if error.errno in _LOCAL else "unreachable")
        raise


def mark(error: Exception, fault: Fault) -> None:
    """Marks an error, such as one that a client raises in place of a marked one."""
    error.__dict__[_MARK] = fault


def connecting_fault(error: Exception) -> Fault | None:
    """What to report for an error, if it comes from a connection that could not be made."""
    fault: Fault | None = error.__dict__.get(_MARK)
    return fault

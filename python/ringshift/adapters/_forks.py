"""What a forked child has to make anew: locks that a thread of its parent may have had, and connections."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Forgetful(Protocol):
    """Something that is not to be used in a child as it was in its parent."""

    def forget(self) -> None:
        """Is called in the child, which has one thread, before anything else happens there."""


_in_use: weakref.WeakSet[Forgetful] = weakref.WeakSet()


def forget_in_child(thing: Forgetful) -> None:
    """From now on, `thing.forget` is called in every forked child, for as long as somebody else keeps the thing."""
    _in_use.add(thing)


def _in_child() -> None:
    for thing in list(_in_use):
        thing.forget()


os.register_at_fork(after_in_child=_in_child)

"""What a cache node holds: items with value, flags, time to live and CAS number, and what stands in for a token."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

PLACEHOLDER = b"\0ringshift:lease"
LEASE = b"\0ringshift:lease:"
STAND_IN_SECONDS = 30
MONTH = 30 * 24 * 60 * 60


@dataclass(slots=True)
class Item:
    """An item, or what stands in for a token."""

    value: bytes
    flags: int = 0
    expires: float | None = None
    """The Unix time at which it ends."""
    cas: int = 0
    sent: bool = False
    """memcached: somebody was told that the item is theirs to fill (`W`); others are told that it is taken (`Z`)."""
    stale: bool = False
    """memcached: marked by a meta delete (`X`)."""
    dying: bool = False
    """Tells that nothing is left of its time, without ending: the last moment, for as long as a test needs."""

    @property
    def stand_in(self) -> bool:
        """Whether it stands in for a token, which makes it a miss to every read."""
        marked = not self.value and (self.sent or self.stale)
        return marked or self.value == PLACEHOLDER or self.value.startswith(LEASE)

    def left(self) -> float | None:
        """The seconds that it has left; None for no end."""
        if self.dying:
            return 0.0
        return None if self.expires is None else max(0.0, self.expires - time.time())

    def seconds(self) -> int:
        """The same as memcached tells it: -1 for no end."""
        left = self.left()
        return -1 if left is None else math.ceil(left)


class Store:
    """The items of one node. Its owner takes care that only one thread is in it."""

    def __init__(self, *, cas: bool = True) -> None:
        """Empty. With `cas=False`, all CAS numbers are 0, as of `memcached -C`."""
        self.items: dict[bytes, Item] = {}
        self._has_cas = cas
        self._last = 0

    def restart(self) -> None:
        """Loses everything; CAS numbers start anew."""
        self.items.clear()
        self._last = 0

    def get(self, key: bytes) -> Item | None:
        """The item, if it has not ended."""
        item = self.items.get(key)
        if item is not None and not item.dying and item.expires is not None and item.expires <= time.time():
            del self.items[key]
            return None
        return item

    def put(self, key: bytes, item: Item) -> Item:
        """Stores an item under a CAS number of its own."""
        self.items[key] = self.changed(item)
        return item

    def changed(self, item: Item) -> Item:
        """Gives an item its next CAS number."""
        self._last += 1
        item.cas = self._last if self._has_cas else 0
        return item

    def drop(self, key: bytes) -> bool:
        """Removes an item; whether it was there."""
        return self.get(key) is not None and self.items.pop(key) is not None


def after(seconds: float | None) -> float | None:
    """The time that is so many seconds from now; None for no end."""
    return None if seconds is None else time.time() + seconds


def from_exptime(exptime: int) -> float | None:
    """memcached's `exptime`: 0 no end, up to 30 days seconds from now, above that a Unix time, below 0 over."""
    if exptime == 0:
        return None
    return float(exptime) if exptime > MONTH else after(exptime)

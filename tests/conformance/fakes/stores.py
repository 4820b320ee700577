"""What memcached's stores and counters do, whatever protocol asks for it."""

from __future__ import annotations

from .node import Node
from .store import Item

LONGEST_KEY = 250
REFUSALS = {"error": b"SERVER_ERROR scripted fault\r\n", "too_large": b"SERVER_ERROR object too large for cache\r\n"}


def count(number: int, amount: int) -> int:
    """memcached's arithmetic: 64 bits, and never below 0."""
    return max(0, number + amount) % (1 << 64)


def store(node: Node, name: bytes, key: bytes, item: Item, unique: int) -> bytes:
    """Stores an item as one of the commands of `STORES` does; what memcached's text says to it."""
    old = node.store.get(key)
    match name:
        case b"cas":
            if old is None:
                return b"NOT_FOUND\r\n"
            # Without CAS numbers none matches, not even 0.
            if old.cas != unique or old.cas == 0:
                return b"EXISTS\r\n"
        case b"add":
            if old is not None:
                return b"NOT_STORED\r\n"
        case b"replace" | b"append" | b"prepend":
            if old is None:
                return b"NOT_STORED\r\n"
            if name != b"replace":
                joined = old.value + item.value if name == b"append" else item.value + old.value
                item = Item(joined, old.flags, old.expires)
    node.store.put(key, item)
    return b"STORED\r\n"

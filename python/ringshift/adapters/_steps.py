"""What carrying out a route consists of: steps and their replies.

A plan (`_reading`, `_writing`) is a generator that yields steps which may be sent at the same time, gets their replies,
and returns the result of the whole operation. It knows the rules and no client. A transport sends one step to one node;
it knows a client and no rules. What hands steps from one to the other (`_carrying`) is the same for every client.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal, NamedTuple, TypeVar

from ringshift._ringshift import Node

UNKNOWN: Final = -1
"""The remaining time of an item whose server can't tell it. Such an item is never copied."""


class Item(NamedTuple):
    """A value as a cache keeps it."""

    value: bytes
    """The bytes on the wire."""
    flags: int = 0
    """What the client keeps beside the value, where its protocol can."""
    ttl: float | None = None
    """Seconds that it has left; None for no end."""


class Token(NamedTuple):
    """What a fill has to show: that nothing has been removed at this node since the token was taken."""

    text: bytes
    """What the server is asked to compare."""
    epoch: int = 0
    """When it was taken, where a token is only good on connections that were there at that time."""


class Do(Enum):
    """What a step asks of a node."""

    GET = "get"
    """Get the items: an `Item` or None for each key."""
    TAKE = "take"
    """The same, with the time that they have left, to copy them."""
    GETS = "gets"
    """Get the items with their tokens for CAS: a pair for each key, or None."""
    SEEK = "seek"
    """Get the items, or tokens to fill what is missing: an `Item`, a `Token`, or None if there is neither."""
    FILL = "fill"
    """Store items where their tokens still hold: True, False or a `Refused` for each key."""
    ADD = "add"
    """Store items where nothing is stored: True or False for each key."""
    SET = "set"
    """Store items: True, or a `Refused`, for each key."""
    REPLACE = "replace"
    """Store items where something is stored: True, False or a `Refused` for each key."""
    CAS = "cas"
    """Store an item in place of a certain one: True, False (another one is there), None (nothing is there)."""
    DELETE = "delete"
    """Remove: for each key whether it was there."""
    TOUCH = "touch"
    """Give the items another time to live (that of `items`): for each key whether it was there."""


# The op under which a step's outcome is reported. A set replaces what is no longer true: where it fails, an
# invalidation is lost.
OPS: Final[dict[Do, Literal["read", "fill", "invalidate"]]] = {
    Do.GET: "read",
    Do.TAKE: "read",
    Do.GETS: "read",
    Do.SEEK: "read",
    Do.TOUCH: "read",
    Do.FILL: "fill",
    Do.ADD: "fill",
    Do.SET: "invalidate",
    Do.REPLACE: "invalidate",
    Do.CAS: "invalidate",
    Do.DELETE: "invalidate",
}


@dataclass(slots=True, eq=False)
class Step:
    """One request to one node about one or more keys."""

    do: Do
    node: Node
    keys: Sequence[bytes]
    """The keys as the router got them; the transport puts the node's prefix before them."""
    items: Sequence[Item] = ()
    """For each key its item, where items are stored."""
    tokens: Sequence[Token] = ()
    """For each key its token, where one has to be shown."""


@dataclass(slots=True, eq=False)
class Failure:
    """The reply to a step that was not acknowledged, or for one of its keys."""

    error: Exception
    outcome: Literal["error", "timeout", "unreachable", "unsent"]
    """What to report."""


@dataclass(slots=True, eq=False)
class Refused:
    """For one key: the node answered that it won't store this item, such as one that is too large."""

    error: Exception


Reply = Sequence[Any] | Failure
"""What a step says for each key, with a `Failure` for one that has no answer; or a `Failure` if none has.

A DELETE says None of what the node can't have: it is not there, and was not asked for.
"""
Result = TypeVar("Result")


def per_key(reply: Reply, keys: int) -> Sequence[Any]:
    """What a reply says for each of so many keys."""
    return [reply] * keys if isinstance(reply, Failure) else reply


Plan = Generator[list[Step], list[Reply], Result]

Send = Callable[[Step], Reply]
"""Sends one step by some cache client. A node's failure is a reply; only a caller's mistake is raised."""

SendAsync = Callable[[Step], Awaitable[Reply]]
"""The same where the answer is awaited."""

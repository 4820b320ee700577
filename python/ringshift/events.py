"""The shape of what `Router.events()` gives, for a program's log."""

from __future__ import annotations

from typing import Literal, TypedDict

__all__ = ["Event"]


class Event(TypedDict):
    """One thing that happened to a router. No key and no value is ever in it."""

    sequence: int
    """Its number: 1 for a router's first event, and one more for each."""
    time: int
    """When it happened, in milliseconds since 1970."""
    kind: str
    """applied, rejected, mended, illegal, last_good_used, last_good_unsaved, last_good_saved, breaker_opened,
    breaker_closed, cluster_breaker_opened or cluster_breaker_closed. More kinds may come."""
    level: Literal["info", "warning"]
    """How to log it."""
    generation: int
    """The generation that was in force after it."""
    cluster: str | None
    """The cluster that it is about, if it is about one."""
    node: str | None
    """The node's id, if it is about one."""
    error: str | None
    """The kind of error, if it is about one, such as spec_syntax."""
    pointer: str | None
    """The JSON pointer of what is wrong with the spec, if that is known."""
    line: int | None
    """The line in the spec, from 1."""
    column: int | None
    """The column in that line, in bytes, from 1."""
    message: str
    """What happened, for people to read."""

"""One turn of a connection: the commands that came in one piece, their answers, and what happens in between."""

from __future__ import annotations

from dataclasses import dataclass, field

from .journal import Fault


class Broken(Exception):  # noqa: N818 - not an error of the server: it is meant
    """The rest of the turn is not carried out: the connection is closed, or hangs."""

    def __init__(self, fault: Fault) -> None:
        """Keeps what it is due to."""
        super().__init__(fault.do)
        self.fault = fault


class Refused(Exception):  # noqa: N818
    """A command is answered with an error on purpose."""

    def __init__(self, do: str) -> None:
        """`do` is `error` or `too_large`."""
        super().__init__(do)
        self.do = do


@dataclass(slots=True)
class Turn:
    """The answers of a turn."""

    out: bytearray = field(default_factory=bytearray)
    """What is sent at the end of it."""
    waits: list[Fault] = field(default_factory=list)
    """What happens after the commands have been carried out and before they are answered."""
    closing: bool = False
    """The client said goodbye."""

"""The exceptions of ringshift: one class for each kind of error of the core."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

__all__ = [
    "KINDS",
    "ClosedError",
    "Error",
    "GenerationConflictError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidKeyError",
    "InvalidationLostError",
    "IoError",
    "LostInvalidation",
    "SpecError",
    "SpecInvalidError",
    "SpecLimitError",
    "SpecSyntaxError",
    "StaleGenerationError",
]


class Error(Exception):
    """Whatever ringshift raises.

    Attributes:
        kind: The kind's name, the same in every language; "" for a class that stands for several kinds.
        pointer: The JSON pointer of the offending value in the spec, if the error is about one.
        line: Its line in the spec, from 1, if it has one.
        column: Its column in that line, in bytes, from 1.
    """

    kind: ClassVar[str] = ""

    pointer: str | None
    line: int | None
    column: int | None

    def __init__(
        self, message: str, *, pointer: str | None = None, line: int | None = None, column: int | None = None
    ) -> None:
        """Makes an error of a message and, if it has one, a place in a spec."""
        super().__init__(message)
        self.pointer = pointer
        self.line = line
        self.column = column


class InvalidArgumentError(Error, ValueError):
    """An argument or option that cannot be meant, such as an unknown outcome."""

    kind = "invalid_argument"


class InvalidKeyError(Error, ValueError):
    """A key that is not a sequence of bytes, such as a string with a lone surrogate."""

    kind = "invalid_key"


class IoError(Error, OSError):
    """The spec file could not be read, or the last good copy not be written."""

    kind = "io"


class SpecError(Error):
    """A spec that is not put in force; its subclasses say why."""


class SpecSyntaxError(SpecError):
    """The spec is not JSON."""

    kind = "spec_syntax"


class SpecInvalidError(SpecError):
    """The spec is JSON, but not a valid spec."""

    kind = "spec_invalid"


class SpecLimitError(SpecError):
    """The spec exceeds a hard limit."""

    kind = "spec_limit"


class StaleGenerationError(SpecError):
    """The spec's generation is lower than the one in force."""

    kind = "stale_generation"


class GenerationConflictError(SpecError):
    """The spec has the generation in force, but other content."""

    kind = "generation_conflict"


class ClosedError(Error):
    """The router was closed."""

    kind = "closed"


class LostInvalidation(NamedTuple):
    """One invalidation that was not acknowledged."""

    cluster: str
    """The cluster's name."""
    node: str
    """The node's id."""
    address: str
    """The node's address."""
    key: bytes
    """The key, as it was given to the router."""


class InvalidationLostError(Error):
    """An invalidation was not acknowledged: the node may still hold an old value.

    Send it again until it succeeds. While it is owed, don't move the migration's stage towards that cluster. The
    message names no key; a key may be personal data, and messages end up in logs.

    Attributes:
        lost: All invalidations that were not acknowledged, in the order in which they were sent.
    """

    kind = "invalidation_lost"

    lost: tuple[LostInvalidation, ...]

    def __init__(self, message: str, lost: tuple[LostInvalidation, ...] = ()) -> None:
        """Makes an error for the given invalidations."""
        super().__init__(message)
        self.lost = lost

    @property
    def cluster(self) -> str | None:
        """The cluster of the first lost invalidation."""
        return self.lost[0].cluster if self.lost else None

    @property
    def node(self) -> str | None:
        """The id of the node of the first lost invalidation."""
        return self.lost[0].node if self.lost else None

    @property
    def key(self) -> bytes | None:
        """The key of the first lost invalidation."""
        return self.lost[0].key if self.lost else None


class InternalError(Error):
    """A fault inside ringshift, caught before it reached you. Please report it."""

    kind = "internal"


KINDS: dict[str, type[Error]] = {
    error.kind: error
    for error in (
        InvalidArgumentError,
        InvalidKeyError,
        IoError,
        SpecSyntaxError,
        SpecInvalidError,
        SpecLimitError,
        StaleGenerationError,
        GenerationConflictError,
        ClosedError,
        InvalidationLostError,
        InternalError,
    )
}
"""The classes by the name of their kind, in the order of the kinds' numbers."""

# The native module, described by hand; `python -m mypy.stubtest ringshift._ringshift` compares it with the real one.
# People import these names from `ringshift`.

from array import array
from collections.abc import Iterable
from os import PathLike
from types import TracebackType
from typing import Final, Literal, Self, TypeVar, final, overload

from typing_extensions import Buffer

from ringshift._moves import Moves
from ringshift.errors import Error
from ringshift.events import Event
from ringshift.metrics import Metrics

__all__ = ["NO_NODE", "Node", "Route", "Router", "Target", "error_kinds", "moves"]

__version__: str

_Room = TypeVar("_Room", bound=Buffer)

NO_NODE: Final[int]
"""Stands for "nowhere to read" among the indices of nodes: 0xffffffff."""

@final
class Node:
    """A node of a cluster: what a client needs to send a key there.

    A router has one object for each node, for as long as it lives, so nodes can be compared with `is` and used as keys
    of a dict. A node that is in two clusters is two of these. Immutable; made by routers only.
    """

    @property
    def index(self) -> int:
        """A number that no other node of the same router has, ever."""
    @property
    def id(self) -> str:
        """The stable name that decides placement."""
    @property
    def address(self) -> str:
        """Where to connect: `host:port`, `[v6]:port` or the path of a Unix socket."""
    @property
    def zone(self) -> str | None:
        """The failure domain, if the spec names one."""
    @property
    def cluster(self) -> str:
        """The name of the cluster that this node is a node of."""
    @property
    def key_prefix(self) -> str:
        """What to put before a key on the wire; "" if nothing. Keys are given to the router without it."""
    @property
    def weight(self) -> int:
        """Share of the keys relative to the cluster's other nodes."""

@final
class Target:
    """Where a key lives in one cluster. Nodes whose breaker is open are left out. Immutable."""

    @property
    def node(self) -> Node:
        """The node to read first."""
    @property
    def nodes(self) -> tuple[Node, ...]:
        """The nodes in the order in which to read them; at least one."""
    @property
    def cluster(self) -> str:
        """The cluster's name."""
    @property
    def key_prefix(self) -> str:
        """What the cluster puts before keys on the wire."""

@final
class Route:
    """What to do for a key. Immutable; keys with equal routes usually get the same object.

    It doesn't hold the key, and it belongs to one generation: use it at once, and ask again for the next request.
    """

    @property
    def read(self) -> Target | None:
        """Where to read; None if open breakers, of nodes or clusters, leave nothing to read: go to the origin."""
    @property
    def fallback(self) -> Target | None:
        """Where to look after a miss, if anywhere."""
    @property
    def single(self) -> Node | None:
        """The node of a route that is about one node only: it is read and invalidated, and there is no fallback.

        So most routes are outside of a migration; None for any other route.
        """
    @property
    def fill(self) -> bool:
        """Whether a value that is found at `fallback` is copied to `read`."""
    @property
    def invalidate(self) -> tuple[Node, ...]:
        """The nodes at which the key must be removed when its value changes, in this order.

        Each must acknowledge before the next is sent. Breakers don't matter here.
        """
    @property
    def stage(self) -> Literal["none", "prepare", "ramp", "soak"]:
        """The stage of the migration in this process' region."""
    @property
    def moved(self) -> bool:
        """Whether the key has moved; an open breaker may still send it elsewhere."""
    @property
    def generation(self) -> int:
        """The generation of the spec that the route comes from."""

@final
class Router:
    """Answers routes from the spec in force, and takes up a new spec while it does.

    Any number of threads may use one router, and a forked child may use its parent's. Every method raises `ClosedError`
    once the router is closed. A router is also a context manager that closes itself.

    A key is `str`, which stands for its UTF-8 bytes, or `bytes` or any other C-contiguous buffer. A string with a lone
    surrogate has no UTF-8 bytes and raises `InvalidKeyError`. Anything else raises `TypeError`.
    """

    @staticmethod
    def open(
        path: str | PathLike[str],
        *,
        region: str | None = None,
        watch: float | None = None,
        last_good: str | PathLike[str] | None = None,
    ) -> Router:
        """Opens a spec file.

        Args:
            path: The file.
            region: The region of this process; decides which plan of a migration it follows.
            watch: Seconds between two refreshes, which a daemon thread makes; None to call `refresh` yourself.
            last_good: Where a copy of the last good spec is kept. If the file is missing or bad, the router starts from
                that copy, and `last_error` says what is wrong with the file.

        Raises:
            IoError: The file can't be read.
            SpecError: It holds no valid spec; the error says where, what is wrong and what would be right.
            InvalidArgumentError: `region` is not a name, or `watch` is not a time.
        """
    @staticmethod
    def from_spec(
        text: str | Buffer,
        *,
        region: str | None = None,
        watch: float | None = None,
        last_good: str | PathLike[str] | None = None,
    ) -> Router:
        """A router without a file. Its spec changes by `apply`; a refresh only follows the schedule.

        Raises:
            SpecError: The text is no valid spec.
            InvalidArgumentError: `region` is not a name, or `watch` is not a time.
        """
    def route(self, key: str | Buffer) -> Route:
        """The route of a key. Takes no lock that another thread could hold, and opens nothing.

        Raises:
            InvalidKeyError: The key has no bytes.
        """
    def route_many(self, keys: Iterable[str | Buffer]) -> list[Route]:
        """The routes of many keys, in their order and from one generation.

        Raises:
            InvalidKeyError: A key has no bytes.
        """
    @overload
    def index_many(self, keys: Iterable[str | Buffer], out: None = None) -> array[int]: ...
    @overload
    def index_many(self, keys: Iterable[str | Buffer], out: _Room) -> _Room:
        """The `Node.index` of the node that is read first, for many keys: the fastest way to place them.

        All belong to one generation. `NO_NODE` stands for nowhere to read. Fastest for a list of `str`.

        Args:
            keys: The keys.
            out: Where to write the indices: a writable, contiguous buffer of unsigned 4-byte integers, such as an
                `array.array("I")` or a numpy array of `uint32`, with room for as many or more.

        Returns:
            `out`, or a new `array.array("I")`.

        Raises:
            InvalidKeyError: A key has no bytes; some of `out` may then be written.
            TypeError: `out` is no such buffer.
            ValueError: `out` is too short.
        """
    def node(self, index: int) -> Node:
        """The node of an index that this router gave out, however long ago it left the spec.

        Raises:
            InvalidArgumentError: This router has no such node.
        """
    def group_by_node(self, keys: Iterable[str | Buffer]) -> dict[Node | None, list[int]]:
        """The positions of keys by the node that is read first; under None those with nowhere to read.

        Raises:
            InvalidKeyError: A key has no bytes.
        """
    def report(
        self,
        node: Node | Target,
        outcome: Literal["hit", "miss", "ok", "error", "timeout", "unreachable", "unsent"],
        op: Literal["read", "fill", "invalidate"] = "read",
    ) -> None:
        """Says how a request to a node (of a target: its first) ended: for metrics and breakers.

        "error", "timeout" and "unreachable" open the breakers of the node and its cluster, answers close them.
        "unreachable" opens the node's at once: there was no connection and none could be made, so nothing was sent.
        "unsent" says nothing of the node: nothing was sent, or its answer was not waited for, for a reason of the
        caller's own, as when no connection of its pool was free. An invalidation that failed is reported by `lost`.

        Raises:
            InvalidArgumentError: There is no such outcome or op, or the node was handed out by another router.
        """
    def lost(
        self,
        node: Node | Target,
        key: str | Buffer,
        outcome: Literal["error", "timeout", "unreachable", "unsent"] = "error",
    ) -> None:
        """Says that a node did not acknowledge the invalidation of a key.

        That is counted as by `report`, and the key is remembered: until it is repaid, or no value that should have been
        removed can live any more, routes don't read it there, nor anywhere else if values are copied from there in a
        migration. So what a node held before it was down is not read when it is back. Keys take at most 16 MiB of a
        router; what is lost beyond that keeps the node from being read at all, for as long as its values can live.

        Raises:
            InvalidArgumentError: The outcome is none of these, or the node was handed out by another router.
            InvalidKeyError: The key has no bytes.
        """
    def owed(self, node: Node | Target) -> tuple[tuple[bytes, int], ...]:
        """Keys whose invalidation is to be sent again, now that a node has answered, and the number of each one's loss.

        Ask after each request that a node answered: while nothing is owed that costs next to nothing. A few keys are
        given at a time, and each of them once in five seconds until it is repaid, so any number of threads may ask.

        Raises:
            InvalidArgumentError: The node was handed out by another router.
        """
    def repaid(self, key: str | Buffer, loss: int) -> None:
        """Says that an owed key was removed from every node of its route, in order, and each of them acknowledged that.

        Does nothing if it was lost once more meanwhile, or is not owed.

        Raises:
            InvalidKeyError: The key has no bytes.
        """
    def refresh(self) -> bool:
        """Reads the spec file again, and moves the weight of a ramp by schedule on.

        Other threads go on meanwhile; two refreshes wait for one another.

        Returns:
            Whether a new spec was put in force.

        Raises:
            IoError: The file can't be read. What was in force stays, as with the next.
            SpecError: The file holds no valid spec, or one that may not follow the one in force.
        """
    def apply(self, text: str | Buffer) -> bool:
        """Puts a spec in force that is not in the file, under the same rules as `refresh`."""
    @property
    def generation(self) -> int:
        """The number of the spec in force."""
    @property
    def digest(self) -> str:
        """The content hash of the spec in force: 32 hex digits."""
    @property
    def epoch(self) -> int:
        """A number that rises whenever routes may have changed: by a new spec, or by a step of a schedule."""
    @property
    def stage(self) -> Literal["none", "prepare", "ramp", "soak"]:
        """The stage of the migration in this process' region."""
    @property
    def weight(self) -> int:
        """The share of the keys that have moved in this process' region, in basis points: 0 to 10000."""
    @property
    def region(self) -> str | None:
        """The region of this process."""
    @property
    def max_ttl(self) -> float | None:
        """The longest time to live that the spec allows, in seconds; None for any."""
    @property
    def last_error(self) -> Error | None:
        """What is wrong with the spec file at present, as an exception that was not raised; None if nothing is."""
    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes of the spec in force, by cluster name and in the spec's order."""
    def metrics(self) -> Metrics:
        """All counters and states, as data for your own registry."""
    def events(self, since: int = 0) -> list[Event]:
        """What happened since the event with this number (0: from the first), oldest first.

        For a program's log, which asks with the "sequence" of the last event that it has. The last 256 are kept: if the
        first one is not number since + 1, those between them are forgotten. A watcher logs them by itself.
        """
    def metrics_text(self) -> str:
        """All counters and states in the OpenMetrics text format, version 1.0."""
    @property
    def closed(self) -> bool:
        """Whether the router was closed; never raises."""
    def close(self) -> None:
        """Stops the watcher and refuses further calls. Routes and nodes stay usable. Closing twice is fine."""
    def __enter__(self) -> Self: ...
    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
        /,
    ) -> None: ...

def error_kinds() -> tuple[str, ...]:
    """The names of all kinds of error of the core, in the order of their numbers, which start at 1."""

def moves(before: str | Buffer, after: str | Buffer) -> Moves:
    """What would move if the spec in `after` followed the one in `before`; both are texts of specs.

    Exact where both place keys by the same hash, else by a sample whose size and error are given.

    Raises:
        SpecError: One of them is no valid spec.

    Example:
        >>> ringshift.moves(old, new)["clusters"][0]["moved"]
        0.1
    """

def _before_fork(seconds: float) -> None: ...
def _after_fork_in_parent() -> None: ...
def _after_fork_in_child() -> None: ...
def _at_exit(seconds: float) -> None: ...
def _panic(detach: bool) -> None: ...

"""Nodes on real servers, of which some get into trouble, and callers; and what must be so whatever happened."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from servers import Relay, until
from specs import cluster, spec
from traffic import Call, Callers, Traffic

import ringshift

TIMEOUT = 1.0
# A call that took longer than this waited for more than one timeout.
TOO_LONG = 1.6 * TIMEOUT
# One that took this long waited for a node.
WAITED = 0.9 * TIMEOUT


class Setting(NamedTuple):
    """The nodes of a scene, named by a letter each, and those of them that get into trouble."""

    blue: str
    # With any, a half of blue has moved to them.
    green: str
    faulty: str


ONE_CLUSTER = Setting("abc", "", "a")
# With both, who asks one behind the other waits for one timeout at each; that must be as rare.
SOURCE, DESTINATION, BOTH = [Setting("abc", "def", faulty) for faulty in ("a", "d", "ad")]


class Each:
    """Several as one: each is called, and its attributes are set."""

    def __init__(self, *several: Any) -> None:
        vars(self)["several"] = several

    def __getattr__(self, name: str) -> Callable[..., None]:
        def call(*arguments: Any) -> None:
            for one in vars(self)["several"]:
                getattr(one, name)(*arguments)

        return call

    def __setattr__(self, name: str, value: Any) -> None:
        for one in vars(self)["several"]:
            setattr(one, name, value)


class Scene:
    """Nodes, of which some get into trouble, all at once, and callers."""

    def __init__(
        self,
        adapter: Any,
        setting: Setting,
        servers: dict[str, Any],
        relays: dict[str, Relay],
        breaker: dict[str, Any],
        *,
        repeats: bool,
    ) -> None:
        self.setting, self.relays = setting, relays
        self.node, self.relay = Each(*map(servers.__getitem__, setting.faulty)), Each(*relays.values())
        nodes = {name: f"{name}@{relays.get(name, server).address}" for name, server in servers.items()}
        blue, green = [[nodes[name] for name in names] for names in (setting.blue, setting.green)]
        moves: tuple[Any, ...] = (cluster(*green, prefix="g1:"), "ramp", 50) if green else ()
        self.adapter, self.text = adapter, spec(1, cluster(*blue), *moves, breaker=breaker)
        self.router = ringshift.Router.from_spec(self.text)
        self.callers: Callers = adapter(self.router)
        owners = {key: self.router.route(key).invalidate for key in (f"user:{at}" for at in range(400))}
        read = {key: self.read_at(key) for key in owners}
        others = [key for key, nodes in owners.items() if not {node.id for node in nodes} & {*setting.faulty}]
        # Of both clusters' keys, those that are read at such a node, and those that it only has to do with.
        self.mine = [key for faulty in setting.faulty for key in [key for key in owners if read[key] == faulty][:8]]
        self.probes = [next(key for key in owners if read[key] == faulty) for faulty in setting.faulty]
        beside = [key for key in owners if read[key] not in setting.faulty and key not in others][:4]
        keys = {key: owners[key] for key in (*self.mine, *beside, *others[:16])}
        self.mine += beside
        self.traffic = Traffic(self.callers, keys, others[16:24], setting.faulty, WAITED, repeats=repeats)

    def read_at(self, key: str) -> str:
        """The first node that a key is read at, while all are well."""
        read = self.router.route(key).read
        assert read is not None
        return read.node.id

    def close(self) -> None:
        self.traffic.stop()
        self.callers.close()
        self.router.close()

    def let_read(self, count: int) -> None:
        """Waits until so many more reads have ended."""
        wanted = self.traffic.reads() + count
        until(lambda: self.traffic.wrong or self.traffic.reads() >= wanted)

    def breakers(self) -> list[tuple[str, int]]:
        """The states of the nodes' breakers, and how often each has opened."""
        breakers = self.router.metrics()["breakers"]
        return [(each["state"], each["opened"]) for each in breakers if each["node"] in self.setting.faulty]

    def openings(self) -> int:
        """How often they have opened."""
        return sum(opened for _, opened in self.breakers())

    def are_closed(self) -> bool:
        return {state for state, _ in self.breakers()} == {"closed"}

    def wait_until_opened(self, before: int = 0) -> None:
        """Waits until each has opened more often than before."""
        until(lambda: self.traffic.wrong or all(opened > before for _, opened in self.breakers()))

    def wait_until_closed(self) -> None:
        until(lambda: self.traffic.wrong or self.are_closed())

    def is_well(self) -> bool:
        """Reads by itself, which may be probes, and tells whether the nodes' breakers are closed."""
        for key in self.probes:
            self.callers.call("get", key)
        return self.are_closed()

    def outcomes(self) -> dict[str, int]:
        """How many requests ended how, whatever they were."""
        found: dict[str, int] = {}
        for each in self.router.metrics()["requests"]:
            found[each["outcome"]] = found.get(each["outcome"], 0) + each["count"]
        return found

    def reads_that_arrived(self) -> int:
        """Reads that the relays have passed on to the nodes."""
        lines = [line for relay in self.relays.values() for _, mark, line in relay.log.copy() if mark == "->"]
        return sum(line == "GET" or line.startswith(("get ", "mg ")) for line in lines)

    def writes(self, since: float) -> list[Call]:
        """The writes to such a node, among others, that began after a moment and have ended."""
        calls = self.traffic.calls()
        return [call for call in calls if call.name == "invalidate" and call.key in self.mine and call.began >= since]

    def waiting(self, since: float) -> int:
        """How many reads that began after a moment have waited for a node."""
        calls = self.traffic.calls()
        return sum(call.name != "invalidate" and call.began >= since and call.seconds >= WAITED for call in calls)

    def check(self, since: float, till: float) -> tuple[float, list[Call]]:
        """Ends the traffic, and looks at what must be so after every fault.

        Returns:
            The share of the reads that waited for a node among those that ended in the fault; and the writes to the
            nodes that began and ended in it.
        """
        # Some that begin when all is well again.
        self.let_read(200)
        self.traffic.stop()
        self.traffic.settle()
        assert self.traffic.wrong == []
        # One that had failed earlier may have been reported late.
        until(self.is_well)
        calls = self.traffic.calls()
        late = [call for call in calls if call.seconds > TOO_LONG]
        assert len(late) <= len(calls) / 100, f"{len(late)} of {len(calls)} took longer than a timeout"
        reads = [call.seconds for call in calls if call.name != "invalidate" and since <= call.ended <= till]
        waited = sum(seconds >= WAITED for seconds in reads) / len(reads)
        return waited, [call for call in self.writes(since) if call.ended <= till]

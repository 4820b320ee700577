"""What a scenario plays on: servers, origin, spec file and worker, and the steps that are taken there."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from fakes.journal import Journal
from fakes.memcached import Memcached
from fakes.node import Node, Speaker
from fakes.origin import Origin
from fakes.resp import Resp
from fakes.store import LEASE, MONTH, PLACEHOLDER, STAND_IN_SECONDS, Item, after
from logs import agrees, side_by_side
from scenario import Scenario, faults_of
from workers import Client, Worker

# A client that hangs shall not take long to notice; any other shall not take a slow machine for a node that hangs.
HANGING, PATIENT = 300, 5000
# What a reader does that joins a load can't be seen from outside; a longer time would show no more.
JOINING = 0.3
SETTLING = 2.0
BACKGROUND = {"keys": 1, "threads": 1, "expire": 0, "seed": 1}


class Stage:
    """One scenario and one client."""

    def __init__(self, scenario: Scenario, client: Client, directory: Path) -> None:
        """Starts everything."""
        self.scenario, self.client = scenario, client
        self.journal = Journal()
        self.journal.apply = self.apply
        self._spec = scenario.spec
        self._generation = 0
        self._file = directory / "spec.json"
        self._trace = directory / "trace"
        self._all = ExitStack()
        self.began = time.time()
        speak: Callable[[Node], Speaker] = Memcached if client.family == "memcached" else Resp
        self.nodes = {
            name: Node(name, self.journal, speak, **scenario.servers.get(name, {})) for name in scenario.nodes
        }
        self.origin = Node("origin", self.journal, Origin)
        for node in (*self.nodes.values(), self.origin):
            self._all.callback(node.refuse)
        for name, items in scenario.start.items():
            for key, item in items.items():
                self._put(name, key, item)
        for key, value in scenario.origin.items():
            self.apply({"origin": [key, value]})
        self._write()
        timeout = HANGING if scenario.hangs else PATIENT
        self.worker = Worker(client, self._file, scenario.region, self.origin.address, timeout)
        self._all.callback(self.worker.stop)

    def close(self) -> None:
        """Stops everything."""
        self.journal.release()
        self._all.close()

    # ---- What is there

    def _put(self, name: str, key: str, what: str | dict[str, Any]) -> None:
        node = self.nodes[name]
        more: dict[str, Any] = {"value": what} if isinstance(what, str) else what
        if more.get("stand_in"):
            node.store.put(key.encode("latin-1"), self._stand_in(node))
            return
        ttl = more.get("ttl")
        item = Item(more["value"].encode("latin-1"), more.get("flags", 0), after(ttl), dying=ttl == 0)
        node.store.put(key.encode("latin-1"), item)

    def _stand_in(self, node: Node) -> Item:
        """What another reader's miss left behind."""
        if self.client.family == "redis":
            return Item(LEASE + b"of another reader", expires=after(STAND_IN_SECONDS))
        if node.old:
            return Item(PLACEHOLDER, expires=after(STAND_IN_SECONDS))
        return Item(b"", expires=after(STAND_IN_SECONDS), sent=True)

    def _write(self) -> None:
        """Puts the spec in place, as the next generation."""
        self._generation += 1
        spec = self._spec
        names = list(spec["clusters"])
        clusters = {
            name: {
                "placement": {"kind": "ring"},
                "replicas": cluster.get("replicas", 1),
                "key_prefix": cluster.get("prefix", ""),
                "nodes": [{"id": node, "address": self.nodes[node].address} for node in cluster["nodes"]],
            }
            for name, cluster in spec["clusters"].items()
        }
        whole: dict[str, Any] = {
            "format": 1,
            "generation": self._generation,
            "primary": names[-1] if spec.get("final") else names[0],
            "clusters": clusters,
            # Breakers have tests of their own; here every node is asked. One that refuses connections opens its own at once,
            # but for no longer than until the next call.
            "breaker": {
                "failures": 100,
                "rate": 1,
                "cluster_rate": 1,
                "min_requests": 1_000_000,
                "open": "1ms",
                "max_open": "1ms",
            },
        }
        if "max_ttl" in spec:
            whole["max_ttl"] = spec["max_ttl"]
        if len(names) == 2 and not spec.get("final"):
            whole["standby"] = names[1]
        if spec.get("stage") is not None:
            whole["migration"] = {"id": "m", "from": names[0], "to": names[1], "stage": spec["stage"]}
            whole["migration"]["percent"] = spec.get("percent", 0)
            if "regions" in spec:
                whole["migration"]["regions"] = spec["regions"]
        temporary = self._file.with_suffix(".next")
        temporary.write_text(json.dumps(whole), encoding="utf-8")
        temporary.rename(self._file)

    def apply(self, change: dict[str, Any]) -> None:
        """What others do while a call is under way."""
        ((name, what),) = change.items()
        if name == "edit":
            self._spec = {**self._spec, **what}
            self._write()
            answer = self.worker.call({"do": "refresh"})
            assert answer == {"result": True}, answer
            return
        with self.journal.lock:
            match name:
                case "restart" | "refuse" | "accept":
                    getattr(self.nodes[what], name)()
                case "delete":
                    self.nodes[what[0]].store.drop(what[1].encode("latin-1"))
                case "set":
                    self._put(*what)
                case "stand_in":
                    self._put(what[0], what[1], {"stand_in": True})
                case "origin":
                    self.origin.store.put(what[0].encode("latin-1"), Item(what[1].encode("latin-1")))

    # ---- What happens

    def play(self) -> list[str]:
        """Takes all steps; gives what was not as expected."""
        wrong: list[str] = []
        for number, step in enumerate(self.scenario.steps, 1):
            self.journal.arm(faults_of(step))
            if "background" in step:
                wrong += self._begin(step["background"])
            elif "finish" in step:
                self._finish()
            elif "changes" in step:
                for change in step["changes"]:
                    self.apply(change)
            else:
                wrong += [f"step {number}, {step['do']}: {text}" for text in self._call(step)]
        return wrong + self._compare()

    def _call(self, step: dict[str, Any]) -> list[str]:
        call = {name: step[name] for name in step.keys() - {"result", "error", "lost", "faults", "release"}}
        if step.get("release"):
            threading.Timer(JOINING, self.journal.release).start()
        answer = self.worker.call(call)
        if "result" in step:
            expected = step["result"]
            if call["do"] == "together":
                expected = [{"result": one} for one in expected]
            return [] if answer == {"result": expected} else [f"expected {expected!r}, got {answer}"]
        right = step["error"] in {"any", answer.get("kind")} and "kind" in answer
        if not right or answer.get("lost", []) != step.get("lost", []):
            return [f"expected the error {step['error']} {step.get('lost', '')}, got {answer}"]
        return []

    def _begin(self, kind: str) -> list[str]:
        reads, writes = (1, 0) if kind == "read" else (1_000_000, 1)
        self.worker.call({"do": "start", **BACKGROUND, "reads": reads, "writes": writes, "trace": str(self._trace)})
        if self.journal.wait_held(SETTLING * 5):
            return []
        return [f"the {kind} in the background did not come to the answer that is held"]

    def _finish(self) -> None:
        """Ends what runs in the background. A writer goes on until it is told; what it still does is not looked at."""
        if self.journal.holding:
            self.journal.freeze()
        self.worker.tell({"do": "stop"})
        time.sleep(0.05)
        self.journal.release()
        self.worker.answer()

    # ---- What came out

    def _compare(self) -> list[str]:
        """What is wrong when all has settled: an adapter need not wait for what it stores."""
        deadline = time.monotonic() + SETTLING
        while True:
            wrong = self._wrong()
            if not wrong or time.monotonic() > deadline:
                return wrong
            time.sleep(0.02)

    def _wrong(self) -> list[str]:
        wrong = [f"a server of the test failed: {problem}" for problem in self.journal.problems]
        seen = self.journal.seen()
        with self.journal.lock:
            seen += [f"{name} ttl {key.decode('latin-1')}" for name, node in self.nodes.items() for key in +node.times]
        if not agrees(self.scenario.log, seen):
            wrong.append("the log is another one:\n" + side_by_side(self.scenario.log, seen))
        with self.journal.lock:
            for name, node in self.nodes.items():
                expected = {key.encode("latin-1"): item for key, item in self.scenario.end.get(name, {}).items()}
                held = {key: item for key in list(node.store.items) if (item := node.store.get(key)) is not None}
                wrong += [
                    f"{name} {key.decode('latin-1')}: {text}"
                    for key in sorted(expected.keys() | held.keys())
                    if (text := self._differs(expected.get(key), held.get(key)))
                ]
        return wrong

    def _differs(self, expected: str | dict[str, Any] | None, held: Item | None) -> str:
        shown = "nothing" if held is None else "what stands in for a token" if held.stand_in else str(held)
        if expected is None or held is None:
            return "" if expected is None and held is None else f"expected {expected or 'nothing'}, there is {shown}"
        more: dict[str, Any] = {"value": expected} if isinstance(expected, str) else expected
        if more.get("stand_in", False) != held.stand_in:
            return f"expected {expected}, there is {shown}"
        ttl, left = STAND_IN_SECONDS if held.stand_in else more.get("ttl"), held.left()
        if held.dying or ttl is None or left is None:
            right = held.dying or (ttl is None and left is None)
        else:
            # The value is as old as the scenario at most. A memcached is told long times as a date in whole seconds of
            # another clock, which clients make earlier rather than later.
            less = 3 if ttl > MONTH else 1
            right = ttl - less - (time.time() - self.began) <= left <= ttl + 1
        same = held.stand_in or held.value == more["value"].encode("latin-1")
        if not same or held.flags != more.get("flags", 0) or not right:
            return f"expected {expected}, there is {held.value!r}, flags {held.flags}, {left} s left"
        return ""

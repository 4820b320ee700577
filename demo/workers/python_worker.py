"""A worker in Python: serves its part of the load through the pymemcache adapter, and reports.

Cache-aside, as a service would do it. A read asks the cache, and after a miss the origin (`get_or_load`). A write goes
to the origin, then invalidates the key; it has completed when that was acknowledged. Commands come as lines of JSON on
the standard input, whose end is the worker's end.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, cast

from ringshift import InvalidationLostError, Route, Router
from ringshift.adapters.pymemcache import Client
from ringshift.metrics import Requests

from demo.trace import WRITE, read_trace
from demo.workers.observed import ObservedRouter
from demo.workers.origin_client import OriginClient, version_of
from demo.workers.tally import Tally, micros

TIMEOUT = 2.0
"""Seconds that a node may take: far more than it needs on a busy machine, so that only a dead one fails."""
BACKLOG = 0.1
"""Seconds of requests that a lane makes up for when it has fallen behind. Beyond that they are not asked at all."""


class Worker:
    """Everything that one worker process has."""

    def __init__(self, config: dict[str, Any]) -> None:
        """Opens the router and the cache client; serves nothing yet."""
        self._config = config
        self._keys = Path(config["keys"]).read_text(encoding="utf-8").split()
        self._trace = read_trace(Path(config["trace"]))
        self._place = count(config["offset"])
        self._tally = Tally()
        self._router = Router.open(config["spec"], watch=config["watch"])
        self._observed = ObservedRouter(self._router, self._tally.event)
        self._client = Client(cast(Router, self._observed), timeout=TIMEOUT, connect_timeout=TIMEOUT, no_delay=True)
        self._serving = threading.Event()
        self._print_lock = threading.Lock()
        self._metrics: dict[str, float] = {}

    def main(self) -> None:
        """Runs until the standard input ends."""
        for lane in range(self._config["lanes"]):
            threading.Thread(target=self._serve, args=(lane,), daemon=True).start()
        threading.Thread(target=self._report_forever, daemon=True).start()
        for line in sys.stdin:
            self._obey(json.loads(line))

    def _obey(self, command: dict[str, Any]) -> None:
        match command["do"]:
            case "hello":
                self._print({"kind": "ready", "clock": micros()})
            case "run":
                self._serving.set()
            case "pause":
                self._serving.clear()
                while not self._tally.idle():
                    time.sleep(0.005)
                self._print({"kind": "paused"})
            case "fill":
                self._fill(command["first"], command["step"])
                self._print({"kind": "filled"})
            case "place":
                self._print({"kind": "placed", "lines": self._where(fresh=command["fresh"])})

    def _serve(self, lane: int) -> None:
        """One lane: a request, a rest, the next one."""
        origin = OriginClient(self._config["origin"])
        interval = self._config["lanes"] / self._config["rate"]
        due = time.monotonic() + interval * random.random()
        while True:
            self._serving.wait()
            self._tally.start(lane, lambda: self._router.generation)
            # The pause may have come in between: then this request isn't made.
            if self._serving.is_set():
                try:
                    self._request(origin)
                except Exception as error:  # noqa: BLE001 (whatever it is, the run has to fail for it)
                    self._tally.failed(f"{type(error).__name__}: {error}")
            self._tally.finish(lane)
            due = max(due + interval, time.monotonic() - BACKLOG)
            time.sleep(max(0.0, due - time.monotonic()))

    def _request(self, origin: OriginClient) -> None:
        number = self._trace[next(self._place) % len(self._trace)]
        rank = number & ~WRITE
        if number & WRITE:
            self._write(origin, rank)
        else:
            self._read(origin, rank)

    def _read(self, origin: OriginClient, rank: int) -> None:
        key = self._keys[rank]
        began = micros()
        loads: list[bytes] = []

        def load() -> bytes:
            _, value = origin.read(key)
            loads.append(value)
            return value

        value = self._client.get_or_load(key, load, expire=self._ttl())
        self._tally.read(rank, version_of(value), began, hit=not loads)

    def _write(self, origin: OriginClient, rank: int) -> None:
        key = self._keys[rank]
        began = micros()
        version = origin.write(key)
        self._tally.count("writes")
        try:
            self._client.invalidate(key)
        except InvalidationLostError as error:
            # The write counts as never completed: what it promised to readers could not be carried out.
            self._lost(error)
        else:
            self._tally.written(rank, version, began)

    def _lost(self, error: InvalidationLostError) -> None:
        for lost in error.lost:
            self._tally.event(f"lost:{lost.cluster}/{lost.node}")

    def _ttl(self) -> int:
        return random.randint(self._config["leastTtl"], self._config["mostTtl"])

    def _fill(self, first: int, step: int) -> None:
        """Caches every `step`-th entry of the contents that the cache is to start with."""
        origin = OriginClient(self._config["origin"])
        for entry in Path(self._config["contents"]).read_text(encoding="utf-8").splitlines()[first::step]:
            rank, ttl = map(int, entry.split())
            _, value = origin.fill(self._keys[rank])
            self._client.add(self._keys[rank], value, expire=ttl)
        origin.close()

    def _where(self, *, fresh: bool) -> list[str]:
        if not fresh:
            return [line(route) for route in self._router.route_many(self._keys)]
        with Router.open(self._config["spec"]) as router:
            return [line(route) for route in router.route_many(self._keys)]

    def _report_forever(self) -> None:
        while True:
            time.sleep(self._config["reportEvery"])
            report = self._tally.take(lambda: self._router.generation)
            metrics = self._router.metrics()
            report["counts"] |= self._news(metrics["requests"])
            report["breakers"] = {
                f"{breaker['cluster']}/{breaker['node']}": breaker["state"]
                for breaker in metrics["breakers"]
                if breaker["state"] != "closed"
            }
            self._print({"kind": "report", "stage": self._router.stage, **report})

    def _news(self, requests: Sequence[Requests]) -> dict[str, float]:
        """What the router's own counters have gained since the last report."""
        before = self._metrics
        self._metrics = {f"router:{r['cluster']}:{r['op']}:{r['outcome']}": r["count"] for r in requests}
        return {
            name: value - before.get(name, 0) for name, value in self._metrics.items() if value > before.get(name, 0)
        }

    def _print(self, message: dict[str, Any]) -> None:
        with self._print_lock:
            print(json.dumps(message, separators=(",", ":")), flush=True)


def line(route: Route) -> str:
    """A route as all languages print it for the comparison."""
    read, fallback = (
        f"{target.cluster}/{target.node.id}" if target else "-" for target in (route.read, route.fallback)
    )
    return f"{read}|{fallback}|{int(route.moved)}"


if __name__ == "__main__":
    Worker(json.loads(sys.argv[1])).main()

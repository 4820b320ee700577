"""A Python process of a test's fleet; README.md says what it is told and what it answers."""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import ringshift
from facades import FACADES, Facade
from origin import Origin
from runs import Run

TIMEOUT = int(os.environ.get("TIMEOUT_MS", "500")) / 1000


def describe(route: ringshift.Route) -> dict[str, Any]:
    """A route as all languages tell it."""

    def names(target: ringshift.Target | None) -> list[str]:
        return [] if target is None else [f"{node.cluster}/{node.id}" for node in target.nodes]

    return {
        "read": names(route.read),
        "fallback": names(route.fallback),
        "invalidate": [f"{node.cluster}/{node.id}" for node in route.invalidate],
        "moved": route.moved,
        "stage": route.stage,
    }


class Worker:
    """One router and one client."""

    def __init__(self, router: ringshift.Router, facade: Facade, origin: Origin | None) -> None:
        """Takes what it works with."""
        self.router, self.facade, self.origin = router, facade, origin
        self.threads = ThreadPoolExecutor(32)
        self.run: Run | None = None

    def answer(self, call: dict[str, Any]) -> dict[str, Any]:
        """The answer to a call, whatever becomes of it."""
        try:
            return {"result": self.carry_out(call)}
        except ringshift.InvalidationLostError as error:
            lost = [[one.cluster, one.node, one.key.decode("latin-1")] for one in error.lost]
            return {"error": str(error), "kind": error.kind, "lost": lost}
        except ringshift.Error as error:
            return {"error": str(error), "kind": error.kind}
        except Exception as error:  # noqa: BLE001 - whatever the client raises
            return {"error": f"{type(error).__name__}: {error}", "kind": "client"}

    def carry_out(self, call: dict[str, Any]) -> Any:
        """Carries out a call."""
        do = call["do"]
        if own := OWN.get(do):
            return own(self, call)
        return self.facade.call(do, call, self.origin)


def _together(worker: Worker, call: dict[str, Any]) -> Any:
    return list(worker.threads.map(worker.answer, call["calls"]))


def _start(worker: Worker, call: dict[str, Any]) -> None:
    assert worker.origin is not None
    worker.run = Run(worker.facade, worker.origin, call)
    worker.run.start()


def _stop(worker: Worker, _call: dict[str, Any]) -> Any:
    assert worker.run is not None
    worker.run.stopping.set()
    return worker.run.finish()


def _run(worker: Worker, call: dict[str, Any]) -> Any:
    _start(worker, call)
    assert worker.run is not None
    return worker.run.finish()


OWN: dict[str, Callable[[Worker, dict[str, Any]], Any]] = {
    "together": _together,
    "start": _start,
    "stop": _stop,
    "run": _run,
    "routes": lambda worker, call: [describe(worker.router.route(key.encode("latin-1"))) for key in call["keys"]],
    "refresh": lambda worker, _call: worker.router.refresh(),
    "generation": lambda worker, _call: worker.router.generation,
    "metrics": lambda worker, _call: worker.router.metrics(),
    "events": lambda worker, _call: worker.router.events(),
}


def main() -> None:
    """Answers until stdin ends."""
    spec, client, region, where = sys.argv[1:5]
    router = ringshift.Router.open(spec, region=region or None)
    worker = Worker(router, FACADES[client](router, TIMEOUT), Origin(where) if where else None)
    lock = threading.Lock()
    for line in sys.stdin:
        reply = json.dumps(worker.answer(json.loads(line)))
        with lock:
            sys.stdout.write(reply + "\n")
            sys.stdout.flush()
    # Whatever still runs is not waited for.
    os._exit(0)


if __name__ == "__main__":
    main()

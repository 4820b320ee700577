"""A Python process of the fleet: reads a JSON object a line from stdin, answers with one a line."""

from __future__ import annotations

import json
import sys
from typing import Any

import ringshift
from ringshift.adapters.pymemcache import Client


def describe(route: ringshift.Route) -> dict[str, Any]:
    """A route as both languages tell it."""

    def names(target: ringshift.Target | None) -> list[str]:
        return [] if target is None else [f"{node.cluster}/{node.id}" for node in target.nodes]

    return {
        "read": names(route.read),
        "fallback": names(route.fallback),
        "invalidate": [f"{node.cluster}/{node.id}" for node in route.invalidate],
        "moved": route.moved,
        "stage": route.stage,
    }


def answer(router: ringshift.Router, client: Client, call: dict[str, Any]) -> Any:
    """Carries out one call."""
    match call["do"]:
        case "get":
            value = client.get(call["key"])
            return None if value is None else value.decode()
        case "set":
            return client.set(call["key"], call["value"].encode(), expire=call.get("expire", 0))
        case "add":
            return client.add(call["key"], call["value"].encode(), expire=call.get("expire", 0))
        case "delete":
            return client.delete(call["key"])
        case "routes":
            return [describe(router.route(key)) for key in call["keys"]]
        case "refresh":
            return router.refresh()
        case "generation":
            return router.generation
        case other:
            raise ValueError(other)


def main() -> None:
    """Answers until stdin ends."""
    spec, region = sys.argv[1:3]
    router = ringshift.Router.open(spec, region=region or None)
    client = Client(router, timeout=2, connect_timeout=2)
    for line in sys.stdin:
        try:
            reply: dict[str, Any] = {"result": answer(router, client, json.loads(line))}
        except ringshift.Error as error:
            reply = {"error": str(error), "kind": error.kind}
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Turns a spec, a region and keys into a group of the kind `route`."""

from __future__ import annotations

from typing import Any

from oracle.route import Route, Router
from oracle.spec import Node

from builders.keys import LONG_KEY

# Schedules in vectors start before 2001 or in 2999, so any moment between gives the same answer.
NOW_MS = 1_800_000_000_000


def names(nodes: tuple[Node, ...]) -> list[str]:
    """Nodes as vectors write them."""
    return [node.name for node in nodes]


def case(key: bytes, route: Route) -> dict[str, Any]:
    """One key with its route."""
    place: dict[str, Any] = {"key": key.hex()}
    if key == LONG_KEY:
        place = {"key_repeat": ["61", len(key)]}
    return {
        **place,
        "read": names(route.read),
        "fallback": None if route.fallback is None else names(route.fallback),
        "fill": route.fill,
        "invalidate": names(route.invalidate),
        "moved": route.moved,
        "stage": route.stage,
        "generation": route.generation,
    }


def group(spec: str, keys: list[bytes], region: str | None = None) -> dict[str, Any]:
    """One spec in one region with the routes of some keys."""
    router = Router(spec, region, NOW_MS)
    prefixes = {name: cluster.nodes[0].key_prefix for name, cluster in router.spec.clusters.items()}
    return {
        "spec": spec,
        "region": region,
        "weight": router.weight,
        "key_prefix": prefixes,
        "cases": [case(key, router.route(key)) for key in keys],
    }


def route_file(provenance: str, groups: list[dict[str, Any]]) -> dict[str, Any]:
    """A whole file of the kind `route`."""
    return {"version": 1, "kind": "route", "provenance": provenance, "groups": groups}

"""Files about migrations: stages, regions, buckets, schedules, shared nodes."""

from __future__ import annotations

from typing import Any

from builders.keys import AWKWARD, TAGGED, plain, with_bucket
from builders.routes import group, route_file
from builders.specs import Fields, migrating, modulo, node, nodes, ring

STAGES = ("none", "prepare", "ramp", "soak")
BORDERS = (0, 1, 999, 1000, 4999, 5000, 9998, 9999)


def percent_text(points: int) -> str:
    """Basis points as the shortest percent: 1250 -> 12.5."""
    whole, rest = divmod(points, 100)
    return str(whole) if rest == 0 else f"{whole}.{rest:02}".rstrip("0")


def with_percent(points: int, text: str | None = None, **more: Any) -> str:
    """A ramp whose percent is written exactly so."""
    spec = migrating(modulo(nodes(3)), ring(nodes(4, "g", 100)), "ramp", percent=-1, **more)
    return spec.replace('"percent": -1', f'"percent": {text or percent_text(points)}')


def stages_and_regions() -> dict[str, Any]:
    """Every stage of the migration with every stage of a region, seen from there, from elsewhere, from nowhere."""
    blue, green = modulo(nodes(3)), ring(nodes(4, "g", 100), key_prefix="g1:")
    groups = []
    for stage in STAGES:
        groups.append(group(migrating(blue, green, stage, percent=40), plain(16)))
        for region_stage in STAGES:
            region: Fields = {"stage": region_stage}
            if region_stage == "ramp":
                region["percent"] = 60
            spec = migrating(blue, green, stage, percent=40, regions={"kr": region})
            groups += [group(spec, plain(10), name) for name in ("kr", "jp", None)]
    bare = migrating(blue, green, "ramp", percent=70, regions={"kr": {"stage": "ramp"}, "한국": {"stage": "soak"}})
    groups += [group(bare, plain(10), name) for name in ("kr", "한국", "KR")]
    return route_file("oracle; every stage, every region", groups)


def bucket_borders() -> dict[str, Any]:
    """Keys with bucket exactly b: unmoved at b basis points, moved at b + 1; two migration ids."""
    groups = []
    for migration_id in ("m1", "2026-11-blue-green"):
        for border in BORDERS:
            keys = with_bucket(border, migration_id, 3)
            texts = [with_percent(points, name=migration_id) for points in (border, border + 1)]
            groups += [group(text, keys) for text in texts]
    long_id = "이전-" + "x" * 240
    keys = with_bucket(2500, long_id, 2)
    groups += [group(with_percent(points, name=long_id), keys) for points in (2500, 2501)]
    return route_file("oracle; keys were searched for that have exactly the bucket at the border", groups)


def percents() -> dict[str, Any]:
    """0 and 100, and several ways to write a percent."""
    texts = ("0", "0.0", "0.01", "1", "12.5", "12.50", "37.5", "50", "50.00", "99.99", "100", "100.00")
    groups = [group(with_percent(0, text), plain(30)) for text in texts]
    tagged = ring(nodes(4, "g", 100), hash_tag="{}")
    groups.append(group(migrating(modulo(nodes(3)), tagged, "ramp", percent=50), TAGGED))
    from_tagged = modulo(nodes(3), hash_tag="{}")
    groups.append(group(migrating(from_tagged, ring(nodes(4, "g", 100)), "ramp", percent=50), TAGGED))
    groups.append(group(migrating(from_tagged, ring(nodes(4, "g", 100)), "ramp", percent=50), AWKWARD))
    return route_file("oracle; percents; the bucket takes the bytes that the `to` cluster's hash_tag selects", groups)


def shared_nodes() -> dict[str, Any]:
    """Scaling out and in with one prefix and with two, replacing one node, turning the list, renewing the prefix."""
    four = nodes(4)
    five = nodes(5)
    pairs: list[tuple[Fields, Fields]] = [
        (ring(four), ring(five)),
        (ring(five), ring(four)),
        (ring(four, key_prefix="v1:"), ring(five, key_prefix="v1:")),
        (ring(four, key_prefix="v1:"), ring(five, key_prefix="v2:")),
        (ring(four), ring([*nodes(3), node(9)])),
        (ring(four), ring(list(reversed(four)))),
        (ring(four), ring(four, key_prefix="new:")),
        (ring([node(0), node(1)]), ring([node(0, down=True), node(1)])),
        (modulo(four), modulo(five)),
        (modulo(four), ring(four)),
    ]
    groups = []
    for blue, green in pairs:
        groups += [group(migrating(blue, green, stage, percent=50), plain(24)) for stage in STAGES]
    return route_file("oracle; both clusters share nodes", groups)


def replicas_in_migration() -> dict[str, Any]:
    """Replicas on either side, with shared nodes: what is read already is no fallback, nothing is invalidated twice."""
    pairs: list[tuple[Fields, Fields]] = [
        (ring(nodes(4), replicas=2), ring(nodes(5), replicas=2)),
        (ring(nodes(4), replicas=2), ring(nodes(4), replicas=3)),
        (ring(nodes(4), replicas=3), ring(nodes(4), replicas=1)),
        (ring(nodes(3), replicas=3), ring(nodes(3), replicas=3, seed=5)),
        (ring(nodes(4), replicas=2), ring(nodes(5), replicas=2, key_prefix="g1:")),
        (modulo(nodes(3)), ring(nodes(6), replicas=2)),
        (
            ring([node(i, zone="ab"[i % 2]) for i in range(6)], replicas=2),
            ring([node(i, zone="abc"[i % 3]) for i in range(7)], replicas=2),
        ),
    ]
    groups = []
    for blue, green in pairs:
        groups += [group(migrating(blue, green, stage, percent=50), plain(16)) for stage in STAGES]
    return route_file("oracle; replicas while migrating", groups)


PAST, FUTURE = "2000-01-01T00:00:00Z", "2999-01-01T00:00:00Z"


def schedules() -> dict[str, Any]:
    """Schedules that ended long ago or start in the year 2999."""
    blue, green = modulo(nodes(3)), ring(nodes(4, "g", 100))
    plans: list[Fields] = []
    for start in (PAST, FUTURE):
        linear = {"start": start, "from": 10, "to": 80, "over": "2h"}
        stepped = {"start": start, "steps": [10, 25, 62.5], "every": "10m"}
        plans += [
            {"schedule": linear},
            {"percent": 20, "schedule": linear},
            {"schedule": stepped},
            {"percent": 20, "schedule": stepped},
            {"schedule": dict(linear, over="30d"), "regions": {"kr": {"stage": "ramp", "schedule": stepped}}},
            {"regions": {"kr": {"stage": "ramp", "percent": 33.33, "schedule": linear}, "jp": {"stage": "ramp"}}},
        ]
    groups = []
    for plan in plans:
        spec = migrating(blue, green, "ramp", **plan)
        regions: list[str | None] = [None, "kr", "jp"] if "regions" in plan else [None]
        groups += [group(spec, plain(14), region) for region in regions]
    return route_file("oracle; schedules that no clock of this millennium can change", groups)

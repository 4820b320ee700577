"""The kind `accept`: specs that must be accepted, with what a router then says about itself."""

from __future__ import annotations

from typing import Any

from oracle.hashing import digest
from oracle.route import Router

from builders.error_base import BASE
from builders.routes import NOW_MS
from builders.specs import Fields, default_ring, migrating, modulo, node, nodes, only, text_of
from builders.texts import Parts, joined

ADDRESSES = (
    "10.0.0.1:11211", "localhost:1", "cache-1.example.internal:65535", "[::1]:11211", "[2001:db8::7]:6379",
    "/run/memcached.sock", "/var/run/cache 1/a.sock",
    "host_1:1", "256.1.1.1:1", "[::ffff:1.2.3.4]:1", "/" + "x" * 106, "x" * 253 + ":1",
)  # fmt: skip


def linear(start: str) -> Fields:
    """A linear schedule."""
    return {"start": start, "from": 10, "to": 100, "over": "3650d" if start > "9" else "1m"}


def spec_texts() -> list[str]:
    """Specs at the edge of what the rules allow."""
    two = nodes(2)
    blue, green = modulo(nodes(3)), default_ring(nodes(4, "g", 100))
    spare = {"format": 1, "generation": 9, "primary": "blue", "standby": "green"}
    breaker = {"failures": 1, "open": "500ms", "max_open": "5m", "max_ejected": 1}
    shared_address: Fields = {
        "blue": default_ring(two),
        "green": default_ring([dict(node(0)), dict(node(1), id="other")]),
    }
    return [
        BASE,
        only(default_ring(two), generation=2**53 - 1),
        only(default_ring(two)).replace("\n", "").replace(" ", ""),
        only(default_ring(two)).replace("\n", "\r\n\t") + "\n\n",
        only(default_ring([dict(node(i), address=address) for i, address in enumerate(ADDRESSES)])),
        only(default_ring([dict(node(0), id="x" * 255), dict(node(1), id="é" * 127 + "z")])),
        only(default_ring([node(0, weight=1000), node(1, weight=0)], vnodes=1, seed="0")),
        only(default_ring(two, vnodes=10_000)),
        only(default_ring([node(i, weight=i % 2, zone="z" * 255) for i in range(4)], replicas=2)),
        only(default_ring(two, key_prefix="!" + "~" * 127)),
        only(default_ring(two, key_prefix="")),
        only(default_ring(two, hash_tag="ab", seed="018446744073709551615")),
        only(default_ring(two)).replace("{", '{"$schema": "https://example.com/spec.json",', 1),
        only(modulo([node(0, weight=1, down=False)])),
        only(default_ring(two), max_ttl="1ms"),
        only(default_ring(two), max_ttl="1d"),
        only(default_ring(two), max_ttl="3600s"),
        only(default_ring(two), max_ttl="3650d"),
        only(default_ring(two), max_ttl="0001m"),
        only(default_ring(two), breaker=breaker),
        only(default_ring(two), breaker={}),
        only(default_ring(two), breaker={"max_ejected": 0, "failures": 100}),
        only(default_ring(two), breaker={"open": "60s", "max_ejected": 0.3333}),
        only(default_ring(two), breaker={"rate": 0.0001, "cluster_rate": 1, "window": "100ms", "min_requests": 1}),
        only(default_ring(two), breaker={"rate": 1, "cluster_rate": 0.25, "window": "1h", "min_requests": 1_000_000}),
        text_of({**spare, "clusters": {"blue": blue, "green": green}}),
        text_of({**spare, "clusters": {"blue": blue, "green": green, "third": default_ring(nodes(2, "t", 200))}}),
        text_of({**spare, "clusters": shared_address}),
        migrating(blue, green, "prepare", percent=10),
        migrating(blue, green, "soak", regions={}),
        migrating(blue, green, "ramp"),
        migrating(blue, green, "ramp", percent=7, schedule=linear("9999-12-31T23:59:59Z")),
        migrating(blue, green, "ramp", percent=7, schedule=linear("2996-02-29T00:00:00Z")),
        migrating(blue, green, "ramp", percent=7, schedule=linear("1970-01-01T00:00:00Z")),
        migrating(blue, green, "prepare", schedule=linear("2000-01-01T00:00:00Z")),
        migrating(blue, green, "soak", percent=7),
        migrating(blue, green, "ramp", percent=-1).replace("-1", "12.340"),
        migrating(blue, green, "none", regions={"kr": {"stage": "ramp", "percent": 0.01}}),
        migrating(blue, green, "ramp", name="이전 1 · x/y~z", percent=100),
    ]


def part_texts() -> list[Parts]:
    """Specs exactly at a hard limit."""
    head = '{"format":1,"generation":1,"primary":"c0","clusters":{'
    member = '"nodes":[{"id":"a","address":"/a"}]}'
    one = head + '"c0":{"placement":{"kind":"ring"},' + member + "}}"
    blocks, rest = divmod(4 * 1024 * 1024 - len(one), 64)
    return [
        [[one, 1], [" " * 64, blocks], [" " * rest, 1]],
        [[head + '"c0":{"placement":{"kind":"ring","vnodes":1},"nodes":[', 1],
         ['{"id":"n#","address":"/n#"},', 8191], ['{"id":"last","address":"/last"}]}}}', 1]],
        [[one[:-2] + ',"c1":{"placement":{"kind":"ring"},' + member + '},"standby":"c1","migration":{"id":"m",'
          '"from":"c0","to":"c1","stage":"none","regions":{', 1],
         ['"r#":{"stage":"none"},', 1023], ['"last":{"stage":"none"}}}}', 1]],
        [[head, 1], ['"c#":{"placement":{"kind":"modulo","flavor":"libmemcached"},' + member + ",", 63],
         ['"last":{"placement":{"kind":"ring"},' + member + "}}", 1]],
    ]  # fmt: skip


def case(source: Fields, text: str, region: str | None = None) -> Fields:
    """One spec with what a router says about it."""
    router = Router(text, region, NOW_MS)
    max_ttl = router.spec.max_ttl_ms
    return {
        **source,
        "region": region,
        "generation": str(router.spec.generation),
        "digest": digest(text.encode()),
        "stage": router.plan.stage if router.plan else "none",
        "weight": router.weight,
        "max_ttl_ms": None if max_ttl is None else str(max_ttl),
    }


def build() -> dict[str, Any]:
    """The whole file."""
    cases = [case({"spec": text}, text) for text in spec_texts()]
    cases += [case({"spec": BASE}, BASE, region) for region in ("kr", "jp", "us", "elsewhere")]
    before_all = spec_texts()[-2]
    cases.append(case({"spec": before_all}, before_all, "kr"))
    cases += [case({"spec_parts": parts}, joined(parts)) for parts in part_texts()]
    return {"version": 1, "kind": "accept", "provenance": "written by hand; digests from the oracle", "cases": cases}

"""The pymemcache adapter while clusters share nodes or keep replicas: one entry may be of both."""

from __future__ import annotations

from servers import Server
from specs import cluster, spec
from test_pymemcache_migration import KEYS, blue, green, where

import ringshift
from ringshift.adapters.pymemcache import Client


def test_clusters_that_share_nodes_and_prefix_migrate_only_what_changes(servers: list[Server]) -> None:
    """Scaling out: the new cluster is the old one plus a node."""
    old = cluster(*[f"n{at}@{server.address}" for at, server in enumerate(servers[:3])])
    new = cluster(*[f"n{at}@{server.address}" for at, server in enumerate(servers)])

    def move(generation: int, stage: str) -> str:
        return spec(generation, old, new, stage, 100)

    with ringshift.Router.from_spec(spec(1, old)) as router, Client(router) as client:
        values = {key: key.encode() for key in KEYS}
        client.set_many(values)
        router.apply(move(2, "prepare"))
        assert client.get_many(KEYS) == values
        for generation, stage in ((3, "ramp"), (4, "soak")):
            router.apply(move(generation, stage))
            changed = [key for key in KEYS if len(router.route(key).invalidate) == 2]
            assert 0 < len(changed) < len(KEYS) / 2
            for key in KEYS:
                # A set must reach the node although the route names it once only, as a node of the old cluster.
                assert client.get(key) == values[key]
                assert client.set(key, b"new") is True
                assert client.get(key) == b"new"
                assert client.set(key, values[key]) is True
        moved = [key for key in KEYS if servers[3].get(key) is not None]
        assert moved == changed
        assert client.delete_many(KEYS) is True
        assert client.get_many(KEYS) == {}


def test_replicas_while_migrating(servers: list[Server]) -> None:
    text = spec(2, blue(servers), green(servers, replicas=2), "ramp", 100)
    with ringshift.Router.from_spec(text) as router, Client(router) as client:
        source = next(s for s in servers if s.address == router.route("k").invalidate[0].address)
        source.set("k", b"1", expire=100)
        assert client.get("k") == b"1"
        assert [server.get("g1:k") for server in servers[2:]] == [b"1", b"1"]
        client.set("k", b"2")
        assert [server.get("g1:k") for server in servers[2:]] == [b"2", b"2"]
        assert source.get("k") is None
        client.delete("k")
        assert where(servers, "k") == set()

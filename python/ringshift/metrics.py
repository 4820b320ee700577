"""The shape of what `Router.metrics()` gives, for the host's own registry of metrics."""

from __future__ import annotations

from typing import TypedDict

__all__ = ["Breaker", "ClusterBreaker", "Debt", "Metrics", "Reloads", "Requests", "SpecWarning"]


class Reloads(TypedDict):
    """How refreshes ended."""

    refreshes: int
    """Refreshes that have ended, however they did: a number that stands still means that nobody watches."""
    applied: int
    """A new spec was put in force, the first one included."""
    unchanged: int
    """The file held the spec in force."""
    rejected: int
    """The file was bad; counted once for as long as it stays the same."""
    illegal: int
    """A spec was put in force that may not follow the one before, such as one that skips a stage."""
    last_illegal: str | None
    """The generations of the last such change and why it is illegal."""
    last_success: int
    """When the file was last found good, in seconds since 1970."""
    last_error: str | None
    """What is wrong with the file at present: where (pointer, line and column), what, and what would be right."""
    last_error_kind: str | None
    """Its kind, such as spec_syntax."""
    last_good_error: str | None
    """Why the last good copy could not be written, if one is kept."""


class Requests(TypedDict):
    """A count of requests that were reported."""

    cluster: str
    """The cluster's name."""
    op: str
    """read, fill or invalidate."""
    outcome: str
    """hit, miss, ok, error, timeout, unreachable or unsent."""
    count: int
    """How many."""


class Breaker(TypedDict):
    """The state of a node's breaker."""

    cluster: str
    """The cluster's name."""
    node: str
    """The node's id."""
    state: str
    """closed, open or half_open."""
    opened: int
    """How often it has opened, failed probes included."""


class ClusterBreaker(TypedDict):
    """The state of a cluster's breaker: one that is open keeps this process from reading the cluster."""

    cluster: str
    """The cluster's name."""
    state: str
    """closed, open or half_open."""
    opened: int
    """How often it has opened, failed probes included."""


class Debt(TypedDict):
    """What a cluster may still hold that is no longer true, as far as this process knows."""

    cluster: str
    """The cluster's name."""
    lost: int
    """How many invalidations were reported as error, timeout, unreachable or unsent, under the cluster's present
    prefix."""
    last: int
    """When the last of them was, in seconds since 1970; 0 if there was none."""
    open: bool
    """Whether a value that it should have removed may still be there: until max_ttl and 30 seconds have passed or the
    key_prefix changes. Whoever changes stages doesn't move towards such a cluster."""


class Owed(TypedDict):
    """Lost invalidations that are to be sent again: how much this process keeps itself from reading."""

    keys: int
    """Keys that are not read where their invalidation was lost."""
    unlisted_nodes: int
    """Nodes that are not read at all, since more keys were lost there than a router remembers.

    Those that values were copied from before are one together: nothing is read anywhere then.
    """
    repaid: int
    """Keys whose invalidation was sent again, and acknowledged."""


class SpecWarning(TypedDict):
    """A cluster whose fullest node owns over 15 % more than its fair share."""

    cluster: str
    """The cluster's name."""
    node: str
    """Its fullest node's id."""
    load: int
    """How much of its fair share that node owns, in basis points, rounded up."""
    pointer: str
    """The JSON pointer of the cluster's placement."""
    vnodes: int | None
    """A number of vnodes that mends it, if one was found."""
    max_load: int | None
    """A max_load that mends it, if one was found, in basis points."""
    message: str
    """What is wrong and what would mend it."""


class Metrics(TypedDict):
    """All counters and states of a router at one moment. No key and no value is among them."""

    generation: int
    """The generation in force."""
    digest: str
    """Its content hash."""
    epoch: int
    """How often routes may have changed."""
    region: str | None
    """The region of this process."""
    stage: str
    """The stage in this region: none, prepare, ramp or soak."""
    weight: int
    """The share of the keys that have moved in this region, in basis points."""
    reloads: Reloads
    """How refreshes ended."""
    requests: list[Requests]
    """Requests by cluster, op and outcome; those that never happened are left out."""
    breakers: list[Breaker]
    """The breakers of all nodes of the spec in force."""
    cluster_breakers: list[ClusterBreaker]
    """The breakers of its clusters, by name."""
    debts: list[Debt]
    """The invalidations that were lost, for each cluster of the spec, by name."""
    owed: Owed
    """The keys whose invalidation is to be sent again."""
    warnings: list[SpecWarning]
    """What is uneven in the spec in force, by cluster name."""

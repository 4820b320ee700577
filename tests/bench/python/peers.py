"""The peers, with as many points a node as ours where they have points and let one choose."""

from collections.abc import Callable

import hashring
import uhashring
from measure import Owner, Subject, in_batches, one_by_one
from ours import POINTS
from pymemcache.client.rendezvous import RendezvousHash

NAMES = ("uhashring", "hashring", "pymemcache", "fastring")
# uhashring puts each point into a sorted list one by one, minutes for more nodes; pymemcache asks all nodes for a key.
UHASHRING_LIMIT = 1_000
RENDEZVOUS_LIMIT = 1_000


def peers(nodes: list[str]) -> list[Subject]:
    """Every peer that these many nodes aren't too much for."""
    made = []
    if len(nodes) <= UHASHRING_LIMIT:
        made.append(subject("uhashring", nodes, uniform))
    made.append(subject("hashring", nodes, classic))
    if len(nodes) <= RENDEZVOUS_LIMIT:
        made.append(subject("pymemcache's RendezvousHash", nodes, rendezvous))
    return made + fastring(nodes)


def subject(name: str, nodes: list[str], make: Callable[[list[str]], Owner]) -> Subject:
    """A peer that is asked for one key at a time."""
    owner = make(nodes)
    return Subject(name, one_by_one(owner), owner, lambda added: make([*nodes, added]))


def uniform(nodes: list[str]) -> Owner:
    """uhashring's continuum, made as ketama makes it: four points come from each of these."""
    owner: Owner = uhashring.HashRing(nodes=nodes, vnodes=POINTS // 4, hash_fn="ketama").get_node
    return owner


def classic(nodes: list[str]) -> Owner:
    """hashring has 120 points a node, whatever one wishes."""
    owner: Owner = hashring.HashRing(nodes).get_node
    return owner


def rendezvous(nodes: list[str]) -> Owner:
    """As pymemcache's HashClient uses it."""
    owner: Owner = RendezvousHash(nodes).get_node
    return owner


def fastring(nodes: list[str]) -> list[Subject]:
    """Its newest version wants Python 3.13; an older Python is told so by the table's missing line."""
    try:
        from fastring import HashRing
    except ImportError:
        return []

    def make(names: list[str]) -> HashRing:
        ring = HashRing(virtual_nodes=POINTS)
        for name in names:
            ring.add_node(name)
        return ring

    ring = make(nodes)
    return [
        Subject("fastring", one_by_one(ring.get_node), ring.get_node, lambda added: make([*nodes, added]).get_node),
        in_batches("fastring: get_node_batch", ring.get_node_batch),
    ]

"""Speed and balance of the Python module beside its peers: one JSON line a subject and number of nodes.

`bench.py NODES...` — tests/bench/run.py runs it and makes the table.
"""

import gc
import importlib.metadata
import sys

from measure import make_nodes, measure, show
from ours import check_ours, floors, ours
from peers import NAMES, peers

KEYS = 1_000_000


def main() -> None:
    """Measures for each number of nodes that was asked for."""
    keys = [f"user:{n * 48271 % 100_000_000:08}:profile" for n in range(KEYS)]
    # Strings keep their hash once it is asked for: now, so that no round is the first.
    for key in keys:
        hash(key)
    # The collector works as it does for a caller, but needn't walk a million keys each time.
    gc.freeze()
    for count in map(int, sys.argv[1:]):
        nodes = make_nodes(count)
        check_ours(nodes, keys)
        measure([*floors(), *ours(nodes), *peers(nodes)], nodes, keys)
    show({"versions": versions()})


def versions() -> dict[str, str]:
    """Those of the peers that are installed."""
    found = {}
    for name in NAMES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found | {"CPython": sys.version.split()[0]}


if __name__ == "__main__":
    main()

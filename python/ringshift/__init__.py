"""Identical key placement for cache clusters in every language, and live migration between them.

A `Router` reads a spec file that names clusters and nodes. For every key it answers with a `Route`: where to read,
where to look after a miss, and what to invalidate. It takes up a new spec while it serves.

    >>> import ringshift
    >>> router = ringshift.Router.from_spec('''{
    ...     "format": 1, "generation": 1, "primary": "blue",
    ...     "clusters": {"blue": {"placement": {"kind": "ring"},
    ...                           "nodes": [{"id": "mc1", "address": "127.0.0.1:11211"}]}}}''')
    >>> router.route("user:42").read.node.address
    '127.0.0.1:11211'

The adapters in `ringshift.adapters` carry out routes with the cache client that you use.
"""

from ringshift import _load as _load
from ringshift import watch as _watch
from ringshift._moves import ClusterMoves, Flow, Moves
from ringshift._ringshift import NO_NODE, Node, Route, Router, Target, __version__, moves
from ringshift.errors import (
    ClosedError,
    Error,
    GenerationConflictError,
    InternalError,
    InvalidArgumentError,
    InvalidationLostError,
    InvalidKeyError,
    IoError,
    LostInvalidation,
    SpecError,
    SpecInvalidError,
    SpecLimitError,
    SpecSyntaxError,
    StaleGenerationError,
)

__all__ = [
    "NO_NODE",
    "ClosedError",
    "ClusterMoves",
    "Error",
    "Flow",
    "GenerationConflictError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidKeyError",
    "InvalidationLostError",
    "IoError",
    "LostInvalidation",
    "Moves",
    "Node",
    "Route",
    "Router",
    "SpecError",
    "SpecInvalidError",
    "SpecLimitError",
    "SpecSyntaxError",
    "StaleGenerationError",
    "Target",
    "__version__",
    "moves",
]

# Also a router without a watcher is refreshed by threads, and must not be in the middle of it at a fork.
_watch.register_hooks()

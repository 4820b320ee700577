"""A router that counts reports by node on their way.

The router's metrics count by cluster, since a label for every node of a large fleet would be too many. The
demonstration has few nodes and wants to say which one failed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from ringshift import Node, Router, Target

Outcome = Literal["hit", "miss", "ok", "error", "timeout"]
Op = Literal["read", "fill", "invalidate"]


class ObservedRouter:
    """Passes everything on to a router; `event` gets the name of each failure. Any thread may use it."""

    def __init__(self, router: Router, event: Callable[[str], None]) -> None:
        """Stands for `router`."""
        self._router = router
        self._event = event

    def report(self, node: Node | Target, outcome: Outcome, op: Op = "read") -> None:
        """Counts failures, then reports as usual."""
        if outcome in ("error", "timeout"):
            place = node.node if isinstance(node, Target) else node
            name = f"{place.cluster}/{place.id}"
            self._event(f"error:{name}")
            if op == "read":
                self._event(f"read-error:{name}")
        self._router.report(node, outcome, op)

    def __getattr__(self, name: str) -> Any:
        """Everything else is the router's."""
        return getattr(self._router, name)

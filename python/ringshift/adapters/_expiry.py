"""memcached's `exptime`, which means three things: 0 no end, up to 30 days seconds from now, above that a Unix time."""

from __future__ import annotations

import time
from typing import Final

_MONTH: Final = 30 * 24 * 60 * 60


def to_ttl(expire: int) -> int | None:
    """The seconds that an `exptime` leaves from now; None for no end, 0 for a time that is over."""
    if expire == 0:
        return None
    if expire > _MONTH:
        expire -= int(time.time())
    return max(0, expire)


def to_exptime(ttl: float | None) -> int:
    """The `exptime` for seconds from now, of which memcached counts whole ones; None for no end, 0 for what is over."""
    if ttl is None:
        return 0
    if ttl > _MONTH:
        # A second less: the server's clock may be that much behind, and no copy may live longer than its source.
        return int(ttl) + int(time.time()) - 1
    # 0 would be no end.
    return max(1, int(ttl)) if ttl > 0 else -1

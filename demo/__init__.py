"""A live migration on real memcached servers, with load, measured while it happens: `python -m demo`."""

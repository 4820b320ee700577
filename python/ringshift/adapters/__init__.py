"""Adapters: facades with the method names of a cache client that carry out a route.

Each is a module of its own, so that only the client which you use has to be installed: `ringshift.adapters.pymemcache`.
"""

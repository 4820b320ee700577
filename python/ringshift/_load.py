"""Loads the native module first: where it can't be loaded, the error says what would be right."""

from __future__ import annotations

__all__: list[str] = []

try:
    from ringshift import _ringshift  # noqa: F401
except ImportError as error:
    if "subinterpreter" not in str(error):
        raise
    raise ImportError(
        "ringshift can't be imported in a subinterpreter: use it in the main interpreter of the process (with "
        "mod_wsgi: WSGIApplicationGroup %{GLOBAL})"
    ) from error

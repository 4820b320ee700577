"""Loads the native module first, so that a place where it can't be loaded gets an error that says what would be right."""

from __future__ import annotations

__all__: list[str] = []

try:
    from ringshift import _ringshift as _ringshift
except ImportError as error:
    if "subinterpreter" not in str(error):
        raise
    raise ImportError(
        "ringshift can't be imported here: it works in one interpreter of a process, which is the main one as a rule; "
        "import it there (with mod_wsgi: WSGIApplicationGroup %{GLOBAL})"
    ) from error

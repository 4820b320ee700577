"""Subinterpreters can't import ringshift, are told what would be right, and do the main interpreter no harm."""

from __future__ import annotations

import subprocess
import sys

import forks
import pytest

# Python 3.13 has renamed the module, and Python 3.14 has a public one beside it.
INTERPRETERS = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"

USE = """
import ringshift
router = ringshift.Router.from_spec('''{"format": 1, "generation": 1, "primary": "c", "clusters": {"c": {"placement":
    {"kind": "ring"}, "nodes": [{"id": "a", "address": "/a"}]}}}''', watch=0.001)
assert router.route("user:42").read.node.id == "a"
router.metrics()
"""

TRY = """
try:
    import ringshift
except ImportError as error:
    print("ImportError:", error, flush=True)
else:
    USED
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    return forks.run(f"import {INTERPRETERS} as interpreters\nUSE = {USE!r}\nTRY = {TRY!r}\n{code}")


@pytest.mark.parametrize("main_first", [True, False])
def test_another_interpreter_gets_a_clear_error(*, main_first: bool) -> None:
    code = """
if MAIN: exec(USE)
for _ in range(3):
    one = interpreters.create()
    interpreters.run_string(one, TRY.replace("USED", "print('used', flush=True)"))
    interpreters.destroy(one)
if MAIN: router.close()
""".replace("MAIN", str(main_first))
    result = run(code)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith(
            "ImportError: ringshift can't be imported in a subinterpreter: use it in the main interpreter"
        )
        assert "WSGIApplicationGroup" in line


def test_the_main_interpreter_goes_on_after_others_have_tried() -> None:
    code = """
exec(USE)
one = interpreters.create()
interpreters.run_string(one, TRY.replace("USED", "raise SystemExit('imported twice')"))
interpreters.destroy(one)
assert router.route("user:43").read.node.id == "a"
router.refresh()
print("went on")
"""
    result = run(code)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "went on"

"""Subinterpreters can't import ringshift, are told what would be right, and do the main interpreter no harm."""

from __future__ import annotations

import subprocess
import sys

import forks
import pytest

# Python 3.13 has renamed the module, and Python 3.14 has a public one beside it.
INTERPRETERS = "_interpreters" if sys.version_info >= (3, 13) else "_xxsubinterpreters"
# One that has a lock of its own from Python 3.12 on, and one such as servers make that embed Python, which doesn't ask
# modules whether they are made for that.
KINDS = ["'isolated'", "'legacy'"] if sys.version_info >= (3, 13) else ["isolated=True", "isolated=False"]

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
    TOLD
else:
    USED
"""


def run(code: str) -> subprocess.CompletedProcess[str]:
    told = TRY.replace("TOLD", 'print("ImportError:", error, flush=True)')
    # Several at once would tear apart what others print.
    quiet = TRY.replace("TOLD", 'assert "subinterpreter" in str(error)')
    texts = f"USE = {USE!r}\nTRY = {told!r}\nQUIET = {quiet!r}"
    return forks.run(f"import {INTERPRETERS} as interpreters\n{texts}\n{code}")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("main_first", [True, False])
def test_another_interpreter_gets_a_clear_error(*, main_first: bool, kind: str) -> None:
    code = """
if MAIN: exec(USE)
for _ in range(3):
    one = interpreters.create(KIND)
    interpreters.run_string(one, TRY.replace("USED", "print('used', flush=True)"))
    interpreters.destroy(one)
if MAIN: router.close()
""".replace("MAIN", str(main_first)).replace("KIND", kind)
    result = run(code)
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert line.startswith(
            "ImportError: ringshift can't be imported in a subinterpreter: use it in the main interpreter"
        )
        assert "WSGIApplicationGroup" in line


@pytest.mark.parametrize("kind", KINDS)
def test_the_main_interpreter_goes_on_after_others_have_tried(kind: str) -> None:
    code = """
exec(USE)
one = interpreters.create(KIND)
interpreters.run_string(one, TRY.replace("USED", "raise SystemExit('imported twice')"))
interpreters.destroy(one)
assert router.route("user:43").read.node.id == "a"
router.refresh()
print("went on")
""".replace("KIND", kind)
    result = run(code)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[-1] == "went on"


@pytest.mark.parametrize("kind", KINDS)
def test_many_interpreters_try_at_once_while_the_main_one_routes(kind: str) -> None:
    code = """
import threading
exec(USE)
done = []

def other():
    one = interpreters.create(KIND)
    for _ in range(5):
        failed = interpreters.run_string(one, QUIET.replace("USED", "raise SystemExit('used')"))
        assert failed is None
    interpreters.destroy(one)
    done.append(True)

others = [threading.Thread(target=other) for _ in range(4)]
for each in others:
    each.start()
routed = 0
while any(each.is_alive() for each in others) or not routed:
    for at in range(100):
        assert router.route(f"user:{at}").read.node.id == "a"
        routed += 1
    router.refresh()
assert len(done) == 4
router.close()
print("went on")
""".replace("KIND", kind)
    result = run(code)
    assert (result.returncode, result.stdout, result.stderr) == (0, "went on\n", "")

"""Daemon threads that are in the middle of a call when the interpreter ends: it ends as it would without them.

Before Python 3.14 a thread that wants the interpreter's lock after the end has begun is ended where it is. Where that
is Python code that a native module called, the process aborts.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import forks
import pytest
from specs import cluster, spec

# How often each program is run: what is tested is a matter of moments.
RUNS = int(os.environ.get("FINALIZATION_RUNS", "3"))

CALLS = {
    "route": 'router.route("user:1")',
    "route_many": "router.route_many(keys)",
    "generator": "router.route_many(str(at) for at in range(50))",
    "group_by_node": "router.group_by_node(map(str, range(50)))",
    "index_many": "router.index_many(keys)",
    "report": 'router.report(node, "hit")',
    "metrics": "router.metrics()",
    "metrics_text": "router.metrics_text()",
    "refresh": "router.refresh()",
    "error_of_a_key": 'router.route("\\ud800")',
    "error_of_a_spec": 'router.apply("{")',
    "open": "ringshift.Router.open(path)",
    "open_and_watch": "ringshift.Router.open(path, watch=1)",
    "close": "ringshift.Router.open(path, watch=1).close()",
    "moves": "ringshift.moves(text, text)",
}

PROGRAM = """
import atexit, pathlib, sys, threading
import ringshift
path = pathlib.Path(sys.argv[1])
text = path.read_text()
router = ringshift.Router.open(path, watch=0.001)
node = router.nodes[0]
keys = [f"user:{{at}}" for at in range(50)]
begun = threading.Barrier(4)
def work():
    first = True
    while True:
        try:
            {call}
        except (ringshift.Error, RuntimeError):
            pass
        if first:
            first = False
            begun.wait()
sys.setswitchinterval(1e-5)
for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
# Whoever comes at the end can still call everything.
atexit.register(lambda: print(router.route("user:1").generation, router.metrics()["generation"]))
{end}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "cache.json"
    path.write_text(spec(1, cluster("a", "b")))
    return path


def run(path: Path, call: str, end: str) -> subprocess.CompletedProcess[str]:
    return forks.run(PROGRAM.format(call=call, end=end), path)


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_the_interpreter_ends_while_daemon_threads_call(path: Path, call: str) -> None:
    for _ in range(RUNS):
        result = run(path, call, "sys.exit(3)")
        assert (result.returncode, result.stdout, result.stderr) == (3, "1 1\n", "")


def test_sys_exit_in_another_thread_ends_that_thread(path: Path) -> None:
    end = "thread = threading.Thread(target=sys.exit, args=(7,)); thread.start(); thread.join()"
    result = run(path, CALLS["metrics"], end)
    assert (result.returncode, result.stdout, result.stderr) == (0, "1 1\n", "")


@pytest.mark.parametrize(
    "end", ["import os; os._exit(5)", "threading.Thread(target=__import__('os')._exit, args=(5,)).start()"]
)
def test_os_exit_ends_at_once(path: Path, end: str) -> None:
    for _ in range(RUNS):
        result = run(path, CALLS["refresh"], end + "\nthreading.Event().wait()")
        assert (result.returncode, result.stdout, result.stderr) == (5, "", "")


def test_what_was_registered_before_the_import_runs_after_the_watchers_have_ended(path: Path) -> None:
    code = """
import atexit, sys, threading
def last():
    print([thread.name for thread in threading.enumerate()], router.route("user:1").generation, router.refresh())
    router.close()
atexit.register(last)
import ringshift
router = ringshift.Router.open(sys.argv[1], watch=0.0005)
others = [ringshift.Router.open(sys.argv[1], watch=0.0005) for _ in range(3)]
def first():
    print(len(threading.enumerate()))
    others[0].close()
atexit.register(first)
"""
    result = forks.run(code, path)
    assert (result.returncode, result.stdout, result.stderr) == (0, "5\n['MainThread'] 1 False\n", "")

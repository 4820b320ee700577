"""A prefork server as a program, run by `test_prefork`: python prefork.py SPEC WORKERS

The master opens the router, with a watcher, and forks its workers while its own thread uses it. Each worker is asked by
a byte and answers with a line: its id, the generation of its routes, and whether they are those of a router of its own.
Commands come on standard input: `ask`, `kill` (a worker, which is forked again), `end`.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import NamedTuple

import ringshift

KEYS = [f"user:{at}" for at in range(100)]


class Worker(NamedTuple):
    """What the master knows of a worker."""

    process: int
    ask: int
    answer: int


def say(line: str) -> None:
    """Answers a command."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(router: ringshift.Router, path: str, ask: int, answer: int) -> None:
    """What a worker does: threads that route, and one that answers."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(90)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            for route in router.route_many(KEYS):
                assert route.read is not None
                router.report(route.read, "hit")

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    while os.read(ask, 1):
        mine = ringshift.Router.open(path)
        routes = router.route_many(KEYS)
        same = [route.invalidate[0].id for route in routes] == [
            route.invalidate[0].id for route in mine.route_many(KEYS)
        ]
        mine.close()
        os.write(answer, f"{os.getpid()} {routes[0].generation} {same}\n".encode())
    stop.set()
    for thread in threads:
        thread.join()
    router.close()


def fork(router: ringshift.Router, path: str, others: list[Worker]) -> Worker:
    """A new worker."""
    (asked, ask), (answered, answer) = os.pipe(), os.pipe()
    process = os.fork()
    if process == 0:
        status = 1
        try:
            # A pipe ends when nobody has it any more.
            for end in (ask, answered, *(end for other in others for end in (other.ask, other.answer))):
                os.close(end)
            serve(router, path, asked, answer)
            status = 0
        finally:
            os._exit(status)
    os.close(asked)
    os.close(answer)
    return Worker(process, ask, answered)


def end(worker: Worker) -> int:
    """Lets a worker end, and says how it did."""
    os.close(worker.ask)
    os.close(worker.answer)
    return os.waitstatus_to_exitcode(os.waitpid(worker.process, 0)[1])


def main(path: str, count: int) -> None:
    """The master."""
    stop = threading.Event()

    def use() -> None:
        while not stop.is_set():
            router.metrics()
            router.route_many(KEYS)
            router.refresh()

    with ringshift.Router.open(path, watch=0.002) as router:
        user = threading.Thread(target=use)
        user.start()
        workers: list[Worker] = []
        for _ in range(count):
            workers.append(fork(router, path, workers))
        say("serving")
        for command in map(str.strip, sys.stdin):
            if command == "ask":
                for worker in workers:
                    os.write(worker.ask, b"?")
                answers = [os.read(worker.answer, 100).decode().split() for worker in workers]
                assert [int(answer[0]) for answer in answers] == [worker.process for worker in workers]
                say(" ".join(f"{generation}:{same}" for _, generation, same in answers))
            elif command == "kill":
                gone = workers.pop(0)
                os.kill(gone.process, signal.SIGKILL)
                assert end(gone) == -signal.SIGKILL
                workers.append(fork(router, path, workers))
                say("forked")
            else:
                break
        while workers:
            assert end(workers.pop()) == 0
        stop.set()
        user.join()
    say("ended")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))

"""A Python process that watches a spec file; ../README.md says what it is told and what it answers."""

import json
import sys
import threading

import ringshift

KEYS = [f"key:{number}" for number in range(16)]


class Reader:
    """Routes without pause, and counts what does not fit together."""

    def __init__(self, router: ringshift.Router) -> None:
        self.router = router
        self.routed = 0
        self.wrong = 0
        self.ended = threading.Event()

    def run(self) -> None:
        last = 0
        while not self.ended.is_set():
            for key in KEYS:
                route = self.router.route(key)
                generation, read = route.generation, route.read
                whole = read is not None and read.node.id.startswith(f"g{generation}-")
                self.wrong += not whole or generation < last
                last = generation
            self.routed += len(KEYS)


def main() -> None:
    path, interval = sys.argv[1], float(sys.argv[2]) / 1000
    router = ringshift.Router.open(path, watch=interval)
    reader = Reader(router)
    thread = threading.Thread(target=reader.run, daemon=True)
    thread.start()
    for line in sys.stdin:
        metrics = router.metrics()
        answer = {
            "generation": router.generation,
            "routed": reader.routed,
            "wrong": reader.wrong,
            "reloads": metrics["reloads"],
            "events": router.events(int(line)),
        }
        print(json.dumps(answer), flush=True)
    reader.ended.set()
    thread.join()
    router.close()


main()

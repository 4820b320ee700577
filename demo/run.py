"""One run: everything is started, the story is told, and everything is stopped again, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from demo.children import Children
from demo.director import Director
from demo.fleet import Fleet, FleetError
from demo.origin_process import OriginError, follow_origin, start_origin
from demo.placing import Placer, PlacingError
from demo.record import Record, now
from demo.scenarios.elastic import scale_in, scale_out
from demo.scenarios.failure import failure
from demo.scenarios.naive import ADDED, NODES, blue, modulo, ring
from demo.scenarios.success import success
from demo.servers import ServerError, Servers
from demo.specs import MODULO, Situation, SpecFile
from demo.trace import draw, steady_contents, write_trace, zipf_weights

UPDATE_EVERY = 0.25
"""Seconds between two updates of what a person sees."""


class View(Protocol):
    """What a person sees while the run goes on."""

    def update(self) -> None:
        """Shows what is new."""


@dataclass(frozen=True)
class Places:
    """Where the files of a run lie."""

    directory: Path

    @property
    def spec(self) -> Path:
        """The one spec file that everything reads."""
        return self.directory / "cache.json"

    @property
    def trace(self) -> Path:
        """The requests."""
        return self.directory / "trace"

    @property
    def keys(self) -> Path:
        """All keys, one a line."""
        return self.directory / "keys"

    @property
    def contents(self) -> Path:
        """What the cache is filled with by hand: ranks and seconds to live."""
        return self.directory / "contents"

    @property
    def origin(self) -> Path:
        """The origin's socket."""
        return self.directory / "origin.sock"

    @property
    def database(self) -> Path:
        """The origin's database."""
        return self.directory / "origin.sqlite"

    @property
    def log(self) -> Path:
        """What the processes printed to their standard error."""
        return self.directory / "log"


class Interrupted(Exception):  # noqa: N818 (not an error: someone wanted it)
    """Someone asked the run to stop."""


class Finished(Exception):  # noqa: N818 (the ordinary way out of a group of endless tasks)
    """The story has been told: the tasks that follow the processes may end."""


class RunError(Exception):
    """A run that could not go on, with the reason and what the processes said."""


EXPECTED_ERRORS = (FleetError, OriginError, PlacingError, ServerError)
LOG_LINES = 20


async def run(record: Record, view: View, programs: Mapping[str, Path]) -> str:
    """Runs the whole story into a record. Gives the last lines that the processes wrote to their standard error."""
    with tempfile.TemporaryDirectory(prefix="ringshift-demo-") as directory:
        places = Places(Path(directory))
        children = Children(places.log)
        try:
            async with asyncio.TaskGroup() as group:
                stop_on_signals(group)
                await tell(record, view, programs, places, children, group)
                raise Finished
        except* Finished:
            pass
        except* Interrupted:
            raise KeyboardInterrupt from None
        except* EXPECTED_ERRORS as errors:
            reasons = "; ".join(map(str, leaves(errors)))
            raise RunError("\n".join([reasons, *last_lines(places.log)])) from None
        finally:
            await children.stop_all()
        return "\n".join(last_lines(places.log))


def leaves(group: BaseExceptionGroup[BaseException]) -> list[BaseException]:
    """The errors in a group and in the groups within it."""
    found: list[BaseException] = []
    for error in group.exceptions:
        found += leaves(error) if isinstance(error, BaseExceptionGroup) else [error]
    return found


def last_lines(log: Path) -> list[str]:
    """The end of the log."""
    return log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:]


async def tell(
    record: Record,
    view: View,
    programs: Mapping[str, Path],
    places: Places,
    children: Children,
    group: asyncio.TaskGroup,
) -> None:
    """Starts everything, runs all scenarios, and waits for the last reports."""
    settings = record.settings
    keys = [settings.key(rank) for rank in range(settings.placed_keys)]
    places.keys.write_text("".join(key + "\n" for key in keys), encoding="utf-8")
    trace = draw(
        keys=settings.keys,
        skew=settings.skew,
        length=settings.trace_length,
        reads_per_write=settings.reads_per_write,
        seed=settings.seed,
    )
    write_trace(places.trace, trace)
    contents = steady_contents(
        zipf_weights(settings.keys, settings.skew),
        reads_per_second=settings.reads_per_second,
        least_ttl=settings.least_ttl,
        most_ttl=settings.max_ttl,
        seed=settings.seed,
    )
    places.contents.write_text("".join(f"{rank} {ttl}\n" for rank, ttl in contents), encoding="utf-8")
    servers = Servers(children)
    await servers.start((*NODES, ADDED))
    origin = await start_origin(children, settings, keys, socket=places.origin, database=places.database)
    group.create_task(follow_origin(origin, record.take_origin))
    fleet = Fleet(children, settings, record.take)
    spec = SpecFile(places.spec, settings.max_ttl)
    director = Director(settings, record, fleet, servers, spec, Placer(fleet, programs, places.spec, keys))
    spec.publish(Situation(blue(director, "m0:", MODULO)))
    await fleet.start(
        group, spec=places.spec, origin=places.origin, trace=places.trace, keys=places.keys, contents=places.contents
    )
    group.create_task(keep_updated(view))
    await story(director)
    await settle(record)


async def story(director: Director) -> None:
    """All scenarios, in their order."""
    await modulo(director)
    await ring(director)
    await success(director)
    disowned = await scale_out(director)
    # Meanwhile, old copies of the keys that have just moved run out: see `scale_in`.
    await failure(director)
    await scale_in(director, disowned)


async def settle(record: Record) -> None:
    """Waits until everything that happened has been reported."""
    until = now()
    while record.complete_until() < until:  # noqa: ASYNC110 (reports come from several places)
        await asyncio.sleep(record.settings.report_every / 4)


async def keep_updated(view: View) -> None:
    """Updates what a person sees, until it is cancelled."""
    while True:
        view.update()
        await asyncio.sleep(UPDATE_EVERY)


def stop_on_signals(group: asyncio.TaskGroup) -> None:
    """Has Ctrl-C, a hang-up and a polite kill end the group, so that everything is stopped in order."""

    async def interrupt() -> None:
        raise Interrupted

    def on_signal() -> None:
        with contextlib.suppress(RuntimeError):
            group.create_task(interrupt())

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Under nohup a hang-up is to be ignored.
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, on_signal)

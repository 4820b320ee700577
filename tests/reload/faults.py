"""What is done to a spec file: the words of scenarios.json, on the real file system."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypedDict

NODES = 5
# A slow writer's parts.
PARTS = 4


class Text(TypedDict, total=False):
    """A spec's text: its generation, relative to the one in force, and what is wrong with it."""

    generation: int
    cut: int
    replace: list[str]


def spec(generation: int) -> str:
    """A spec whose nodes are named by its generation."""
    nodes = [f'{{"id": "g{generation}-{n}", "address": "10.0.0.{n}:11211"}}' for n in range(NODES)]
    return (
        f'{{\n"format": 1, "generation": {generation:9},\n"primary": "c",\n'
        f'"clusters": {{"c": {{"placement": {{"kind": "ring", "vnodes": 8}},\n"nodes": [{", ".join(nodes)}]}}}}}}\n'
    )


class SpecFile:
    """The file that a process watches, and all that happens to it."""

    def __init__(self, directory: Path) -> None:
        """A good file of generation 2: there is a lower one."""
        self.path = directory / "cache.json"
        self.generation = 2
        self._mounts = 0
        self.rename(spec(self.generation))

    def text(self, told: Text) -> str:
        """The text that a scenario speaks of."""
        text = spec(self.generation + told["generation"])
        if "replace" in told:
            old, new = told["replace"]
            assert old in text
            text = text.replace(old, new)
        return text[: told.get("cut")]

    def do(self, step: list[Any]) -> Iterator[None]:
        """Takes a step of a fault; yields where the process should have time to see it."""
        what, *with_ = step
        match what:
            case "rename":
                self.rename(self.text(with_[0]))
            case "write":
                self.path.write_text(self.text(with_[0]))
            case "remove":
                self.path.unlink()
            case "directory":
                self.path.mkdir()
            case "fifo":
                os.mkfifo(self.path)
            case "link":
                self.path.symlink_to(with_[0])
            case "forbid":
                self._forbid()
            case "stretch":
                os.truncate(self.path, with_[0])
            case "mount":
                self.mount(None if with_[0] is None else self.text(with_[0]))
            case "slowly":
                yield from self._slowly(self.text(with_[0]))
            case "storm":
                yield from self._storm(with_[0])
            case _:
                raise ValueError(what)

    def mend(self, how: str | None, *, back: bool) -> None:
        """Puts a good file in place: the next one, or the one in force."""
        if not back:
            self.generation += 1
        text = spec(self.generation)
        if how == "mount":
            self.mount(text)
        elif how == "last part":
            with self.path.open("a") as file:
                file.write(text[-self._last :])
        else:
            if not self.path.is_symlink() and self.path.is_dir():
                self.path.rmdir()
            self.rename(text)

    def rename(self, text: str) -> None:
        """As an operator's tool replaces it."""
        new = self.path.with_suffix(".new")
        new.write_text(text)
        new.replace(self.path)

    def mount(self, text: str | None) -> None:
        """As Kubernetes mounts a ConfigMap: cache.json -> ..data/cache.json, and ..data -> a directory, swapped."""
        self._mounts += 1
        directory = self.path.parent
        version = directory / f"..{self._mounts}"
        version.mkdir()
        if text is not None:
            (version / "cache.json").write_text(text)
        data, new = directory / "..data", directory / "..data_tmp"
        before = data.resolve() if data.exists() else None
        new.symlink_to(version.name)
        new.replace(data)
        if not self.path.is_symlink():
            link = directory / "link"
            link.symlink_to("..data/cache.json")
            link.replace(self.path)
        if before is not None:
            shutil.rmtree(before)

    def _forbid(self) -> None:
        self.path.chmod(0)
        if os.access(self.path, os.R_OK):
            # Root may read everything, but nobody opens a file whose name is too long.
            self.path.unlink()
            self.path.symlink_to("n" * 256)

    def _slowly(self, text: str) -> Iterator[None]:
        length = len(text) // PARTS
        self._last = len(text) - (PARTS - 1) * length
        with self.path.open("w") as file:
            for part in range(PARTS - 1):
                file.write(text[part * length : (part + 1) * length])
                file.flush()
                yield

    def _storm(self, rewrites: int) -> Iterator[None]:
        for number in range(rewrites):
            good = spec(self.generation + 1)
            match number % 5:
                case 0:
                    self.generation += 1
                    self.rename(good)
                case 1:
                    self.generation += 1
                    self.path.write_text(good)
                case 2:
                    self.rename(good.replace('"format"', '"farmat"'))
                case 3:
                    self.path.write_text(good[: len(good) // 2])
                case _:
                    self.path.unlink()
            time.sleep(0.01)
        self.rename("{")
        yield


def scenarios() -> list[dict[str, Any]]:
    """The table."""
    loaded: list[dict[str, Any]] = json.loads(Path(__file__).with_name("scenarios.json").read_text())
    return loaded

"""The origin: versions, and a store that serves so many requests at once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from demo.origin import Database, Store


def test_versions_rise_by_one(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    database.create(["a", "b"])
    assert database.read("a")[0] == 1
    assert [database.write("a"), database.write("a")] == [2, 3]
    version, value = database.read("a")
    assert version == 3
    assert value.startswith("a#3;")
    assert database.read("b")[0] == 1


def test_an_unknown_key_has_no_version(tmp_path: Path) -> None:
    database = Database(tmp_path / "db")
    assert database.read("a") == (0, "")
    assert database.write("a") == 0


def test_the_store_serves_no_more_at_once_than_it_has_slots() -> None:
    async def serve() -> list[int]:
        store = Store(2, 0.001)
        done = asyncio.Event()
        served: list[int] = []

        def work(number: int) -> None:
            served.append(number)
            if number == 4:
                done.set()

        for number in range(5):
            store.submit(lambda number=number: work(number))  # type: ignore[misc]
        assert store.waiting == 3
        await done.wait()
        assert store.waiting == 0
        return served

    assert asyncio.run(serve()) == [0, 1, 2, 3, 4]

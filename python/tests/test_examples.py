"""The examples at the top of the adapters' modules, run as they are written, on real servers."""

from __future__ import annotations

import asyncio
import inspect
import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from redis_servers import RedisServer
from servers import Server
from specs import cluster, spec

from ringshift.adapters import pymemcache, redis
from ringshift.adapters.redis import asyncio as redis_asyncio


def example(module: ModuleType) -> str:
    """The indented part of a module's description."""
    lines = (inspect.getdoc(module) or "").splitlines()
    return textwrap.dedent("\n".join(line for line in lines if not line or line.startswith("    ")))


@pytest.fixture
def redis_server() -> Iterator[RedisServer]:
    server = RedisServer()
    yield server
    server.kill()


def run(module: ModuleType, address: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(folder)
    Path("cache.json").write_text(spec(1, cluster(f"a@{address}")))
    names: dict[str, Any] = {"database": SimpleNamespace(user_42=lambda: "Ada")}
    exec(compile(example(module), module.__name__, "exec"), names)
    return names


def test_pymemcache(servers: list[Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(pymemcache, servers[0].address, tmp_path, monkeypatch)
    assert names["user"] == "Ada"
    names["client"].close()
    names["router"].close()


def test_redis(redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(redis, redis_server.address, tmp_path, monkeypatch)
    assert names["user"] == "Ada"
    names["client"].close()
    names["router"].close()


def test_redis_asyncio(redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(redis_asyncio, redis_server.address, tmp_path, monkeypatch)
    assert asyncio.run(names["main"]()) == "Ada"

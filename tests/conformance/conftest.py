"""Which clients the scenarios are played with: all, unless some are named."""

from __future__ import annotations

import os

import pytest
from scenario import load_all
from workers import CLIENTS, build_go


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--clients pymemcache,redis`, or CONFORMANCE_CLIENTS in the environment."""
    parser.addoption("--clients", default=os.environ.get("CONFORMANCE_CLIENTS", ""), help="names, with commas")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every scenario with every client that it is for."""
    if "scenario" not in metafunc.fixturenames:
        return
    names = [name for name in metafunc.config.getoption("--clients").split(",") if name]
    known = [client.name for client in CLIENTS]
    for name in names:
        if name not in known:
            raise pytest.UsageError(f"no client {name}; there are {', '.join(known)}")
    pairs = [
        pytest.param(client, scenario, id=f"{client.name}: {scenario.name}")
        for client in CLIENTS
        if not names or client.name in names
        for scenario in load_all()
        if scenario.fits(client.family)
    ]
    metafunc.parametrize(("client", "scenario"), pairs)


@pytest.fixture(scope="session")
def go_worker() -> None:
    """Go's worker, built once."""
    build_go()

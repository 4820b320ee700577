"""One process a language for all scenarios."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults import SpecFile
from hosts import HOSTS, Watched, command


@pytest.fixture(scope="module", params=HOSTS)
def host(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[SpecFile, Watched]]:
    """A spec file, and a process that watches it."""
    file = SpecFile(tmp_path_factory.mktemp("reload"))
    watched = Watched(command(request.param), file.path)
    yield file, watched
    watched.close()

"""A command line with a data directory of its own and, where asked for, a service behind it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.commands import eunoe
from service.ops.announce import Credentials, Ready, write_credentials, write_ready
from tests.unit.commands.fake_service import ADMIN_TOKEN, API_KEY, State, serving

Cli = Callable[..., Result]


@pytest.fixture
def cli(tmp_path: Path) -> Cli:
    """Run `eunoe` with these arguments, on a data directory of the test's own."""
    env = {"EUNOE_DATA_DIR": str(tmp_path / "data"), "XDG_CACHE_HOME": str(tmp_path / "cache"), "COLUMNS": "200"}

    def run(*arguments: str, **more: str | None) -> Result:
        return CliRunner(env={**env, **more}).invoke(eunoe, arguments)

    return run


@pytest.fixture
def state() -> State:
    """What the service behind the command line holds."""
    return State()


@pytest.fixture
def service(state: State, tmp_path: Path) -> Iterator[str]:
    """A running service that announced itself as the real one does; its address."""
    data = tmp_path / "data"
    with serving(state) as address:
        credentials = data / "credentials.json"
        write_ready(data / "ready.json", Ready(address, "127.0.0.1:9", os.getpid(), str(credentials), str(data)))
        write_credentials(credentials, Credentials("default", API_KEY, ADMIN_TOKEN))
        yield address

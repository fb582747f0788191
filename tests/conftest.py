"""What all tests share.

The running service starts when a test asks for it first, and gives every test an instance of its own; so does PostgreSQL, with its
databases. And hypothesis judges by what it finds, never by how long a busy machine took.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from deploy.daemon import free_port
from deploy.kafka.brokers import Brokers
from deploy.s3 import S3Server, environment
from tests.support.catalogs import Catalogs, PostgresCatalogs, SqliteCatalogs
from tests.support.faults import FaultyProxy
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.service import RunningService, start_service
from tests.support.shelf import Shelf, disk_shelf, s3_shelf
from tests.support.wire import EQUALS_CUSTOMER, Wire

settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server. It does not sync, so tests that crash it for its durability start their own."""
    with running_postgres("fsync=off", "full_page_writes=off") as server:
        yield server


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def catalogs(request: pytest.FixtureRequest) -> Catalogs:
    """Fresh catalogs: on SQLite, then on PostgreSQL."""
    return SqliteCatalogs() if request.param == "sqlite" else PostgresCatalogs(request.getfixturevalue("postgres"))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """A real S3-compatible server, to which this process's environment leads from here on. Tests that kill or freeze one start their own."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    server.start()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(server.endpoint).items():
            patch.setenv(name, value)
        yield server
    server.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[S3Server]:
    """An S3 server of this test's own, which it may kill."""
    own = S3Server(tmp_path / "s3")
    own.start()
    yield own
    own.stop()


@pytest.fixture
def proxy(server: S3Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[FaultyProxy]:
    """What stands between that server and everybody."""
    with FaultyProxy(server.port) as between:
        for name, value in environment(between.endpoint).items():
            monkeypatch.setenv(name, value)
        yield between


@pytest.fixture
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    """An empty place for tables: on disk, or in a bucket where a test is parametrised so (`SHELVES`, indirectly)."""
    if getattr(request, "param", "disk") == "disk":
        return disk_shelf(tmp_path)
    return s3_shelf(request.getfixturevalue("s3_server"))


@pytest.fixture(scope="session")
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service as `eunoe up` runs it. Tests that kill or stop one start their own."""
    with start_service(tmp_path_factory.mktemp("service") / "data") as service:
        yield service


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """A real Kafka with one node. Tests that kill it start it again."""
    started = Brokers(tmp_path_factory.mktemp("kafka"), nodes=1, port=free_port(1))
    started.start()
    yield started
    started.stop()


@pytest.fixture
async def operator(shared_service: RunningService) -> AsyncIterator[Wire]:
    """Plain stubs with the admin token."""
    async with Wire(shared_service.address, shared_service.credentials["admin_token"]) as wire:
        yield wire


@pytest.fixture
async def instance(operator: Wire) -> Wire:
    """Plain stubs of a fresh instance: a user always comes with a customer."""
    return await operator.new_instance()


@pytest.fixture
async def users_only(operator: Wire) -> Wire:
    """Plain stubs of a fresh instance that knows users only."""
    return await operator.new_instance(EQUALS_CUSTOMER)

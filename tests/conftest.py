"""What all tests share.

The running service starts when a test asks for it first, and gives every test an instance of its own; so does PostgreSQL, with its
databases. And hypothesis judges by what it finds, never by how long a busy machine took.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from hypothesis import HealthCheck, settings

from deploy.kafka.brokers import Brokers
from tests.support.catalogs import Catalogs, PostgresCatalogs, SqliteCatalogs
from tests.support.cluster import free_port
from tests.support.postgres import PostgresServer, running_postgres
from tests.support.service import RunningService, start_service
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
def shared_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The service as `eunoe up` runs it. Tests that kill or stop one start their own."""
    with start_service(tmp_path_factory.mktemp("service") / "data") as service:
        yield service


@pytest.fixture(scope="session")
def brokers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Brokers]:
    """A real Kafka with one node. Tests that kill it start it again."""
    started = Brokers(tmp_path_factory.mktemp("kafka"), nodes=1, port=free_port())
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

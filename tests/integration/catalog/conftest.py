"""A fresh catalog per test: on both databases, or on one where the test is about that one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.catalog.engine import Catalog
from tests.support.catalogs import Catalogs, PostgresCatalogs, SqliteCatalogs
from tests.support.postgres import PostgresServer


@pytest.fixture
def catalog(catalogs: Catalogs) -> Iterator[Catalog]:
    """A fresh deployment of one shard, on either database."""
    with catalogs.fresh() as opened:
        yield opened


@pytest.fixture
def sqlite_catalog() -> Iterator[Catalog]:
    """A fresh deployment of one shard on SQLite."""
    with SqliteCatalogs().fresh() as opened:
        yield opened


@pytest.fixture(scope="session")
def postgres_catalogs(postgres: PostgresServer) -> PostgresCatalogs:
    """Fresh catalogs on PostgreSQL."""
    return PostgresCatalogs(postgres)


@pytest.fixture
def postgres_catalog(postgres_catalogs: PostgresCatalogs) -> Iterator[Catalog]:
    """A fresh deployment of one shard on PostgreSQL."""
    with postgres_catalogs.fresh() as opened:
        yield opened

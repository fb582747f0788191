"""A fresh catalog per test, on both databases, and an owner driven by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from service.catalog.engine import Catalog
from service.catalog.instances import InstanceRow, insert_instance
from service.commands import eunoe
from service.domain.kinds import Isolation
from tests.support.catalogs import INSTANCE, NOW, OTHER_INSTANCE, Catalogs
from tests.support.stages import HandOwner


@pytest.fixture
def catalog(catalogs: Catalogs) -> Iterator[Catalog]:
    """A fresh deployment of one shard."""
    with catalogs.fresh() as opened:
        yield opened


@pytest.fixture
def owner(catalog: Catalog) -> HandOwner:
    """The owner of the one shard."""
    return HandOwner(catalog)


@pytest.fixture
def named_instances(catalog: Catalog) -> None:
    """The instances that tests write to, `default` and `other`."""
    with catalog.write() as connection:
        for identity, name in ((INSTANCE, "default"), (OTHER_INSTANCE, "other")):
            insert_instance(connection, InstanceRow(identity, name, Isolation.STRICT, NOW))


@pytest.fixture
def cli(catalog: Catalog, tmp_path: Path) -> Callable[..., Result]:
    """Run `eunoe` on this catalog, while others have it open."""
    env = {"EUNOE_CATALOG_URL": str(catalog.place), "EUNOE_DATA_DIR": str(tmp_path), "COLUMNS": "300"}
    if isinstance(catalog.place, Path):
        env = {"EUNOE_DATA_DIR": str(catalog.place.parent), "COLUMNS": "300"}
    return lambda *arguments: CliRunner(env=env).invoke(eunoe, arguments)

"""A fresh catalog per test, on both databases, and an owner driven by hand."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.catalog.engine import Catalog
from tests.support.catalogs import Catalogs
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

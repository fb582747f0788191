"""A fresh catalog per test, and an owner driven by hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalog.engine import Catalog
from tests.support.catalogs import new_catalog
from tests.support.stages import HandOwner


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A fresh deployment of one shard."""
    opened = new_catalog(tmp_path)
    yield opened
    opened.close()


@pytest.fixture
def owner(catalog: Catalog) -> HandOwner:
    """The owner of the one shard."""
    return HandOwner(catalog)

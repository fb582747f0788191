"""A fresh catalog per test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalog.engine import Catalog
from tests.support.catalogs import new_catalog


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A fresh deployment of one shard."""
    opened = new_catalog(tmp_path)
    yield opened
    opened.close()

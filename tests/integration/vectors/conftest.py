"""A place with a table, on disk and in a bucket: everything in this folder holds for both."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from service.vectors.writer import IndexWriter
from tests.support.shelf import SHELVES, Shelf

TABLE = "shard0_a1"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each test that has tables once per kind of place."""
    if "shelf" in metafunc.fixturenames:
        metafunc.parametrize("shelf", SHELVES, indirect=True)


@pytest.fixture
def index(shelf: Shelf) -> Iterator[IndexWriter]:
    """A writer of an empty table `TABLE`."""
    writer = IndexWriter(shelf.uri)
    writer.create(TABLE, log_epoch=7, generation=1)
    yield writer
    writer.close()


@pytest.fixture
def other(index: IndexWriter) -> Iterator[IndexWriter]:
    """What another process holds: another connection to the same tables, which read `TABLE` before."""
    writer = IndexWriter(index.uri)
    assert writer.search(TABLE, [1], terms="anything") == []
    yield writer
    writer.close()

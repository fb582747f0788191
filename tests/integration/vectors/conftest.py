"""A directory of tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.vectors.writer import IndexWriter

TABLE = "shard0_a1"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[IndexWriter]:
    """A writer of an empty table `TABLE`."""
    writer = IndexWriter(str(tmp_path / "index"))
    writer.create(TABLE, log_epoch=7, generation=1)
    yield writer
    writer.close()


@pytest.fixture
def other(index: IndexWriter) -> Iterator[IndexWriter]:
    """What another process holds: another connection to the same tables, which read `TABLE` before."""
    writer = IndexWriter(index.uri)
    assert writer.load_scope(TABLE, 1) == []
    yield writer
    writer.close()

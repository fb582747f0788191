"""Tables are created, recognised and dropped."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from service.vectors.errors import IndexUnavailable
from service.vectors.results import TableState
from service.vectors.writer import IndexWriter
from tests.integration.vectors.conftest import TABLE
from tests.support.shelf import Shelf
from tests.support.stored import as_stored, stored
from tests.unit.vectors.samples import item, items


def test_epoch_and_generation_are_recognised(index: IndexWriter) -> None:
    """A table tells which log and which model it was made for, after any number of writes."""
    version = index.upsert(TABLE, items(range(3)))
    index.create("shard0_b2", log_epoch=2**64 - 1, generation=2)
    assert index.state(TABLE) == TableState(version=version or 0, log_epoch=7, generation=1)
    other = index.state("shard0_b2")
    assert other is not None and (other.log_epoch, other.generation) == (2**64 - 1, 2)


def test_version_grows_with_every_write(index: IndexWriter) -> None:
    """Each write tells a higher version, which the table then has; nothing to write changes nothing."""
    versions = [index.upsert(TABLE, items(range(2))), index.append(TABLE, [item(5)]), index.delete(TABLE, [item(0).item_id])]
    assert versions == sorted({version for version in versions if version is not None})
    assert [index.upsert(TABLE, []), index.append(TABLE, []), index.delete(TABLE, [])] == [None] * 3
    state = index.state(TABLE)
    assert state is not None and state.version == versions[-1]


def test_missing_and_damaged_tables(index: IndexWriter, shelf: Shelf) -> None:
    """A table that is missing or does not open has no state, and reading it is an error of the index."""
    index.create("shard0_b2", log_epoch=7, generation=1)
    shutil.rmtree(shelf.path / "shard0_b2.lance" / "_versions")
    for name in ("shard0_b2", "shard0_c3"):
        assert index.state(name) is None
        with pytest.raises(IndexUnavailable):
            index.search(name, [1], terms="shared")


def test_drop(index: IndexWriter, shelf: Shelf) -> None:
    """A dropped table is gone from disk and from the list; dropping it again is no error."""
    index.create("shard0_b2", log_epoch=7, generation=1)
    index.drop("shard0_b2")
    index.drop("shard0_b2")
    assert index.names() == [TABLE]
    assert not (shelf.path / "shard0_b2.lance").exists()


@pytest.mark.parametrize("name", ["../outside", "a b", "a/b", "ä"])
def test_names_cannot_leave_the_directory(index: IndexWriter, name: str) -> None:
    """A name that is not letters, digits and underscores makes no table."""
    with pytest.raises(IndexUnavailable):
        index.create(name, log_epoch=7, generation=1)
    assert index.names() == [TABLE]


def test_a_directory_called_db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative directory is a directory, whatever its name begins with."""
    monkeypatch.chdir(tmp_path)
    index = IndexWriter("db-of-mine")
    index.create(TABLE, log_epoch=7, generation=1)
    index.close()
    assert (tmp_path / "db-of-mine" / f"{TABLE}.lance").is_dir()


def test_used_again_after_close(index: IndexWriter) -> None:
    """Closing lets go; a later use connects again."""
    index.upsert(TABLE, [item(1)])
    index.close()
    assert stored(index.uri, TABLE, 1) == as_stored([item(1)])


def test_warm_up(index: IndexWriter, shelf: Shelf) -> None:
    """Warming up needs no table, and no table that is sound."""
    IndexWriter(f"{index.uri}/nothing").warm_up([])
    index.upsert(TABLE, [item(1)])
    index.create("shard0_b2", log_epoch=7, generation=1)
    shutil.rmtree(shelf.path / "shard0_b2.lance" / "_versions")
    fresh = IndexWriter(index.uri)
    fresh.warm_up([TABLE, "shard0_b2", "shard0_c3"])
    assert stored(fresh.uri, TABLE, 1) == as_stored([item(1)])
    fresh.close()

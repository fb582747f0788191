"""A table that is built beside the one in use: writes and reads go on, nothing is missing when it is switched to, a kill costs a page."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from service.catalog import edits, indexes
from service.catalog.edits import Guard
from service.catalog.engine import Catalog, StorageFull
from service.catalog.indexes import IndexBuild
from service.pipeline import build as builds
from service.pipeline.index import IndexStep
from service.vectors.errors import IndexUnavailable
from service.vectors.writer import IndexWriter
from tests.support.catalogs import INSTANCE, message, record, scalar
from tests.support.owners import OwnerThread, check_finished, check_index, follow
from tests.support.stages import HandOwner, memory


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Where the tables are."""
    return str(tmp_path / "index")


@pytest.fixture
def writer(uri: str) -> Iterator[IndexWriter]:
    """Of the tables."""
    opened = IndexWriter(uri)
    yield opened
    opened.close()


@pytest.fixture
def indexed(catalog: Catalog, uri: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An index of some items, whose pages are small. Gives the name of its table."""
    monkeypatch.setattr(builds, "PAGE_ROWS", 5)
    record(catalog, *[message(f"likes tea number {number}") for number in range(10)])
    HandOwner(catalog).work()
    follow(catalog, uri)
    return table(catalog)


def table(catalog: Catalog) -> str:
    """The name of the shard's table."""
    return str(scalar(catalog, "SELECT name FROM index_tables"))


def under_way(catalog: Catalog) -> IndexBuild | None:
    """The build under way."""
    with catalog.read() as connection:
        return indexes.index_build(connection, 0)


def want(catalog: Catalog) -> None:
    """Ask for a build, as `eunoe reindex` does."""
    with catalog.write() as connection:
        indexes.want_index_build(connection, 0, 1)


def step_of(catalog: Catalog, writer: IndexWriter) -> IndexStep:
    """The index step of a fresh owner, whose table is open."""
    index = IndexStep(catalog, writer, HandOwner(catalog).ownership)
    index.open()
    return index


def advance(index: IndexStep, catalog: Catalog, done: int) -> None:
    """Go on until so many items are in the new table."""
    while (build := under_way(catalog)) is not None and build.done < done:
        index.advance()


def finish(index: IndexStep, catalog: Catalog) -> None:
    """Go on to the switch."""
    while under_way(catalog) is not None:
        index.advance()


def test_a_running_owner_builds_and_switches(catalog: Catalog, uri: str, indexed: str) -> None:
    """While messages come in the index is never empty, never lacks what it held, and ends as what the catalog holds."""
    seen: list[int] = []
    done = threading.Event()

    def read() -> None:
        reader = IndexWriter(uri)
        while not done.is_set():
            seen.append(len(reader.search(table(catalog), [1], vector=np.ones(384, np.float32), limit_vector=1000)))
        reader.close()

    readers = threading.Thread(target=read)
    readers.start()
    with OwnerThread(catalog, uri) as owner:
        want(catalog)
        for number in range(20):
            record(catalog, message(f"saw the sea {number} times"))
            owner.wake()
        owner.finish()
        owner.wait(lambda: under_way(catalog) is None and table(catalog) != indexed)
        owner.finish()
        done.set()
        readers.join()
    assert min(seen) == 20 and seen == sorted(seen)
    check_finished(catalog)
    check_index(catalog, uri)


def test_what_changes_meanwhile_is_in_the_new_table(catalog: Catalog, uri: str, indexed: str, writer: IndexWriter) -> None:
    """Also what the pages have passed already, and what is deleted."""
    want(catalog)
    index = step_of(catalog, writer)
    advance(index, catalog, 5)
    record(catalog, message("saw the sea"))
    with catalog.write() as connection:
        gone = memory(catalog, "User likes tea number 0").item.item_id
        edits.delete_memory(connection, INSTANCE, gone, Guard(), 0, 1)
    HandOwner(catalog).work()
    index = step_of(catalog, writer)
    assert index.flush()
    finish(index, catalog)

    assert table(catalog) != indexed
    check_index(catalog, uri)


@pytest.mark.usefixtures("indexed")
def test_what_is_pending_at_the_switch_stands_in_the_new_table_once(catalog: Catalog, uri: str, writer: IndexWriter) -> None:
    """The pages have it from the catalog already, when the next flush writes it."""
    hand = HandOwner(catalog)
    index = IndexStep(catalog, writer, hand.ownership)
    index.open()
    index.flush()
    want(catalog)
    record(catalog, message("saw the sea"))
    hand.work()
    finish(index, catalog)
    assert index.flush()

    check_index(catalog, uri)


@pytest.mark.usefixtures("indexed")
def test_the_next_owner_goes_on_where_a_killed_one_ended(catalog: Catalog, uri: str, writer: IndexWriter) -> None:
    """With the same table, after the last page."""
    want(catalog)
    advance(step_of(catalog, writer), catalog, 5)
    before = under_way(catalog)
    assert before is not None and before.done == 5

    index = step_of(catalog, writer)
    assert under_way(catalog) == before
    finish(index, catalog)

    assert table(catalog) == before.name
    check_index(catalog, uri)


@pytest.mark.usefixtures("indexed")
def test_a_build_whose_table_is_lost_begins_anew(catalog: Catalog, uri: str, writer: IndexWriter) -> None:
    """Found out by a restart or by the next write; the table in use goes on meanwhile."""
    want(catalog)
    index = step_of(catalog, writer)
    advance(index, catalog, 5)
    lost = under_way(catalog)
    assert lost is not None
    shutil.rmtree(Path(uri) / f"{lost.name}.lance")

    with pytest.raises(IndexUnavailable):
        index.advance()
    finish(index, catalog)

    assert table(catalog) != lost.name
    check_index(catalog, uri)


@pytest.mark.usefixtures("indexed")
def test_a_build_that_cannot_be_noted_leaves_no_table(
    catalog: Catalog, writer: IndexWriter, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full volume one try after another would fill it even more."""
    before = writer.names()
    want(catalog)

    def fail(*_: object) -> None:
        raise StorageFull("the volume is full")

    with monkeypatch.context() as patch:
        patch.setattr(indexes, "set_index_build", fail)
        for _ in range(2):
            with pytest.raises(StorageFull):
                step_of(catalog, writer)
        assert writer.names() == before

    finish(step_of(catalog, writer), catalog)
    assert table(catalog) not in before


def test_a_former_table_goes_when_nobody_can_be_reading_it(catalog: Catalog, indexed: str, writer: IndexWriter) -> None:
    """Not at once: a read that began before the switch still needs it."""
    want(catalog)
    index = step_of(catalog, writer)
    finish(index, catalog)
    index.keep_up()
    assert indexed in writer.names()

    step_of(catalog, writer)
    assert writer.names() == [table(catalog)]


def test_wanting_twice_is_wanting_once(catalog: Catalog, indexed: str, writer: IndexWriter) -> None:
    """A second request joins the build under way."""
    want(catalog)
    index = step_of(catalog, writer)
    advance(index, catalog, 5)
    before = under_way(catalog)
    want(catalog)
    assert under_way(catalog) == before
    finish(index, catalog)
    assert before is not None and table(catalog) == before.name != indexed

"""The search index follows the catalog, and is rebuilt from it whenever it is lost, old or another's."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from service.catalog import edits
from service.catalog.edits import Guard
from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError
from service.domain.item import Item
from service.pipeline.index import FLUSH_ITEMS, IndexStep
from service.vectors.errors import IndexUnavailable
from service.vectors.writer import IndexWriter
from tests.support.catalogs import INSTANCE, document, message, record, rows, run_sql, scalar
from tests.support.owners import OwnerThread, check_finished, check_index, follow, make_index
from tests.support.s3 import S3Server
from tests.support.shelf import s3_shelf
from tests.support.stages import HandOwner, live, memory, told_by


class FlakyWriter(IndexWriter):
    """A writer whose volume can go away."""

    is_away = False

    def upsert(self, name: str, items: Iterable[Item]) -> int | None:
        """See `IndexWriter.upsert`."""
        self._check()
        return super().upsert(name, items)

    def append(self, name: str, items: Sequence[Item]) -> int | None:
        """See `IndexWriter.append`."""
        self._check()
        return super().append(name, items)

    def _check(self) -> None:
        if self.is_away:
            raise IndexUnavailable("the volume is away")


@pytest.fixture
def uri(tmp_path: Path) -> str:
    """Where the tables are."""
    return str(tmp_path / "index")


@pytest.fixture
def writer(uri: str) -> Iterator[FlakyWriter]:
    """A writer that can be made to fail."""
    opened = FlakyWriter(uri)
    yield opened
    opened.close()


def step_of(catalog: Catalog, writer: IndexWriter) -> IndexStep:
    """The index step of a fresh owner."""
    index = make_index(catalog, writer)
    index.open()
    return index


def work(catalog: Catalog, *texts: str) -> None:
    """Record and apply turns."""
    record(catalog, *[message(text) for text in texts])
    HandOwner(catalog).work()


def table(catalog: Catalog) -> str:
    """The name of the shard's table."""
    return str(scalar(catalog, "SELECT name FROM index_tables"))


def everything(catalog: Catalog) -> list[list[tuple[object, ...]]]:
    """All that an owner changes."""
    return [
        rows(catalog, "SELECT * FROM items"),
        rows(catalog, "SELECT * FROM log_applied"),
        rows(catalog, "SELECT * FROM log_indexed"),
        rows(catalog, "SELECT * FROM index_pending"),
        rows(catalog, "SELECT * FROM outbox"),
    ]


def test_what_a_dead_owner_left_is_worked_off(catalog: Catalog, uri: str) -> None:
    """A new owner first brings the index up to what is applied, and ends the ingestions of it, before it reads any record."""
    record(catalog, document("likes tea", document_id="d"), message("saw the sea"))
    HandOwner(catalog).work()
    assert scalar(catalog, "SELECT status FROM ingestions") == "processing"

    follow(catalog, uri)

    assert scalar(catalog, "SELECT status FROM ingestions") == "completed"
    check_finished(catalog)
    check_index(catalog, uri)


def test_a_lost_index_is_rebuilt(catalog: Catalog, uri: str) -> None:
    """When its directory is deleted the index is rebuilt under a new name, deletions included, and nothing is embedded again."""
    work(catalog, "likes tea", "saw the sea", "home Porto")
    follow(catalog, uri)
    before, told = table(catalog), told_by(catalog)

    shutil.rmtree(uri)
    with catalog.write() as connection:
        edits.delete_memory(connection, INSTANCE, memory(catalog, "User likes tea").item.item_id, Guard(), 0, 1)
    told = told_by(catalog)
    follow(catalog, uri)

    assert table(catalog) != before
    assert told_by(catalog) == told
    check_index(catalog, uri)
    check_finished(catalog)


def test_an_aged_index_is_rebuilt(catalog: Catalog, uri: str, tmp_path: Path) -> None:
    """A table that is older than the catalog knows it, as after restoring a backup, is not used."""
    work(catalog, "likes tea")
    follow(catalog, uri)
    shutil.copytree(uri, tmp_path / "backup")
    work(catalog, "saw the sea")
    follow(catalog, uri)
    before = table(catalog)

    shutil.rmtree(uri)
    shutil.copytree(tmp_path / "backup", uri)
    follow(catalog, uri)

    assert table(catalog) != before
    check_index(catalog, uri)


@pytest.mark.parametrize("change", ["log_epoch", "generation"])
def test_another_s_index_is_rebuilt(catalog: Catalog, uri: str, writer: FlakyWriter, change: str) -> None:
    """A table of another log epoch, or of another model's vectors, is not used, and the old one goes."""
    work(catalog, "likes tea")
    follow(catalog, uri)
    before = table(catalog)

    if change == "log_epoch":
        run_sql(catalog, "UPDATE deployment SET log_epoch = log_epoch + 1")
        follow(catalog, uri)
    else:
        owner = HandOwner(catalog, generation=2)
        IndexStep(catalog, writer, owner.ownership).open()

    assert table(catalog) != before
    assert writer.names() == [table(catalog)]
    check_index(catalog, uri)


def test_what_a_killed_rebuild_left_goes(catalog: Catalog, uri: str, writer: FlakyWriter) -> None:
    """A table that a killed owner built halfway is removed by the next one; it holds what people said. Other shards' stay."""
    work(catalog, "likes tea")
    follow(catalog, uri)
    for name in ("shard0_halfway", "shard01_other"):
        writer.create(name, log_epoch=1, generation=1)

    follow(catalog, uri)

    assert sorted(writer.names()) == sorted([table(catalog), "shard01_other"])


def test_another_deployment_in_the_same_bucket_is_left_alone(catalog: Catalog, s3_server: S3Server) -> None:
    """There only tables of this deployment's log epoch are its own, whatever others are called."""
    shelf = s3_shelf(s3_server)
    work(catalog, "likes tea")
    follow(catalog, shelf.uri)
    former = table(catalog)
    run_sql(catalog, "UPDATE deployment SET log_epoch = log_epoch + 1")
    follow(catalog, shelf.uri)

    assert {path.name for path in shelf.path.iterdir()} >= {f"{former}.lance", f"{table(catalog)}.lance"}
    check_index(catalog, shelf.uri)


def test_a_good_index_is_kept(catalog: Catalog, uri: str) -> None:
    """An index in good order is used as it is by the next owner."""
    work(catalog, "likes tea")
    follow(catalog, uri)
    before = rows(catalog, "SELECT name, lance_version FROM index_tables")

    follow(catalog, uri)

    assert rows(catalog, "SELECT name, lance_version FROM index_tables") == before


def test_an_index_that_fails_leaves_everything_pending(catalog: Catalog, uri: str, writer: FlakyWriter) -> None:
    """While LanceDB fails no ingestion is completed and no outbox row goes; what is applied is visible; later it catches up."""
    index = step_of(catalog, writer)
    record(catalog, document("likes tea", document_id="d"))
    HandOwner(catalog).work()
    index = step_of(catalog, writer)
    writer.is_away = True

    with pytest.raises(IndexUnavailable):
        index.flush()

    assert scalar(catalog, "SELECT status FROM ingestions") == "processing"
    assert scalar(catalog, "SELECT count(*) FROM outbox") == 1
    assert scalar(catalog, "SELECT seq FROM log_indexed WHERE lane = 0") == 0
    assert len(live(catalog)) == 2

    writer.is_away = False
    assert index.flush() and not index.flush()
    check_finished(catalog)
    check_index(catalog, uri)


def test_an_owner_outlives_a_failing_index(catalog: Catalog, uri: str) -> None:
    """A running owner goes on storing while LanceDB fails, counts no attempt, and catches up by itself."""
    with OwnerThread(catalog, uri, writer=FlakyWriter) as owner:
        assert isinstance(owner.writer, FlakyWriter)
        owner.writer.is_away = True
        record(catalog, message("likes tea"))
        owner.wait(lambda: scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 1)
        record(catalog, message("saw the sea"))
        owner.wait(lambda: scalar(catalog, "SELECT seq FROM log_applied WHERE lane = 0") == 2)
        assert scalar(catalog, "SELECT count(*) FROM log_attempts") == 0
        owner.writer.is_away = False
        owner.finish()

    check_finished(catalog)
    check_index(catalog, uri)


def test_more_than_one_flush(catalog: Catalog, uri: str, writer: FlakyWriter) -> None:
    """More changes than one flush takes are followed in several; the log counts as indexed only with the last."""
    lines = "\n".join(f"likes tea number {each}" for each in range(FLUSH_ITEMS + 50))
    record(catalog, document(lines, document_id="d"))
    HandOwner(catalog).work()
    index = step_of(catalog, writer)

    assert index.flush()
    assert index.is_behind
    assert scalar(catalog, "SELECT seq FROM log_indexed WHERE lane = 0") == 0
    assert scalar(catalog, "SELECT status FROM ingestions") == "processing"
    assert index.flush()
    assert not index.is_behind
    assert scalar(catalog, "SELECT seq FROM log_indexed WHERE lane = 0") == 1
    check_finished(catalog)
    check_index(catalog, uri)


def test_a_change_during_the_flush_stays_pending(catalog: Catalog, uri: str) -> None:
    """An item that is deleted while its former version goes into the index is not forgotten."""

    class Meddling(IndexWriter):
        def append(self, name: str, items: Sequence[Item]) -> int | None:
            version = super().append(name, items)
            self._meddle()
            return version

        def upsert(self, name: str, items: Iterable[Item]) -> int | None:
            found = list(items)
            version = super().upsert(name, found)
            if found:
                self._meddle()
            return version

        def _meddle(self) -> None:
            if any(item.text == "User likes tea" for item in live(catalog)):
                with catalog.write() as connection:
                    identity = memory(catalog, "User likes tea").item.item_id
                    edits.delete_memory(connection, INSTANCE, identity, Guard(), 0, 1)

    work(catalog, "saw the sea")
    follow(catalog, uri)
    record(catalog, message("likes tea"))
    HandOwner(catalog).work()
    meddling = Meddling(uri)
    index = step_of(catalog, meddling)

    assert index.flush()
    assert scalar(catalog, "SELECT count(*) FROM index_pending WHERE deleted = 1") == 2
    assert index.flush()
    meddling.close()

    check_index(catalog, uri)


def test_strays_are_swept(catalog: Catalog, uri: str, writer: FlakyWriter) -> None:
    """A row that a fenced owner still put into the index, and the catalog does not hold, is removed by the sweep."""
    work(catalog, "likes tea", "saw the sea")
    (stray, *_) = [item for item in live(catalog) if item.text == "User likes tea"]
    follow(catalog, uri)
    with catalog.write() as connection:
        edits.delete_memory(connection, INSTANCE, stray.item_id, Guard(), 0, 1)
    index = step_of(catalog, writer)
    index.flush()
    writer.upsert(table(catalog), [stray])

    assert index.sweep() == 1
    assert index.sweep() == 0
    check_index(catalog, uri)


def test_a_table_with_a_row_twice_is_built_anew(catalog: Catalog, uri: str, writer: FlakyWriter) -> None:
    """A row that a fenced owner put beside that of the new owner is overlooked, and gone with the next table."""
    work(catalog, "likes tea", "saw the sea")
    follow(catalog, uri)
    index = step_of(catalog, writer)
    former = table(catalog)
    writer.append(former, live(catalog)[:1])

    assert index.sweep() == 0
    while table(catalog) == former:
        index.advance()
    check_index(catalog, uri)
    assert index.sweep() == 0
    assert scalar(catalog, "SELECT count(*) FROM index_builds") == 0


def test_a_fenced_owner_commits_nothing(catalog: Catalog, writer: FlakyWriter) -> None:
    """After another owner took over, neither transaction of the former one changes anything in the catalog."""
    work(catalog, "likes tea")
    former = HandOwner(catalog)
    index = IndexStep(catalog, writer, former.ownership)
    index.open()
    record(catalog, message("saw the sea"))
    batch = former.waiting()
    HandOwner(catalog)
    before = everything(catalog)

    with pytest.raises(FencedError):
        former.store(batch)
    with pytest.raises(FencedError):
        index.flush()

    assert everything(catalog) == before


def test_a_fenced_owner_ends(catalog: Catalog, uri: str) -> None:
    """A running owner ends as soon as it notices that another one took over, and the other one does the work."""
    with OwnerThread(catalog, uri) as former:
        with OwnerThread(catalog, uri) as latter:
            record(catalog, message("likes tea"))
            former.wake()
            latter.finish()
            former.thread.join(50)
        assert isinstance(former.failure, FencedError)

    assert scalar(catalog, "SELECT owner_epoch FROM shard_owner") == 2
    check_finished(catalog)
    check_index(catalog, uri)

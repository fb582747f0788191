"""What is SQLite's alone: strangers that hold the file, a volume that is full, the library's version."""

from __future__ import annotations

import threading
from contextlib import closing
from pathlib import Path

import pytest
from pysqlite3 import dbapi2

from service.catalog.engine import Catalog, StorageFull
from service.catalog.sqlite import MINIMUM_SQLITE, storage_error
from service.domain.errors import DataLoss, Unavailable
from service.domain.writes import RecordedMessage
from tests.support.catalogs import message, new_catalog, record, rows, run_sql, scalar
from tests.support.writers import program

HOLD = """
import sys
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def catalog(sqlite_catalog: Catalog) -> Catalog:
    """A fresh deployment of one shard on SQLite."""
    return sqlite_catalog


def test_a_catalog_that_is_locked_is_unavailable(catalog: Catalog) -> None:
    """While a stranger holds the database a write is UNAVAILABLE and leaves nothing; reads go on; afterwards all is well."""
    record(catalog, message("before"))
    run_sql(catalog, "PRAGMA busy_timeout = 20")

    with program("-c", HOLD, str(catalog.place)) as stranger:
        with pytest.raises(Unavailable) as error:
            record(catalog, message("during"))
        assert rows(catalog, "SELECT content FROM messages") == [("before",)]
        stranger.kill()
        stranger.wait()
    record(catalog, message("after"))

    assert error.value.retry_after
    assert rows(catalog, "SELECT content FROM messages ORDER BY number") == [("before",), ("after",)]


def test_writers_of_the_service_wait_for_each_other(catalog: Catalog) -> None:
    """A writing process waits for another one as long as it takes, also longer than for a stranger's lock."""
    other = Catalog(catalog.place)
    run_sql(other, "PRAGMA busy_timeout = 1")
    answers: list[object] = []

    def write() -> None:
        try:
            answers.extend(record(other, message("second")))
        except Unavailable as error:
            answers.append(error)

    waiting = threading.Thread(target=write)
    with catalog.write() as connection:
        connection.exec_driver_sql("UPDATE deployment SET model_id = 'other'")
        waiting.start()
        waiting.join(0.1)
    waiting.join()
    other.close()

    assert [type(answer) for answer in answers] == [RecordedMessage]


def test_a_full_volume_is_told_apart(catalog: Catalog) -> None:
    """A full volume is RESOURCE_EXHAUSTED with a time to wait; nothing of the write is kept; with room it works again."""
    record(catalog, message("before"))
    run_sql(catalog, f"PRAGMA max_page_count = {scalar(catalog, 'PRAGMA page_count')}")

    with pytest.raises(StorageFull) as error:
        record(catalog, message("x" * 200_000))
    run_sql(catalog, "PRAGMA max_page_count = 1000000")
    (answer,) = record(catalog, message("x" * 200_000))

    assert error.value.reason == "STORAGE_FULL" and error.value.retry_after
    assert isinstance(answer, RecordedMessage) and answer.number == 2 and answer.entry.seq == 2


def test_acknowledged_means_synced(catalog: Catalog) -> None:
    """Every connection that writes syncs at its commits and writes ahead."""
    with catalog.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_what_can_be_done_again_need_not_be_synced(tmp_path: Path) -> None:
    """The owner's commits are written ahead, but not synced: they outlive every process, and perhaps no power cut."""
    new_catalog(tmp_path).close()
    with closing(Catalog(tmp_path / "catalog.db", syncs=False)) as owners, owners.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 1
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"


def test_the_library_is_new_enough() -> None:
    """The SQLite beside the service has no WAL-reset bug."""
    assert dbapi2.sqlite_version_info >= MINIMUM_SQLITE


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("database or disk is full", StorageFull),
        ("[Errno 28] No space left on device", StorageFull),
        ("[Errno 122] Disk quota exceeded", StorageFull),
        ("database is locked", Unavailable),
        ("disk I/O error", Unavailable),
    ],
)
def test_what_a_caller_is_told(text: str, kind: type[Exception]) -> None:
    """Every passing trouble of the database is one that a caller may retry, with a time to wait."""
    told = storage_error(OSError(text))

    assert type(told) is kind
    assert told.retry_after


@pytest.mark.parametrize("bytes_kept", [0, 100, 4096])
def test_a_damaged_catalog_is_no_passing_trouble(tmp_path: Path, bytes_kept: int) -> None:
    """Reading and writing a file that is no database, or not a whole one, is DATA_LOSS, which nobody is told to try again."""
    path = damaged_catalog(tmp_path, bytes_kept)
    damaged = Catalog(path)

    for use in (lambda: rows(damaged, "SELECT content FROM messages"), lambda: record(damaged, message("after"))):
        with pytest.raises(DataLoss) as error:
            use()
        assert error.value.reason == "STORAGE_DAMAGED"
        assert error.value.retry_after is None
    damaged.close()


def damaged_catalog(directory: Path, bytes_kept: int) -> Path:
    """The file of a catalog of which only the beginning is left."""
    path = directory / "damaged.db"
    whole = new_catalog_file(directory)
    path.write_bytes(whole[:bytes_kept] + b"\x5a" * (len(whole) - bytes_kept))
    return path


def new_catalog_file(directory: Path) -> bytes:
    """What stands in the file of a catalog."""
    catalog = new_catalog(directory)
    record(catalog, message("before"))
    catalog.checkpoint()
    catalog.close()
    assert isinstance(catalog.place, Path)
    return catalog.place.read_bytes()


def test_a_catalog_without_its_tables_is_damaged(tmp_path: Path) -> None:
    """A database that lacks what a catalog holds is no catalog."""
    empty = Catalog(tmp_path / "other.db")
    with pytest.raises(DataLoss):
        rows(empty, "SELECT content FROM messages")
    empty.close()

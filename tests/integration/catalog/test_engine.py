"""Opening, reading and writing the catalog while others hold it, fill its volume, or die."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pysqlite3 import dbapi2
from sqlalchemy.exc import IntegrityError

from service.catalog.engine import MINIMUM_SQLITE, Catalog, StorageFull, storage_error
from service.domain.errors import DataLoss, Unavailable
from service.domain.writes import RecordedMessage
from tests.support.catalogs import message, new_catalog, record, rows, run_sql, scalar

REPOSITORY = Path(__file__).resolve().parents[3]

HOLD = """
import sys
from pysqlite3 import dbapi2
connection = dbapi2.connect(sys.argv[1], isolation_level=None)
connection.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""

WRITE = """
import sys
from pathlib import Path
from service.catalog.engine import Catalog
from service.catalog.recording import Recorder
from tests.support.catalogs import message
catalog, recorder = Catalog(Path(sys.argv[1])), Recorder(1)
print("ready", flush=True)
sys.stdin.readline()
for turn in range(int(sys.argv[3])):
    with catalog.write() as connection:
        (answer,) = recorder.record(connection, [message(f"{sys.argv[2]} {turn}")])
    print(answer.number, answer.entry.seq, flush=True)
"""


@contextmanager
def program(source: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Another process, which said that it is ready."""
    process = subprocess.Popen(
        [sys.executable, "-c", source, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY
    )
    assert process.stdin is not None and process.stdout is not None
    try:
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.stdin.close()
        process.stdout.close()
        process.wait()


def test_a_catalog_that_is_locked_is_unavailable(catalog: Catalog) -> None:
    """While a stranger holds the database a write is UNAVAILABLE and leaves nothing; reads go on; afterwards all is well."""
    record(catalog, message("before"))
    run_sql(catalog, "PRAGMA busy_timeout = 20")

    with program(HOLD, str(catalog.path)) as stranger:
        with pytest.raises(Unavailable) as error:
            record(catalog, message("during"))
        assert rows(catalog, "SELECT content FROM messages") == [("before",)]
        stranger.kill()
        stranger.wait()
    record(catalog, message("after"))

    assert error.value.retry_after
    assert rows(catalog, "SELECT content FROM messages ORDER BY number") == [("before",), ("after",)]


def test_two_processes_write_at_once(catalog: Catalog) -> None:
    """Two processes that write the same conversation at the same time lose no number and never fail."""
    each = 60
    with program(WRITE, str(catalog.path), "one", str(each)) as one, program(WRITE, str(catalog.path), "two", str(each)) as two:
        told: list[tuple[int, int]] = []
        for process in (one, two):
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        for process in (one, two):
            assert process.stdout is not None
            for _ in range(each):
                number, seq = process.stdout.readline().split()
                told.append((int(number), int(seq)))

    assert sorted(number for number, _ in told) == list(range(1, 2 * each + 1))
    assert sorted(seq for _, seq in told) == list(range(1, 2 * each + 1))
    assert scalar(catalog, "SELECT count(*) FROM messages") == 2 * each


def test_writers_of_the_service_wait_for_each_other(catalog: Catalog) -> None:
    """A writing process waits for another one as long as it takes, also longer than for a stranger's lock."""
    other = Catalog(catalog.path)
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


def test_a_killed_writer_frees_the_catalog(catalog: Catalog) -> None:
    """A process that is killed while it writes leaves no lock and no half of a write."""
    with program(WRITE, str(catalog.path), "doomed", "100000") as doomed:
        assert doomed.stdin is not None and doomed.stdout is not None
        doomed.stdin.write("go\n")
        doomed.stdin.flush()
        told = [int(doomed.stdout.readline().split()[0]) for _ in range(5)]
        doomed.kill()
        told += [int(line.split()[0]) for line in doomed.stdout.read().splitlines() if len(line.split()) == 2]

    (answer,) = record(catalog, message("the next"))
    assert isinstance(answer, RecordedMessage)
    assert answer.number in (max(told) + 1, max(told) + 2)
    assert answer.entry.seq == answer.number
    assert [row[0] for row in rows(catalog, "SELECT number FROM messages ORDER BY number")] == list(range(1, answer.number + 1))


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


def test_errors_of_values_are_the_caller_s(catalog: Catalog) -> None:
    """An error of the values is not taken for one of the database, and rolls everything back."""

    def spoil() -> None:
        with catalog.write() as connection:
            connection.exec_driver_sql("UPDATE deployment SET model_id = 'other'")
            connection.exec_driver_sql("INSERT INTO deployment (id) VALUES (1)")

    with pytest.raises(IntegrityError):
        spoil()

    assert scalar(catalog, "SELECT model_id FROM deployment") == "fake"


def test_a_read_is_of_one_moment(catalog: Catalog) -> None:
    """Whatever is written meanwhile, everything read in one transaction is of one moment."""
    record(catalog, message("before"))

    with catalog.read() as connection:
        first = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()
        writer = threading.Thread(target=record, args=(catalog, message("after")))
        writer.start()
        writer.join()
        second = connection.exec_driver_sql("SELECT count(*) FROM messages").scalar_one()

    assert (first, second, scalar(catalog, "SELECT count(*) FROM messages")) == (1, 1, 2)


def test_acknowledged_means_synced(catalog: Catalog) -> None:
    """Every connection that writes syncs at its commits and writes ahead."""
    with catalog.write() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2
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
    catalog = new_catalog(tmp_path)
    record(catalog, message("before"))
    catalog.checkpoint()
    catalog.close()
    whole = catalog.path.read_bytes()
    catalog.path.write_bytes(whole[:bytes_kept] + b"\x5a" * (len(whole) - bytes_kept))
    damaged = Catalog(catalog.path)

    for use in (lambda: rows(damaged, "SELECT content FROM messages"), lambda: record(damaged, message("after"))):
        with pytest.raises(DataLoss) as error:
            use()
        assert error.value.reason == "STORAGE_DAMAGED"
        assert error.value.retry_after is None
    damaged.close()


def test_a_catalog_without_its_tables_is_damaged(tmp_path: Path) -> None:
    """A database that lacks what a catalog holds is no catalog."""
    empty = Catalog(tmp_path / "other.db")
    with pytest.raises(DataLoss):
        rows(empty, "SELECT content FROM messages")
    empty.close()

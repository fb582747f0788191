"""Opening the catalog, and the one way of reading and the one way of writing it.

A write transaction of SQLite stands under a `flock` on a sidecar file: it wakes its waiter in the kernel and dies with its
process, where SQLite's own busy handler starves one of two writing processes. `BEGIN IMMEDIATE` then never waits.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pysqlite3 import dbapi2
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError

from service.domain.errors import DataLoss, EunoeError, ResourceExhausted, Unavailable, says_full

__all__ = ["MINIMUM_SQLITE", "Catalog", "Connection", "StorageFull", "storage_error"]
"""`Connection` too: other rooms name it, and only the catalog names SQLAlchemy."""

MINIMUM_SQLITE = (3, 51, 3)
"""Older versions can corrupt a WAL that several processes write (the WAL-reset bug, sqlite.org/changes)."""

BUSY_SECONDS = 5.0
"""How long a statement waits for a lock that somebody outside the service holds."""

CHECKPOINT_PAGES = 16_000
"""Pages of WAL after which a writer checkpoints by itself; the owner's passive checkpoints normally come first."""

_DAMAGE = ("not a database", "malformed", "unsupported file format", "no such table", "no such column")
"""What SQLite says of a file that is no catalog, or not a whole one."""


class StorageFull(ResourceExhausted):
    """The catalog's volume is full."""

    default_reason = "STORAGE_FULL"


class Catalog:
    """One SQLite catalog: many readers, one writer at a time over all processes."""

    def __init__(self, path: Path) -> None:
        """Open the file, creating it where it is absent.

        Args:
            path: the database file; its folder exists and is on a local disk (WAL needs one).

        Raises:
            RuntimeError: the SQLite library is older than `MINIMUM_SQLITE`.
        """
        if dbapi2.sqlite_version_info < MINIMUM_SQLITE:
            raise RuntimeError(f"SQLite {dbapi2.sqlite_version} is too old: install pysqlite3 with SQLite 3.51.3 or newer")
        self.path = path
        self._readers = _engine(path, "BEGIN", readers=True)
        self._writers = _engine(path, "BEGIN IMMEDIATE", readers=False)
        self._turn = threading.Lock()
        self._sidecar = os.open(path.with_suffix(".write-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._writer: Connection | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection inside one read transaction: everything read is of one moment.

        Raises:
            Unavailable: the database cannot be read now.
            DataLoss: it is damaged.
        """
        with _mapped_errors(), self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection inside one write transaction, committed durably at the end.

        Raises:
            Unavailable: the database cannot be written now; after an error at the commit the outcome is unknown.
            StorageFull: the volume is full; nothing was written.
            DataLoss: the database is damaged.
            IntegrityError, DataError: the values are at fault; nothing was written.
        """
        with self._turn:
            fcntl.flock(self._sidecar, fcntl.LOCK_EX)
            try:
                with _mapped_errors():
                    connection = self._writing_connection()
                    with connection.begin():
                        yield connection
            except BaseException:
                self._discard_writer()
                raise
            finally:
                fcntl.flock(self._sidecar, fcntl.LOCK_UN)

    def checkpoint(self) -> None:
        """Move what the WAL holds into the database without waiting for anybody."""
        with _mapped_errors(), self._readers.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

    def faults(self) -> str:
        """What is wrong inside the file, empty where nothing is; reads all of it.

        Raises:
            DataLoss: it is no database at all.
        """
        with self.read() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
        return "" if found == "ok" else found.partition("\n")[2] or found

    def close(self) -> None:
        """Close every connection."""
        self._discard_writer()
        self._readers.dispose()
        self._writers.dispose()
        os.close(self._sidecar)

    def _writing_connection(self) -> Connection:
        if self._writer is None:
            self._writer = self._writers.connect()
        return self._writer

    def _discard_writer(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._writer = None


def _engine(path: Path, begin: str, *, readers: bool) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=dbapi2,
        pool_size=8 if readers else 1,
        max_overflow=8,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own transactions begin deferred, and then fail instead of waiting
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA secure_delete = ON")  # deleted is deleted, also on free pages: 1 % more WAL
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def _mapped_errors() -> Iterator[None]:
    """The database's own errors in the service's words; statements raise the driver's, SQLAlchemy wraps them."""
    try:
        yield
    except (IntegrityError, DataError, dbapi2.IntegrityError, dbapi2.DataError):
        raise
    except (DBAPIError, dbapi2.Error, OSError) as error:
        raise storage_error(error) from error


def storage_error(error: Exception) -> EunoeError:
    """What a caller is told of an error of the database or its volume."""
    text = str(getattr(error, "orig", None) or error)
    if any(sign in text for sign in _DAMAGE):
        return DataLoss("the catalog is damaged; its operator must restore a backup", values={"cause": text[:200]})
    if says_full(text):
        return StorageFull("the catalog's volume is full; free space, then try again", retry_after=5.0)
    return Unavailable("the catalog cannot be used right now; try again", values={"cause": text[:200]}, retry_after=1.0)

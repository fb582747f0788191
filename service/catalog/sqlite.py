"""The catalog in an SQLite file: its connections, and who may write when.

A write transaction stands under a `flock` on a sidecar file: it wakes its waiter in the kernel and dies with its process, where SQLite's own
busy handler starves one of two writing processes. `BEGIN IMMEDIATE` then never waits.
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

from service.catalog.errors import StorageFull
from service.domain.errors import DataLoss, EunoeError, Unavailable, says_full

MINIMUM_SQLITE = (3, 51, 3)
"""Older versions can corrupt a WAL that several processes write (the WAL-reset bug, sqlite.org/changes)."""

BUSY_SECONDS = 5.0
"""How long a statement waits for a lock that somebody outside the service holds."""

CHECKPOINT_PAGES = 16_000
"""Pages of WAL after which a writer checkpoints by itself; the owner's passive checkpoints normally come first."""

_VALUE_ERRORS = (IntegrityError, DataError, dbapi2.IntegrityError, dbapi2.DataError)
"""Statements raise the driver's errors, SQLAlchemy wraps its own statements'."""

_DAMAGE = ("not a database", "malformed", "unsupported file format", "no such table", "no such column")
"""What SQLite says of a file that is no catalog, or not a whole one."""


class Sqlite:
    """One file. One writer at a time over all processes."""

    errors = (DBAPIError, dbapi2.Error, OSError)

    def __init__(self, path: Path, *, syncs: bool = True) -> None:
        """Open the file, creating it where it is absent; its folder exists.

        Args:
            path: of the file.
            syncs: whether a commit outlives a power cut, and not only this process. All commits stand in one file in their order: a cut takes
                the last of those that do not, never one without those after it, and each that syncs takes along what came before.

        Raises:
            RuntimeError: the SQLite library is older than `MINIMUM_SQLITE`.
        """
        if dbapi2.sqlite_version_info < MINIMUM_SQLITE:
            raise RuntimeError(f"SQLite {dbapi2.sqlite_version} is too old: install pysqlite3 with SQLite 3.51.3 or newer")
        self._readers = _engine(path, "BEGIN", connections=8, synchronous="FULL")
        self._writers = _engine(path, "BEGIN IMMEDIATE", connections=1, synchronous="FULL" if syncs else "NORMAL")
        self._turn = threading.Lock()
        self._sidecar = os.open(path.with_suffix(".write-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._writer: Connection | None = None

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a read transaction, of one moment."""
        with self._readers.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """The connection that writes, in a transaction, when it is this process's turn."""
        with self._turn:
            fcntl.flock(self._sidecar, fcntl.LOCK_EX)
            try:
                connection = self._writing_connection()
                with connection.begin():
                    yield connection
            except BaseException:
                self._discard_writer()
                raise
            finally:
                fcntl.flock(self._sidecar, fcntl.LOCK_UN)

    def told(self, error: Exception) -> Exception:
        """An error in the service's words; itself where a value is at fault."""
        return error if isinstance(error, _VALUE_ERRORS) else storage_error(error)

    def is_taken(self, error: Exception) -> bool:  # noqa: ARG002 - the other database's question
        """Never: nobody else writes meanwhile."""
        return False

    def checkpoint(self) -> None:
        """Move what the WAL holds into the database without waiting for anybody."""
        with self._readers.connect() as connection:
            connection.connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")

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


def _engine(path: Path, begin: str, *, connections: int, synchronous: str) -> Engine:
    engine = create_engine(
        f"sqlite:///{path}",
        module=dbapi2,
        pool_size=connections,
        max_overflow=8,
        connect_args={"check_same_thread": False},
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None  # the driver's own transactions begin deferred, and then fail instead of waiting
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000)}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute(f"PRAGMA synchronous = {synchronous}")
        cursor.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        cursor.execute("PRAGMA temp_store = MEMORY")
        cursor.execute("PRAGMA secure_delete = ON")  # deleted is deleted, also on free pages: 1 % more WAL
        cursor.close()

    @event.listens_for(engine, "begin")
    def on_begin(connection: Connection) -> None:
        connection.connection.dbapi_connection.execute(begin)  # type: ignore[union-attr]  # 20 µs less than through SQLAlchemy

    return engine


def storage_error(error: Exception) -> EunoeError:
    """What a caller is told of an error of the database or its volume."""
    text = str(getattr(error, "orig", None) or error)
    if any(sign in text for sign in _DAMAGE):
        return DataLoss("the catalog is damaged; its operator must restore a backup", values={"cause": text[:200]})
    if says_full(text):
        return StorageFull("the catalog's volume is full; free space, then try again", retry_after=5.0)
    return Unavailable("the catalog cannot be used right now; try again", values={"cause": text[:200]}, retry_after=1.0)

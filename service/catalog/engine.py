"""Opening the catalog, and the one way of reading and the two ways of writing it, on either database.

What differs between them (connections, who may write when, what an error means) is in `sqlite` and `postgres`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

from sqlalchemy import Connection

from service.catalog.errors import Overtaken, StorageFull
from service.catalog.sqlite import Sqlite

__all__ = ["Catalog", "Connection", "StorageFull"]
"""`Connection` too: other rooms name it, and only the catalog names SQLAlchemy."""

REPEAT_SECONDS = 15.0
"""How long a transaction is repeated that somebody else overtakes: longer than PostgreSQL suffers one whose process stands still."""

T = TypeVar("T")


class Database(Protocol):
    """What the two databases do each in their way."""

    @property
    def errors(self) -> tuple[type[Exception], ...]:
        """What the driver and SQLAlchemy raise."""

    def reading(self) -> AbstractContextManager[Connection]:
        """A connection in a read transaction."""

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection in a write transaction."""

    def told(self, error: Exception) -> Exception:
        """One of `errors` in the service's words; itself where a value is at fault."""

    def is_taken(self, error: Exception) -> bool:
        """Whether an error says that a row with this key was written by somebody else meanwhile."""

    def checkpoint(self) -> None:
        """Tidy up."""

    def close(self) -> None:
        """Close every connection."""


class Catalog:
    """One catalog. SQLite has many readers and one writer at a time over all processes, PostgreSQL many of both."""

    def __init__(self, place: Path | str, *, syncs: bool = True) -> None:
        """Prepare to use it. PostgreSQL is not called yet.

        Args:
            place: an SQLite file, created where it is absent, in a folder that exists on a local disk (WAL needs one); or the URL of a
                PostgreSQL database, `postgresql://user@host/name`.
            syncs: see `Sqlite`; PostgreSQL always does.

        Raises:
            RuntimeError: the SQLite library is too old.
        """
        self.place = place
        self._database: Database = Sqlite(place, syncs=syncs) if isinstance(place, Path) else _postgres(place)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection inside one read transaction: everything read is of one moment.

        Raises:
            Unavailable: the database cannot be read now.
            DataLoss: it is damaged.
        """
        try:
            with self._database.reading() as connection:
                yield connection
        except self._database.errors as error:
            self._raise_told(error)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A connection inside one write transaction, committed durably at the end.

        Raises:
            Unavailable: the database cannot be written now; after an error at the commit the outcome is unknown.
            Overtaken: somebody else was at the same rows; nothing was written. See `transact`.
            StorageFull: the volume is full; nothing was written.
            DataLoss: the database is damaged.
            IntegrityError, DataError: the values are at fault; nothing was written.
        """
        try:
            with self._database.writing() as connection:
                yield connection
        except self._database.errors as error:
            self._raise_told(error)

    def transact(self, run: Callable[[Connection], T]) -> T:
        """Run something in a write transaction, and again where somebody else came first: then it finds what they wrote.

        Args:
            run: may run more than once; only the effects of the last time stay.

        Raises:
            Unavailable, StorageFull, IntegrityError, DataError: as `write`.
        """
        deadline = time.monotonic() + REPEAT_SECONDS
        times_taken = 0
        while True:
            try:
                with self.write() as connection:
                    return run(connection)
            except Overtaken:
                if time.monotonic() > deadline:
                    raise
            except self._database.errors as error:
                times_taken += 1
                if times_taken > MOST_TAKEN or not self._database.is_taken(error):
                    raise

    def checkpoint(self) -> None:
        """Move what SQLite's WAL holds into the database without waiting for anybody; PostgreSQL does the like by itself."""
        try:
            self._database.checkpoint()
        except self._database.errors as error:
            self._raise_told(error)

    def faults(self) -> str:
        """What is wrong inside an SQLite file, empty where nothing is; reads all of it.

        Raises:
            DataLoss: it is no database at all.
        """
        with self.read() as connection:
            found = str(connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one())
        return "" if found == "ok" else found.partition("\n")[2] or found

    def close(self) -> None:
        """Close every connection."""
        self._database.close()

    def _raise_told(self, error: Exception) -> NoReturn:
        told = self._database.told(error)
        if told is error:
            raise error
        raise told from error


MOST_TAKEN = 3
"""How often a transaction is repeated whose keys are taken: whoever took them is found at once, or the keys themselves are at fault."""


def _postgres(url: str) -> Database:
    from service.catalog.postgres import Postgres  # noqa: PLC0415 - its driver takes 0.1 s, which a service on SQLite does not pay

    return Postgres(url)

"""The catalog in a PostgreSQL database: its connections, how long they wait, and what its errors mean.

Several processes write at once; what keeps them apart are row locks, taken in one order (design section 4: shard_owner, conversations,
sources, scopes, memories, applied, heads, each kind sorted). Statements run on the driver itself, so the transaction is begun and judged here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8BinaryDumper, Int8Dumper
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from service.catalog.errors import Overtaken, StorageFull
from service.domain.errors import FailedPrecondition, Unavailable

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"

SESSION = {
    "lock_timeout": "5s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "10s",
}
"""How long the server suffers us. The last one ends a transaction whose process stands still while others wait for its locks."""

CONNECT: Mapping[str, str] = {
    "connect_timeout": "5",
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "3",
    "tcp_user_timeout": "10000",
    "application_name": "eunoe",
}
"""How long we suffer a server that does not answer; what the URL says of these counts more."""

CONNECTIONS = 8
"""At most so many that read, and as many that write, in one process."""

POOL_SECONDS = 5.0
"""How long a thread waits for a connection."""

_LOST = ("08", "57P")
"""SQL states of a connection that is gone, or about to: connection exceptions, a server that stops or starts."""
_OVERTAKEN = frozenset({"40001", "40P01", "55P03"})
"""Serialization failure, deadlock, lock timeout: rolled back, and worth another try."""
_READ_ONLY, _FULL, _TAKEN = "25006", "53100", "23505"
_VALUES = ("22", "23")


class Postgres:
    """One database. Any number of processes reads and writes it."""

    errors = (SQLAlchemyError, psycopg.Error, OSError)

    def __init__(self, url: str) -> None:
        """Prepare to connect; the first transaction does.

        Raises:
            FailedPrecondition: the text is no URL of a PostgreSQL database.
        """
        target = parsed(url)
        self._readers, self._writers = _engine(target), _engine(target)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection in a read transaction, of one moment."""
        with _transaction(self._readers, READ) as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A connection in a write transaction."""
        with _transaction(self._writers, WRITE) as connection:
            yield connection

    def told(self, error: Exception) -> Exception:
        """An error in the service's words; itself where a value is at fault."""
        state = sqlstate(error)
        if state[:2] in _VALUES:
            return error
        if state in _OVERTAKEN:
            return Overtaken("others are writing the same; try again", values={"cause": state}, retry_after=0.1)
        if state == _FULL:
            return StorageFull("the catalog's volume is full; free space, then try again", retry_after=5.0)
        cause = str(getattr(error, "orig", None) or error)[:200]
        return Unavailable("the catalog cannot be used right now; try again", values={"cause": cause}, retry_after=1.0)

    def is_taken(self, error: Exception) -> bool:
        """Whether somebody else has just written a row with this key."""
        return sqlstate(error) == _TAKEN

    def checkpoint(self) -> None:
        """Nothing: the server does it."""

    def close(self) -> None:
        """Close every connection."""
        self._readers.dispose()
        self._writers.dispose()


def parsed(url: str) -> URL:
    """The URL with our driver, and with what it leaves open filled in.

    Raises:
        FailedPrecondition: the text is no URL of a PostgreSQL database.
    """
    try:
        target = make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise FailedPrecondition("the catalog's URL cannot be read; write postgresql://USER@HOST/DATABASE") from error
    if target.drivername not in ("postgresql", "postgres"):
        raise FailedPrecondition(f"the catalog's URL names {target.drivername!r}; only postgresql:// is known")
    return target.set(drivername="postgresql+psycopg")


def sqlstate(error: Exception) -> str:
    """The five characters by which the server names an error; empty where it was not the server."""
    return getattr(getattr(error, "orig", None) or error, "sqlstate", None) or ""


def _engine(url: URL) -> Engine:
    given: dict[str, Any] = {name: value for name, value in CONNECT.items() if name not in url.query}
    engine = create_engine(
        url,
        paramstyle="format",
        pool_size=CONNECTIONS,
        max_overflow=0,
        pool_timeout=POOL_SECONDS,
        pool_use_lifo=True,
        connect_args=given,
    )

    @event.listens_for(engine, "connect")
    def on_connect(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.autocommit = True  # transactions begin with our own words
        for dumper in (Int8Dumper, Int8BinaryDumper):  # or a number's size would change a statement's types, and spoil its plan
            connection.adapters.register_dumper(int, dumper)
        settings = ", ".join(f"set_config('{name}', '{value}', false)" for name, value in SESSION.items())
        connection.execute(f"SELECT {settings}")
        connection.execute(  # acknowledged means synced
            "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') IN ('off', 'local')"
        )

    return engine


@contextmanager
def _transaction(engine: Engine, begin: str) -> Iterator[Connection]:
    connection = _begun(engine, begin)
    try:
        yield connection
        _commit(connection)
    except BaseException as error:
        _abandon(connection, error)
        raise
    finally:
        connection.close()


def _begun(engine: Engine, begin: str) -> Connection:
    """A connection in a transaction; those that were lost while they waited in the pool are thrown away on the way."""
    for _ in range(CONNECTIONS):
        with suppress(psycopg.OperationalError):  # a server that cannot be reached is SQLAlchemy's error
            return _begin(engine, begin)
    return _begin(engine, begin)


def _begin(engine: Engine, begin: str) -> Connection:
    connection = engine.connect()
    try:
        connection.begin()
        driver(connection).execute(begin)
    except BaseException as error:
        _abandon(connection, error)
        connection.close()
        raise
    return connection


def _commit(connection: Connection) -> None:
    """Make it durable. The server answers the COMMIT of a transaction that has failed with a friendly rollback, which is no commit."""
    if driver(connection).pgconn.transaction_status != TransactionStatus.INTRANS:
        raise Unavailable("the transaction had failed before its end; nothing was written", retry_after=1.0)
    connection.commit()


def _abandon(connection: Connection, error: BaseException) -> None:
    """Roll back; a connection that is of no more use is not given back to the pool."""
    state = sqlstate(error) if isinstance(error, Exception) else ""
    if connection.invalidated:
        return
    if driver(connection).closed or state == _READ_ONLY or state.startswith(_LOST):
        connection.invalidate()
        return
    with suppress(DBAPIError):  # then SQLAlchemy has thrown it away
        connection.rollback()


def driver(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's own connection, for what SQLAlchemy has no words for."""
    own: Any = connection.connection.dbapi_connection
    assert isinstance(own, psycopg.Connection)
    return own

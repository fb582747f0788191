"""The PostgreSQL server of tests, with a database for each."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from deploy import postgres


class PostgresServer(postgres.PostgresServer):
    """Draws names of databases, and takes databases away again."""

    _drawn = 0

    def create(self, database: str = "", template: str = "template0") -> str:
        """A new database, of a drawn name where none is given. Returns its name."""
        self._drawn += 1
        return super().create(database or f"test{self._drawn}", template)

    def drop(self, database: str) -> None:
        """Remove a database, whoever uses it."""
        self.run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(database)))

    def disconnect(self, database: str) -> None:
        """End every session in a database."""
        wanted = sql.SQL("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = {}").format(
            sql.Literal(database)
        )
        self.run(wanted)

    def run(self, statement: sql.Composed) -> None:
        """Run something that stands outside every transaction."""
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres(*options: str) -> Iterator[PostgresServer]:
    """A server that is gone afterwards. Options are settings, `name=value`."""
    base = Path(tempfile.mkdtemp(prefix="eunoe-pg-", dir="/tmp"))
    try:
        server = PostgresServer(base, options=options)
        try:
            server.start()
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(base)

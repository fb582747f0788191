"""Catalogs for tests on either database, and writes by their few parts that matter."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Protocol

from sqlalchemy import text

from service.catalog import schema
from service.catalog.deployment import create_deployment
from service.catalog.engine import Catalog
from service.catalog.ids import new_id
from service.catalog.migrate import migrate
from service.catalog.recording import Answer, Recorder, Write
from service.domain.kinds import IngestionMode, Lane, ScopeKind
from service.domain.scope import ScopeRef
from service.domain.writes import DocumentWrite, MessageWrite
from tests.support.postgres import PostgresServer

INSTANCE = "a" * 32
OTHER_INSTANCE = "b" * 32
USER = ScopeRef(ScopeKind.USER, "acme", "ana")
NEIGHBOUR = ScopeRef(ScopeKind.USER, "acme", "ben")
CUSTOMER = ScopeRef(ScopeKind.CUSTOMER, "acme")

MINUTE = 60_000_000
NOW = 1_772_000_000_000_000
"""When everything is recorded unless a test says otherwise: 25 February 2026."""


class Catalogs(Protocol):
    """Where fresh catalogs come from."""

    def fresh(self, *, shards: int = 1) -> AbstractContextManager[Catalog]:
        """A fresh deployment, closed at the end."""


class SqliteCatalogs:
    """Each a file in a directory of its own."""

    @contextmanager
    def fresh(self, *, shards: int = 1) -> Iterator[Catalog]:
        """A fresh deployment, closed at the end."""
        with TemporaryDirectory() as directory:
            catalog = new_catalog(Path(directory), shards=shards)
            try:
                yield catalog
            finally:
                catalog.close()


class PostgresCatalogs:
    """Databases of one server, emptied between tests: a fresh one takes thirty times as long."""

    def __init__(self, server: PostgresServer) -> None:
        """Take a server that runs."""
        self._server = server
        self._unused: list[str] = []

    @contextmanager
    def fresh(self, *, shards: int = 1) -> Iterator[Catalog]:
        """A fresh deployment, closed at the end."""
        name = self._unused.pop() if self._unused else self._server.create()
        self._server.disconnect(name)  # whoever a test has left behind
        catalog = Catalog(self._server.url(name))
        try:
            migrate(catalog)
            with catalog.write() as connection:
                for table in schema.metadata.sorted_tables:
                    connection.execute(table.delete())
                connection.execute(text(_RESTART))
                create_deployment(connection, shards=shards, model_id="fake", extractor_version="1", analysis_version=1)
            yield catalog
        finally:
            catalog.close()
        self._unused.append(name)


_RESTART = "SELECT setval(quote_ident(sequencename)::regclass, 1, false) FROM pg_sequences"


def new_catalog(directory: Path, *, shards: int = 1) -> Catalog:
    """A fresh deployment on SQLite in `directory`."""
    path = directory / "catalog.db"
    path.write_bytes(_template(shards))
    return Catalog(path)


@cache
def _template(shards: int) -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "catalog.db"
        catalog = Catalog(path)
        migrate(catalog)
        with catalog.write() as connection:
            create_deployment(connection, shards=shards, model_id="fake", extractor_version="1", analysis_version=1)
        catalog.checkpoint()
        catalog.close()
        return path.read_bytes()


def message(
    content: str = "hello",
    *,
    conversation: str = "talk",
    message_id: str = "",
    request_id: str = "",
    scope: ScopeRef = USER,
    instance: str = INSTANCE,
    role: str = "user",
    session: str = "",
    said: int | None = None,
    recorded: int = NOW,
    lane: Lane = Lane.REALTIME,
    metadata: str = "",
    tolerant: bool = False,
    mode: IngestionMode = IngestionMode.FAST,
) -> MessageWrite:
    """A turn, with ids drawn as the service draws them."""
    source = new_id()
    return MessageWrite(
        instance_id=instance,
        conversation_id=conversation,
        scope=scope,
        source_id=source,
        message_id=message_id or request_id or source,
        request_id=request_id,
        content_hash=_hash(content, role),
        role=role,
        speaker="",
        content=content,
        metadata=metadata,
        session_id=session,
        said_time=said,
        record_time=recorded,
        time_zone="",
        mode=mode.value,
        lane=lane,
        tolerates_repeats=tolerant,
    )


def document(
    content: str = "hello",
    *,
    document_id: str = "",
    request_id: str = "",
    scope: ScopeRef = USER,
    instance: str = INSTANCE,
    written: int | None = None,
    recorded: int = NOW,
    lane: Lane = Lane.REALTIME,
    kind: str = "note",
    metadata: str = "",
    tolerant: bool = False,
    mode: IngestionMode = IngestionMode.FAST,
) -> DocumentWrite:
    """A document to ingest, with ids drawn as the service draws them."""
    source = new_id()
    return DocumentWrite(
        instance_id=instance,
        scope=scope,
        source_id=source,
        document_id=document_id or request_id or source,
        ingestion_id=new_id(),
        batch_id="",
        request_id=request_id,
        content_hash=_hash(content, kind),
        document_type=kind,
        content=content,
        metadata=metadata,
        document_time=written,
        record_time=recorded,
        time_zone="",
        mode=mode.value,
        lane=lane,
        tolerates_repeats=tolerant,
    )


def _hash(*parts: str) -> bytes:
    return hashlib.blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def record(catalog: Catalog, *writes: Write) -> list[Answer]:
    """Write one group, as the commit queue does."""
    with catalog.write() as connection:
        return Recorder(_shards(catalog)).record(connection, writes)


def _shards(catalog: Catalog) -> int:
    return int(scalar(catalog, "SELECT shards FROM deployment"))


def rows(catalog: Catalog, sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """What a statement reads."""
    with catalog.read() as connection:
        return [tuple(row) for row in connection.execute(text(sql), values)]


def scalar(catalog: Catalog, sql: str, **values: Any) -> Any:
    """The one value that a statement reads."""
    return rows(catalog, sql, **values)[0][0]


def run_sql(catalog: Catalog, sql: str, **values: Any) -> None:
    """Change something that no verb of the service changes: a time that passed, a limit of the database."""
    with catalog.write() as connection:
        connection.execute(text(sql), values)

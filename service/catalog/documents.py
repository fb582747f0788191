"""Documents and batches as ingestion needs them: which are known already. Writing documents is `recording`'s."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, insert, select

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list
from service.domain.writes import LogEntry

_d, _i, _b = schema.documents, schema.ingestions, schema.batches

_KNOWN = Statement(
    select(
        _d.c.document_id,
        _d.c.content_hash,
        _d.c.ingestion_id,
        _i.c.batch_id,
        _i.c.status,
        _d.c.record_time,
        schema.scopes.c.shard,
        _d.c.lane,
        _d.c.seq,
    )
    .join(_i, _i.c.ingestion_id == _d.c.ingestion_id)
    .join(schema.scopes, schema.scopes.c.scope == _d.c.scope)
    .where(_d.c.instance_id == bindparam("instance_id"), in_list(_d.c.document_id, "ids"))
)
_BATCH = Statement(
    select(_b.c.batch_id, _b.c.content_hash, _b.c.create_time).where(
        _b.c.instance_id == bindparam("instance_id"), _b.c.request_id == bindparam("request_id")
    )
)
_INSERT_BATCH = Statement(insert(_b).values({column.name: bindparam(column.name) for column in _b.columns}))


@dataclass(frozen=True, slots=True)
class KnownDocument:
    """A document that was accepted before."""

    document_id: str
    content_hash: bytes
    ingestion_id: str
    batch_id: str
    status: str
    record_time: int
    entry: LogEntry


@dataclass(frozen=True, slots=True)
class KnownBatch:
    """A batch that was begun before, perhaps not to its end."""

    batch_id: str
    content_hash: bytes
    create_time: int


@dataclass(frozen=True, slots=True)
class NewBatch:
    """A batch that begins."""

    batch_id: str
    instance_id: str
    request_id: str
    content_hash: bytes
    rejected: str
    """JSON: what it answered for the documents it refused."""
    create_time: int


def known_documents(connection: Connection, instance_id: str, ids: Iterable[str]) -> dict[str, KnownDocument]:
    """document id → document, for those that the instance has."""
    rows = _KNOWN.run(connection, instance_id=instance_id, ids=json_list(ids))
    found = (KnownDocument(*[*told, LogEntry(shard, lane, seq)]) for *told, shard, lane, seq in rows)
    return {known.document_id: known for known in found}


def find_batch(connection: Connection, instance_id: str, request_id: str) -> KnownBatch | None:
    """The batch that this request began."""
    row = _BATCH.run(connection, instance_id=instance_id, request_id=request_id).first()
    return None if row is None else KnownBatch(*row)


def insert_batch(connection: Connection, batch: NewBatch) -> None:
    """Begin a batch."""
    _INSERT_BATCH.run(
        connection,
        batch_id=batch.batch_id,
        instance_id=batch.instance_id,
        request_id=batch.request_id,
        content_hash=batch.content_hash,
        rejected=batch.rejected,
        create_time=batch.create_time,
    )

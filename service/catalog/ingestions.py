"""Ingestions and batches, as readers see them. What the pipeline says of them is `outcomes`'."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, bindparam, cast, func, select

from service.catalog import memories, schema
from service.catalog.edits import Guard
from service.catalog.sql import Statement, in_list, json_list
from service.domain.kinds import IngestionStatus, ScopeKind
from service.domain.scope import ScopeRef

_i, _d, _s, _b = schema.ingestions, schema.documents, schema.scopes, schema.batches


def _total(column: ColumnElement[int]) -> ColumnElement[int]:
    """A sum that stays an integer; PostgreSQL would make it a decimal."""
    return cast(func.sum(column), BigInteger)


_joined = (
    select(
        _i,
        _d.c.document_type,
        _d.c.mode,
        _d.c.lane,
        _d.c.metadata,
        _s.c.kind,
        _s.c.customer_id,
        _s.c.user_id,
    )
    .join(_s, _s.c.scope == _i.c.scope)
    .outerjoin(_d, _d.c.source_id == _i.c.source_id)
    .where(_i.c.instance_id == bindparam("instance_id"))
)
_GET = Statement(_joined.where(_i.c.ingestion_id == bindparam("ingestion_id")))
_LIST = Statement(
    _joined.where(
        _i.c.ingestion_id < bindparam("before"),
        (bindparam("user_id") == "") | (_s.c.user_id == bindparam("user_id")),
        (bindparam("customer_id") == "") | (_s.c.customer_id == bindparam("customer_id")),
        (bindparam("batch_id") == "") | (_i.c.batch_id == bindparam("batch_id")),
        (bindparam("document_id") == "") | (_i.c.document_id == bindparam("document_id")),
        in_list(_i.c.status, "statuses"),
    )
    .order_by(_i.c.ingestion_id.desc())
    .limit(bindparam("most"))
)
_BATCH = Statement(select(_b).where(_b.c.instance_id == bindparam("instance_id"), _b.c.batch_id == bindparam("batch_id")))
_COUNTS = Statement(
    select(_i.c.status, func.count(), _total(_i.c.passage_count), _total(_i.c.memory_count), func.max(_i.c.finish_time))
    .where(_i.c.instance_id == bindparam("instance_id"), _i.c.batch_id == bindparam("batch_id"))
    .group_by(_i.c.status)
)
_SCOPES = Statement(
    select(_s.c.kind, _s.c.customer_id, _s.c.user_id)
    .join(_i, _i.c.scope == _s.c.scope)
    .where(_i.c.instance_id == bindparam("instance_id"), _i.c.batch_id == bindparam("batch_id"))
    .distinct()
)
_BATCH_ERRORS = Statement(
    select(_i.c.errors)
    .where(_i.c.instance_id == bindparam("instance_id"), _i.c.batch_id == bindparam("batch_id"), _i.c.errors != "[]")
    .order_by(_i.c.ingestion_id)
    .limit(bindparam("most"))
)

NEWEST = "~"
"""Sorts after every id: where a list begins."""
MOST_ERRORS = 100
"""Errors that a batch tells."""


@dataclass(frozen=True, slots=True)
class IngestionRow:
    """The processing of one document. Times are microseconds since 1970 UTC."""

    ingestion_id: str
    document_id: str
    batch_id: str
    scope: ScopeRef
    status: IngestionStatus
    stage: str
    errors: Sequence[Mapping[str, Any]]
    """Keys: stage, code, message, time."""
    memory_ids: Sequence[str]
    passage_count: int
    memory_count: int
    document_type: str
    """Empty once the document is deleted, as the three below."""
    mode: str
    lane: int | None
    metadata: str
    create_time: int
    start_time: int | None
    finish_time: int | None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """The processing of the documents of a batch. Times are microseconds since 1970 UTC."""

    batch_id: str
    counts: Mapping[IngestionStatus, int]
    rejected: Sequence[Mapping[str, Any]]
    """What was refused when the batch was taken in; keys: index, reason, message."""
    errors: Sequence[Mapping[str, Any]]
    passage_count: int
    memory_count: int
    create_time: int
    finish_time: int | None


def get_ingestion(connection: Connection, instance_id: str, ingestion_id: str, guard: Guard) -> IngestionRow | None:
    """An ingestion of an instance, with the ids of its memories."""
    rows = _GET.rows(connection, instance_id=instance_id, ingestion_id=ingestion_id)
    if not rows:
        return None
    found = _row(rows[0], memories.memory_ids_of_source(connection, rows[0]["source_id"]))
    return found if guard.admits(found.scope) else None


def list_ingestions(
    connection: Connection,
    instance_id: str,
    guard: Guard,
    *,
    batch_id: str,
    document_id: str,
    statuses: Iterable[IngestionStatus],
    before: str,
    most: int,
) -> list[IngestionRow]:
    """A page of ingestions, newest first, before an id; no statuses: all."""
    wanted = [status.value for status in statuses] or [status.value for status in IngestionStatus]
    rows = _LIST.rows(
        connection,
        instance_id=instance_id,
        user_id=guard.user_id,
        customer_id=guard.customer_id,
        batch_id=batch_id,
        document_id=document_id,
        statuses=json_list(wanted),
        before=before,
        most=most,
    )
    return [_row(row, memories.memory_ids_of_source(connection, row["source_id"])) for row in rows]


def get_batch(connection: Connection, instance_id: str, batch_id: str, guard: Guard) -> BatchRow | None:
    """A batch of an instance; none where one of its documents belongs to somebody else than the guard says."""
    rows = _BATCH.rows(connection, instance_id=instance_id, batch_id=batch_id)
    if not rows:
        return None
    key = {"instance_id": instance_id, "batch_id": batch_id}
    scopes = [ScopeRef(ScopeKind(row[0]), row[1], row[2]) for row in _SCOPES.run(connection, **key)]
    if not all(guard.admits(scope) for scope in scopes):
        return None
    counts = _COUNTS.run(connection, **key).all()
    told = [error for row in _BATCH_ERRORS.run(connection, **key, most=MOST_ERRORS) for error in json.loads(row[0])]
    is_done = all(IngestionStatus(row[0]).is_terminal for row in counts)
    return BatchRow(
        batch_id,
        {IngestionStatus(row[0]): row[1] for row in counts},
        json.loads(rows[0]["rejected"]),
        told[:MOST_ERRORS],
        sum(row[2] for row in counts),
        sum(row[3] for row in counts),
        rows[0]["create_time"],
        max((row[4] for row in counts), default=None) if is_done else None,
    )


def _row(row: Mapping[str, Any], memory_ids: Sequence[str]) -> IngestionRow:
    return IngestionRow(
        row["ingestion_id"],
        row["document_id"],
        row["batch_id"],
        ScopeRef(ScopeKind(row["kind"]), row["customer_id"], row["user_id"]),
        IngestionStatus(row["status"]),
        row["stage"],
        json.loads(row["errors"]),
        memory_ids,
        row["passage_count"],
        row["memory_count"],
        row["document_type"] or "",
        row["mode"] or "",
        row["lane"],
        row["metadata"] or "",
        row["create_time"],
        row["start_time"],
        row["finish_time"],
    )

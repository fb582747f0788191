"""Sources as the pipeline needs them: what the records of the log name."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, and_, bindparam, func, select

from service.catalog import schema
from service.catalog.sql import Statement, in_list, json_list
from service.domain.instants import from_us
from service.domain.kinds import DocumentType, IngestionMode, Role, SourceKind
from service.domain.source import PreviousTurn, Source

PREVIOUS_TURNS = 2
"""Turns before a message that its full-text context begins with (retrieval.md section 9)."""

_PREVIOUS_CHARACTERS = 600
_m, _p, _c, _d = schema.messages, schema.messages.alias("before"), schema.conversations, schema.documents

_MESSAGES = Statement(
    select(_m, _c.c.conversation_id).join(_c, _c.c.conversation == _m.c.conversation).where(in_list(_m.c.source_id, "ids"))
)
_PREVIOUS = Statement(
    select(_m.c.source_id, _p.c.role, _p.c.speaker, func.substr(_p.c.content, 1, _PREVIOUS_CHARACTERS))
    .join(
        _p,
        and_(
            _p.c.conversation == _m.c.conversation,
            _p.c.number >= _m.c.number - PREVIOUS_TURNS,
            _p.c.number < _m.c.number,
            _p.c.session_id == _m.c.session_id,
        ),
    )
    .where(in_list(_m.c.source_id, "ids"))
    .order_by(_m.c.source_id, _p.c.number)
)
_DOCUMENTS = Statement(select(_d).where(in_list(_d.c.source_id, "ids")))
_SMALL_DOCUMENTS = Statement(
    select(_d).where(in_list(_d.c.source_id, "ids"), func.length(_d.c.content) <= bindparam("most_characters"))
)
_STORED = Statement(select(_d.c.source_id).where(in_list(_d.c.source_id, "ids")))
_EXISTING = {
    kind: Statement(
        select(table.c.source_id)
        .where(in_list(table.c.source_id, "ids"))
        .order_by(table.c.source_id)
        .with_for_update(read=True, of=table)
    )
    for kind, table in ((SourceKind.MESSAGE, _m), (SourceKind.DOCUMENT, _d))
}


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source, and what its items say about where they come from."""

    source: Source
    metadata: str
    conversation_id: str
    """Empty for documents."""
    message_id: str
    """Empty for documents."""
    number: int
    """0 for documents."""
    session: str
    """What counts as one sitting: conversation and session, or the document."""
    session_id: str
    document_id: str
    """Empty for messages."""
    ingestion_id: str
    """Empty for messages."""


def read_sources(
    connection: Connection, messages: Iterable[str], documents: Iterable[str], most_characters: int | None = None
) -> dict[str, SourceRow]:
    """source id → source, for those that still exist; where a size is given, without larger documents."""
    message_ids, document_ids = list(messages), list(documents)
    found: dict[str, SourceRow] = {}
    if message_ids:
        ids = json_list(message_ids)
        before: dict[str, list[PreviousTurn]] = {}
        for source_id, role, speaker, content in _PREVIOUS.run(connection, ids=ids):
            before.setdefault(source_id, []).append(PreviousTurn(speaker or Role(role).value.capitalize(), content))
        for row in _MESSAGES.rows(connection, ids=ids):
            found[row["source_id"]] = _message(row, tuple(before.get(row["source_id"], ())))
    if document_ids:
        ids = json_list(document_ids)
        rows = (
            _DOCUMENTS.rows(connection, ids=ids)
            if most_characters is None
            else _SMALL_DOCUMENTS.rows(connection, ids=ids, most_characters=most_characters)
        )
        found.update((row["source_id"], _document(row)) for row in rows)
    return found


def stored_documents(connection: Connection, ids: Sequence[str]) -> set[str]:
    """Which of these documents are there at this moment, by source id; for readers, who may lock nothing."""
    return {row[0] for row in _STORED.run(connection, ids=json_list(ids))} if ids else set()


def existing_sources(connection: Connection, messages: Sequence[str], documents: Sequence[str]) -> set[str]:
    """Which of these sources still exist; in a write transaction, so that they go on existing until it ends."""
    found: set[str] = set()
    for kind, ids in ((SourceKind.MESSAGE, messages), (SourceKind.DOCUMENT, documents)):
        if ids:
            found.update(row[0] for row in _EXISTING[kind].run(connection, ids=json_list(ids)))
    return found


def _message(row: Any, previous: tuple[PreviousTurn, ...]) -> SourceRow:
    source = Source(
        source_id=row["source_id"],
        kind=SourceKind.MESSAGE,
        content=row["content"],
        said_time=from_us(row["record_time"] if row["said_time"] is None else row["said_time"]),
        time_zone=row["time_zone"],
        mode=IngestionMode(row["mode"]),
        role=Role(row["role"]),
        speaker=row["speaker"],
        previous=previous,
    )
    return SourceRow(
        source=source,
        metadata=row["metadata"],
        conversation_id=row["conversation_id"],
        message_id=row["message_id"],
        number=row["number"],
        session=f"{row['conversation']}:{row['session_id']}",
        session_id=row["session_id"],
        document_id="",
        ingestion_id="",
    )


def _document(row: Any) -> SourceRow:
    source = Source(
        source_id=row["source_id"],
        kind=SourceKind.DOCUMENT,
        content=row["content"],
        said_time=from_us(row["record_time"] if row["document_time"] is None else row["document_time"]),
        time_zone=row["time_zone"],
        mode=IngestionMode(row["mode"]),
        document_type=DocumentType(row["document_type"]),
    )
    return SourceRow(
        source=source,
        metadata=row["metadata"],
        conversation_id="",
        message_id="",
        number=0,
        session=f"document:{row['source_id']}",
        session_id="",
        document_id=row["document_id"],
        ingestion_id=row["ingestion_id"],
    )

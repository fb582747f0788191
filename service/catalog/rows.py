"""What a write becomes: the row of a message or document, with what its outbox row needs, and the answer that its caller gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.domain.kinds import IngestionStatus, SourceKind
from service.domain.writes import AcceptedDocument, DocumentWrite, LogEntry, MessageWrite, RecordedMessage

Accepted = RecordedMessage | AcceptedDocument


def answer_of(row: Mapping[str, Any], *, is_duplicate: bool) -> Accepted:
    """The answer for a numbered row."""
    entry = LogEntry(row["shard"], row["lane"], row["seq"])
    if "message_id" in row:
        return RecordedMessage(
            row["message_id"],
            row["conversation_id"],
            row["session_id"],
            row["record_time"],
            row["number"],
            entry,
            is_duplicate,
        )
    return AcceptedDocument(row["ingestion_id"], row["document_id"], row["record_time"], entry, is_duplicate)


def message_row(write: MessageWrite, conversation: int, scope: int, shard: int, number: int, session: str) -> dict[str, Any]:
    """A message as it is inserted, without its place in the log."""
    return {
        "conversation": conversation,
        "number": number,
        "message_id": write.message_id,
        "source_id": write.source_id,
        "request_id": write.request_id,
        "content_hash": write.content_hash,
        "role": write.role,
        "speaker": write.speaker,
        "content": write.content,
        "metadata": write.metadata,
        "session_id": session,
        "said_time": write.said_time,
        "record_time": write.record_time,
        "time_zone": write.time_zone,
        "mode": write.mode,
        "lane": int(write.lane),
        # for the outbox and the answer
        "shard": shard,
        "instance_id": write.instance_id,
        "scope": scope,
        "source_kind": SourceKind.MESSAGE.value,
        "create_time": write.record_time,
        "conversation_id": write.conversation_id,
    }


def document_row(write: DocumentWrite, scope: int, shard: int) -> dict[str, Any]:
    """A document and its ingestion as they are inserted, without their place in the log."""
    return {
        "instance_id": write.instance_id,
        "document_id": write.document_id,
        "source_id": write.source_id,
        "ingestion_id": write.ingestion_id,
        "request_id": write.request_id,
        "content_hash": write.content_hash,
        "scope": scope,
        "document_type": write.document_type,
        "content": write.content,
        "metadata": write.metadata,
        "document_time": write.document_time,
        "record_time": write.record_time,
        "time_zone": write.time_zone,
        "mode": write.mode,
        "lane": int(write.lane),
        # for the outbox, the ingestion and the answer
        "shard": shard,
        "source_kind": SourceKind.DOCUMENT.value,
        "create_time": write.record_time,
        "update_time": write.record_time,
        "batch_id": write.batch_id,
        "status": IngestionStatus.QUEUED.value,
        "outcome": "",
        "stage": "",
        "errors": "[]",
        "passage_count": 0,
        "memory_count": 0,
    }

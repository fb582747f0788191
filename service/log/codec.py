"""Records as bytes for Kafka, and back: the only place beside `service.rpc` that names generated types."""

from __future__ import annotations

from dataclasses import dataclass

from eunoe.log.v1 import record_pb2
from google.protobuf.message import DecodeError

from service.catalog.sources import SourceRow
from service.domain.instants import from_us, to_us
from service.domain.kinds import DocumentType, IngestionMode, Lane, Role, SourceKind
from service.domain.source import PreviousTurn, Source
from service.domain.writes import LogEntry
from service.log.base import Record

INLINE_BYTES = 256 * 1024
"""Content up to this size travels in the record, larger by reference."""


class GarbledRecordError(ValueError):
    """The bytes are no record that this service can read."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """A record as it came."""

    log_epoch: int
    record: Record
    is_reference: bool
    """The source exists, but has to be read from the catalog."""


def encode(log_epoch: int, record: Record) -> bytes:
    """A record with its source, where it has one; a large source by reference."""
    wire = _head(log_epoch, record)
    row = record.source
    if row is None:
        return wire.SerializeToString()
    size = len(row.source.content.encode())
    if size > INLINE_BYTES:
        wire.reference.size = size
    else:
        _put_source(wire.source, row)
    return wire.SerializeToString()


def encode_reference(log_epoch: int, record: Record) -> bytes:
    """A record whose source was too large to be read for this."""
    wire = _head(log_epoch, record)
    wire.reference.SetInParent()
    return wire.SerializeToString()


def decode(data: bytes) -> Decoded:
    """A record from its bytes.

    Raises:
        GarbledRecordError: they are something else.
    """
    try:
        wire = record_pb2.Record.FromString(data)
        kind = SourceKind(wire.source_kind)
        source = _source(wire.source_id, kind, wire.source) if wire.HasField("source") else None
        entry = LogEntry(wire.shard, Lane(wire.lane), wire.seq)
    except (DecodeError, ValueError, OverflowError) as error:
        raise GarbledRecordError(str(error)) from error
    record = Record(entry, wire.instance_id, wire.scope, kind, wire.source_id, source)
    return Decoded(wire.log_epoch, record, wire.HasField("reference"))


def _head(log_epoch: int, record: Record) -> record_pb2.Record:
    return record_pb2.Record(
        log_epoch=log_epoch,
        shard=record.entry.shard,
        lane=record.entry.lane,
        seq=record.entry.seq,
        instance_id=record.instance_id,
        scope=record.scope,
        source_kind=record.kind.value,
        source_id=record.source_id,
    )


def _put_source(wire: record_pb2.Source, row: SourceRow) -> None:
    source = row.source
    wire.content = source.content
    wire.said_time.FromMicroseconds(to_us(source.said_time))
    wire.time_zone = source.time_zone
    wire.mode = source.mode.value
    wire.metadata = row.metadata
    wire.session = row.session
    if source.kind is SourceKind.MESSAGE:
        message = wire.message
        message.conversation_id, message.message_id = row.conversation_id, row.message_id
        message.number, message.session_id = row.number, row.session_id
        message.role = source.role.value if source.role else ""
        message.speaker = source.speaker
        message.previous.extend(record_pb2.PreviousTurn(speaker=turn.speaker, text=turn.text) for turn in source.previous)
    else:
        document = wire.document
        document.document_id, document.ingestion_id = row.document_id, row.ingestion_id
        document.document_type = source.document_type.value if source.document_type else ""


def _source(source_id: str, kind: SourceKind, wire: record_pb2.Source) -> SourceRow:
    message, document = wire.message, wire.document
    source = Source(
        source_id=source_id,
        kind=kind,
        content=wire.content,
        said_time=from_us(wire.said_time.ToMicroseconds()),
        time_zone=wire.time_zone,
        mode=IngestionMode(wire.mode),
        document_type=DocumentType(document.document_type) if document.document_type else None,
        role=Role(message.role) if message.role else None,
        speaker=message.speaker,
        previous=tuple(PreviousTurn(turn.speaker, turn.text) for turn in message.previous),
    )
    return SourceRow(
        source=source,
        metadata=wire.metadata,
        conversation_id=message.conversation_id,
        message_id=message.message_id,
        number=message.number,
        session=wire.session,
        session_id=message.session_id,
        document_id=document.document_id,
        ingestion_id=document.ingestion_id,
    )

"""From the wire to results. The only place where what the service answers is read."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from eunoe.v1 import admin_service_pb2, context_pb2, conversation_pb2, ingestion_pb2, item_result_pb2, memory_pb2, scope_pb2
from google.protobuf import json_format
from google.protobuf.message import Message as Wire
from google.protobuf.struct_pb2 import Struct
from google.rpc import code_pb2

from eunoe_client import _words as words
from eunoe_client._context_result import Context, Retrieval
from eunoe_client._memory import ContextItem, Entity, Memory, Scope, Signal, Source
from eunoe_client._message import Message
from eunoe_client._results import Conversation, Identity, Ingestion, IngestionError, ItemError
from eunoe_client._times import from_wire


def read_time(owner: Wire, field: str) -> datetime | None:
    """The time in a field; None where it is unset."""
    return from_wire(getattr(owner, field)) if owner.HasField(field) else None


def read_metadata(struct: Struct) -> dict[str, Any]:
    """The caller's own data as plain Python values; whole numbers as int."""
    return json_format.MessageToDict(struct) if struct.fields else {}


def read_identity(wire: admin_service_pb2.WhoAmIResponse) -> Identity:
    """Whose key it is."""
    return Identity(instance_id=wire.instance_id, isolation=words.ISOLATION.word(wire.isolation), key_id=wire.key_id)


def read_scope(wire: scope_pb2.Scope) -> Scope:
    """Who something belongs to."""
    return Scope(kind=words.SCOPE_KIND.word(wire.kind), user_id=wire.user_id, customer_id=wire.customer_id)


def read_memory(wire: memory_pb2.Memory, *, position: str = "") -> Memory:
    """One memory."""
    return Memory(
        memory_id=wire.memory_id,
        memory_type=words.MEMORY_TYPE.word(wire.type),
        version=wire.version,
        created_at=read_time(wire, "create_time"),
        updated_at=read_time(wire, "update_time"),
        edited=wire.edited,
        position=position,
        **_statement(wire),
    )


def read_context(wire: context_pb2.Context) -> Context:
    """One answer."""
    retrieval = wire.retrieval
    return Context(
        ranked=tuple(_item(item, rank) for rank, item in enumerate(wire.items, 1)),
        recent_turns=tuple(map(read_message, wire.recent_turns)),
        retrieval=Retrieval(degraded=retrieval.degraded, approximate=retrieval.approximate, reasons=tuple(retrieval.reasons)),
    )


def read_message(wire: conversation_pb2.Message) -> Message:
    """One turn."""
    return Message(
        message_id=wire.message_id,
        conversation_id=wire.conversation_id,
        number=wire.number,
        role=words.ROLE.word(wire.role),
        content=wire.content,
        session_id=wire.session_id,
        speaker=wire.speaker,
        said_at=read_time(wire, "said_time"),
        recorded_at=read_time(wire, "record_time"),
        time_zone=wire.time_zone,
        metadata=read_metadata(wire.metadata),
    )


def read_conversation(wire: conversation_pb2.Conversation) -> Conversation:
    """One conversation."""
    return Conversation(
        conversation_id=wire.conversation_id,
        scope=read_scope(wire.scope),
        message_count=wire.message_count,
        indexed_count=wire.indexed_count,
        refining=wire.refining,
        session_id=wire.session_id,
        created_at=read_time(wire, "create_time"),
        updated_at=read_time(wire, "update_time"),
    )


def read_ingestion(wire: ingestion_pb2.Ingestion) -> Ingestion:
    """How far a document or batch is."""
    return Ingestion(
        ingestion_id=wire.ingestion_id,
        document_id=wire.document_id,
        state=words.STATUS.word(wire.status),
        progress=wire.progress,
        total_count=wire.total_count,
        processed_count=wire.processed_count,
        error_count=wire.error_count,
        stage=words.STAGE.word(wire.stage),
        completed_stages=tuple(map(words.STAGE.word, wire.completed_stages)),
        errors=tuple(map(_ingestion_error, wire.errors)),
        memory_ids=tuple(wire.memory_ids),
        memories_created=wire.memory_count,
        passage_count=wire.passage_count,
        batch_id=wire.batch_id,
        document_type=words.DOCUMENT_TYPE.word(wire.document_type),
        scope=read_scope(wire.scope) if wire.HasField("scope") else None,
        mode=words.INGESTION_MODE.word(wire.mode),
        lane=words.LANE.word(wire.lane),
        metadata=read_metadata(wire.metadata),
        queued_at=read_time(wire, "queue_time"),
        started_at=read_time(wire, "start_time"),
        completed_at=read_time(wire, "complete_time"),
    )


def read_item_errors(errors: Iterable[item_result_pb2.ItemError], *, first_index: int = 0) -> tuple[ItemError, ...]:
    """Why items were refused; `first_index` is added to their places."""
    return tuple(
        ItemError(
            index=first_index + error.index,
            code=code_pb2.Code.Name(error.code) if error.code in code_pb2.Code.values() else str(error.code),
            reason=error.reason,
            message=error.message,
            field=error.field,
            item_id=error.item_id,
        )
        for error in errors
    )


def _ingestion_error(wire: ingestion_pb2.IngestionError) -> IngestionError:
    return IngestionError(
        stage=words.STAGE.word(wire.stage), code=wire.code, message=wire.message, occurred_at=read_time(wire, "error_time")
    )


def _item(wire: context_pb2.ContextItem, rank: int) -> ContextItem:
    return ContextItem(
        id=wire.item_id,
        type=words.ITEM_TYPE.word(wire.type),
        score=wire.score,
        rank=rank,
        matched_queries=tuple(wire.matched_queries),
        excerpt=wire.excerpt,
        signals={signal.name: signal.value for signal in wire.signals},
        explained=tuple(
            Signal(name=each.name, value=each.value, measured=each.measured, rank=each.rank, boost=each.boost)
            for each in wire.signals
        ),
        **_statement(wire),
    )


def _statement(wire: memory_pb2.Memory | context_pb2.ContextItem) -> dict[str, Any]:
    """The fields that a memory and an item of an answer share; they bear the same names and numbers on the wire."""
    return {
        "content": wire.content,
        "confidence": wire.confidence,
        "scope": read_scope(wire.scope),
        "subject": wire.subject,
        "entities": tuple(map(_entity, wire.entities)),
        "related_memory_ids": tuple(wire.related_memory_ids),
        "said_at": read_time(wire, "said_time"),
        "event_date": read_time(wire, "event_time"),
        "event_end": read_time(wire, "event_end_time"),
        "event_precision": words.PRECISION.word(wire.event_precision),
        "valid_from": read_time(wire, "valid_start_time"),
        "valid_until": read_time(wire, "valid_end_time"),
        "sources": tuple(map(_source, wire.sources)),
        "metadata": read_metadata(wire.metadata),
        **_details(wire),
    }


def _details(wire: memory_pb2.Memory | context_pb2.ContextItem) -> dict[str, Any]:
    match wire.WhichOneof("details"):
        case "preference":
            liking = wire.preference
            polarity = words.POLARITY.word(liking.polarity)
            strength = -liking.strength if polarity == "negative" else liking.strength
            return {"category": liking.category, "polarity": polarity, "strength": strength}
        case "episode":
            return {"participants": tuple(wire.episode.participants)}
        case "emotion":
            return {"emotion_type": wire.emotion.emotion, "intensity": wire.emotion.intensity}
        case "temporal_event":
            return {"recurrence": wire.temporal_event.recurrence}
    return {}


def _entity(wire: memory_pb2.Entity) -> Entity:
    return Entity(entity_id=wire.entity_id, name=wire.name, type=words.ENTITY_TYPE.word(wire.type), aliases=tuple(wire.aliases))


def _source(wire: memory_pb2.Source) -> Source:
    if wire.WhichOneof("origin") == "document":
        document = wire.document
        return Source(
            kind="document",
            document_id=document.document_id,
            ingestion_id=document.ingestion_id,
            document_type=words.DOCUMENT_TYPE.word(document.document_type),
            speaker=document.speaker,
            said_at=read_time(document, "document_create_time"),
            start=wire.start_offset,
            end=wire.end_offset,
        )
    message = wire.message
    return Source(
        kind="message",
        conversation_id=message.conversation_id,
        message_id=message.message_id,
        number=message.number,
        session_id=message.session_id,
        role=words.ROLE.word(message.role),
        speaker=message.speaker,
        said_at=read_time(message, "said_time"),
        start=wire.start_offset,
        end=wire.end_offset,
    )

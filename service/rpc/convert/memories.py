"""Memories and ranked items, domain to wire. The two messages bear the same fields under the same numbers, filled by one function."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from eunoe.v1 import context_pb2, memory_pb2

from service.catalog.memories import MemoryRow
from service.domain.item import Item
from service.domain.kinds import PASSAGE, MemoryType
from service.domain.scope import ScopeRef
from service.rpc.convert.kinds import document_types, item_types, memory_types, precisions, roles
from service.rpc.convert.recurrence import recurrence_rule
from service.rpc.convert.scopes import scope
from service.rpc.convert.values import fill_struct, optional_timestamp, timestamp

Shown = memory_pb2.Memory | context_pb2.ContextItem

_ENTITY_TYPES = {
    "person": memory_pb2.ENTITY_TYPE_PERSON,
    "animal": memory_pb2.ENTITY_TYPE_PERSON,
    "place": memory_pb2.ENTITY_TYPE_PLACE,
    "organisation": memory_pb2.ENTITY_TYPE_ORGANIZATION,
    "product": memory_pb2.ENTITY_TYPE_THING,
    "work": memory_pb2.ENTITY_TYPE_THING,
    "thing": memory_pb2.ENTITY_TYPE_THING,
}


def memory(row: MemoryRow) -> memory_pb2.Memory:
    """A memory."""
    item = row.item
    answer = memory_pb2.Memory(
        memory_id=item.item_id,
        type=memory_types.of_value(item.kind),
        version=item.version,
        create_time=timestamp(row.create_time),
        update_time=timestamp(row.update_time) if row.update_time != row.create_time else None,
        edited=row.is_edited,
    )
    _fill(answer, item, row.scope)
    return answer


def ranked_item(item: Item, ref: ScopeRef) -> context_pb2.ContextItem:
    """An item of an answer, without what ranking says of it."""
    kind = context_pb2.ITEM_TYPE_EXCERPT if item.kind == PASSAGE else item_types.of_value(item.kind)
    answer = context_pb2.ContextItem(item_id=item.item_id, type=kind)
    _fill(answer, item, ref)
    return answer


def _fill(answer: Shown, item: Item, ref: ScopeRef) -> None:
    """Fill in what memories and ranked items have in common."""
    details = json.loads(item.details) if item.details else {}
    answer.content = item.text
    answer.confidence = item.confidence
    answer.scope.CopyFrom(scope(ref))
    answer.subject = item.speaker
    answer.said_time.CopyFrom(timestamp(item.said_time))
    for name, time in (
        ("event_time", item.event_time),
        ("event_end_time", details.get("event_end")),
        ("valid_start_time", item.valid_from),
        ("valid_end_time", item.valid_until),
    ):
        if time is not None:
            getattr(answer, name).CopyFrom(timestamp(time))
    answer.event_precision = precisions.of_value(details.get("precision", ""))
    for entity in details.get("entities", ()):
        kind = _ENTITY_TYPES.get(entity.get("kind", ""), memory_pb2.ENTITY_TYPE_UNSPECIFIED)
        answer.entities.add(entity_id=entity.get("id", ""), name=entity.get("name", ""), type=kind)
    answer.related_memory_ids.extend(details.get("related", ()))
    answer.sources.extend(_source(source) for source in details.get("sources", ()))
    _fill_details(answer, item.kind, details)
    fill_struct(answer.metadata, item.metadata)


def _fill_details(answer: Shown, kind: str, details: Mapping[str, Any]) -> None:
    if kind == MemoryType.PREFERENCE:
        liked = details.get("polarity", 1) >= 0
        answer.preference.polarity = memory_pb2.POLARITY_POSITIVE if liked else memory_pb2.POLARITY_NEGATIVE
        answer.preference.strength = details.get("strength") or 0.0
    elif kind == MemoryType.EPISODE:
        answer.episode.SetInParent()
        answer.episode.participants.extend(details.get("participants", ()))
    elif kind == MemoryType.EMOTION:
        answer.emotion.SetInParent()
        answer.emotion.emotion = details.get("emotion", "")
        answer.emotion.intensity = details.get("intensity") or 0.0
    elif kind == MemoryType.TEMPORAL_EVENT:
        answer.temporal_event.SetInParent()
        answer.temporal_event.recurrence = _rule(details.get("recurrence", ""))


def _source(source: Mapping[str, Any]) -> memory_pb2.Source:
    said_time = optional_timestamp(source.get("said_time"))
    answer = memory_pb2.Source(start_offset=source.get("start", 0), end_offset=source.get("end", 0))
    if source.get("kind") == "message":
        answer.message.CopyFrom(
            memory_pb2.MessageSource(
                conversation_id=source.get("conversation_id", ""),
                message_id=source.get("message_id", ""),
                number=source.get("number", 0),
                session_id=source.get("session_id", ""),
                role=roles.of_value(source.get("role", "")),
                speaker=source.get("speaker", ""),
                said_time=said_time,
            )
        )
    else:
        answer.document.CopyFrom(
            memory_pb2.DocumentSource(
                document_id=source.get("document_id", ""),
                ingestion_id=source.get("ingestion_id", ""),
                document_type=document_types.of_value(source.get("document_type", "")),
                document_create_time=said_time,
                speaker=source.get("speaker", ""),
            )
        )
    return answer


_rule = lru_cache(maxsize=1024)(recurrence_rule)

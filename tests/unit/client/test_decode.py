"""Nothing that the service answers is dropped on the way to the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from eunoe.v1 import context_pb2, conversation_pb2, ingestion_pb2, item_result_pb2, memory_pb2
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.struct_pb2 import Struct

from eunoe_client import _decode as decode

READERS: list[tuple[type[Message], Callable[[Any], Any]]] = [
    (memory_pb2.Memory, decode.read_memory),
    (context_pb2.Context, decode.read_context),
    (context_pb2.ContextItem, lambda item: decode.read_context(context_pb2.Context(items=[item]))),
    (conversation_pb2.Message, decode.read_message),
    (conversation_pb2.Conversation, decode.read_conversation),
    (ingestion_pb2.Ingestion, decode.read_ingestion),
    (ingestion_pb2.IngestionError, lambda error: decode.read_ingestion(ingestion_pb2.Ingestion(errors=[error]))),
    (item_result_pb2.ItemError, lambda error: decode.read_item_errors([error])),
    (memory_pb2.Source, lambda source: decode.read_memory(memory_pb2.Memory(sources=[source]))),
    (memory_pb2.Entity, lambda entity: decode.read_memory(memory_pb2.Memory(entities=[entity]))),
    (memory_pb2.MessageSource, lambda it: decode.read_memory(memory_pb2.Memory(sources=[memory_pb2.Source(message=it)]))),
    (memory_pb2.DocumentSource, lambda it: decode.read_memory(memory_pb2.Memory(sources=[memory_pb2.Source(document=it)]))),
    (memory_pb2.PreferenceDetails, lambda it: decode.read_memory(memory_pb2.Memory(preference=it))),
    (memory_pb2.EpisodeDetails, lambda it: decode.read_memory(memory_pb2.Memory(episode=it))),
    (memory_pb2.EmotionDetails, lambda it: decode.read_memory(memory_pb2.Memory(emotion=it))),
    (memory_pb2.TemporalEventDetails, lambda it: decode.read_memory(memory_pb2.Memory(temporal_event=it))),
]


def _cases() -> Iterator[Any]:
    for kind, read in READERS:
        for field in kind.DESCRIPTOR.fields:
            yield pytest.param(kind, field.name, read, id=f"{kind.__name__}.{field.name}")


@pytest.mark.parametrize(("kind", "field", "read"), list(_cases()))
def test_every_field_reaches_the_caller(kind: type[Message], field: str, read: Callable[[Any], Any]) -> None:
    """A field that is set makes a result that differs from one where it is not."""
    filled = kind()
    _fill(filled, kind.DESCRIPTOR.fields_by_name[field])
    assert read(filled) != read(kind())


def _fill(owner: Message, field: Any) -> None:
    if field.message_type is None:
        value = _sample(field)
        if field.is_repeated:
            getattr(owner, field.name).append(value)
        else:
            setattr(owner, field.name, value)
        return
    target = getattr(owner, field.name).add() if field.is_repeated else getattr(owner, field.name)
    target.SetInParent()
    if isinstance(target, Struct):
        target.update({"key": "value"})
    elif target.DESCRIPTOR.fields:
        _fill(target, target.DESCRIPTOR.fields[0])


def _sample(field: Any) -> object:
    if field.enum_type is not None:
        return field.enum_type.values[-1].number
    if field.type == FieldDescriptor.TYPE_STRING:
        return "text"
    return field.type == FieldDescriptor.TYPE_BOOL or 7

"""Everything the catalog knows of an item reaches the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eunoe.v1 import context_pb2, memory_pb2
from google.protobuf.message import Message

from service.catalog.memories import MemoryRow
from service.domain.item import Item
from service.domain.kinds import PASSAGE, MemoryType, ScopeKind
from service.domain.scope import ScopeRef
from service.rpc.convert.memories import memory, ranked_item

ANA = ScopeRef(ScopeKind.USER, "acme", "ana")
DETAILS = {
    "related": ["mem_2"],
    "sources": [
        {
            "kind": "message",
            "conversation_id": "talk",
            "message_id": "m1",
            "number": 3,
            "session_id": "s1",
            "role": "user",
            "speaker": "Ana",
            "said_time": 5,
            "start": 1,
            "end": 9,
        },
        {
            "kind": "document",
            "document_id": "d1",
            "ingestion_id": "i1",
            "document_type": "note",
            "speaker": "Ben",
            "said_time": 6,
            "start": 2,
            "end": 4,
        },
    ],
    "entities": [{"id": "ent_1", "name": "Ana", "kind": "person"}, {"id": "ent_2", "name": "Acme", "kind": "organisation"}],
    "polarity": -1,
    "strength": 0.5,
    "emotion": "joy",
    "intensity": 0.75,
    "participants": ["Ana", "Ben"],
    "event_end": 40,
    "precision": "day",
    "recurrence": "every Tuesday",
}
NOT_KNOWN = {
    "eunoe.v1.Entity.aliases",  # kept for resolving names, not with each item
    "eunoe.v1.PreferenceDetails.category",  # no extractor tells it yet
    "eunoe.v1.ContextItem.score",  # these four are the ranking's, filled in `convert.context`
    "eunoe.v1.ContextItem.matched_queries",
    "eunoe.v1.ContextItem.signals",
    "eunoe.v1.ContextItem.excerpt",
}


def _item(kind: str, **fields: Any) -> Item:
    given: dict[str, Any] = {
        "item_id": "mem_1",
        "scope": 1,
        "kind": kind,
        "version": 3,
        "text": "text",
        "terms": "",
        "vector": b"",
        "speaker": "user",
        "role": "",
        "conversation": "",
        "session": "",
        "number": 0,
        "parent": "",
        "words": 1,
        "has_time_word": False,
        "said_time": 10,
        "confidence": 0.5,
        "event_time": 20,
        "valid_from": 30,
        "valid_until": 50,
        "details": json.dumps(DETAILS),
        "metadata": '{"a":1}',
    }
    return Item(**(given | fields))


def _empty_fields(message: Message) -> set[str]:
    """The full names of the fields that are unset, in this message and in those inside it; a oneof counts as set by one of its fields."""
    empty = set()
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        is_other = field.containing_oneof is not None and message.WhichOneof(field.containing_oneof.name) != field.name
        if is_other or (field.message_type is not None and field.message_type.full_name.startswith("google.")):
            continue
        if field.message_type is not None:
            parts = list(value) if field.is_repeated else [value]
            inside = [_empty_fields(part) for part in parts]
            empty |= set.intersection(*inside) if inside else {field.full_name}
        elif not value:
            empty.add(field.full_name)
    return empty


@pytest.mark.parametrize("kind", [kind for kind in MemoryType if kind is not MemoryType.FACT])
def test_every_field_is_filled(kind: MemoryType) -> None:
    """No field of an answer stays empty while the catalog knows it."""
    row = MemoryRow(_item(kind.value), True, "", 1, 2, "", 0, ANA)

    assert _empty_fields(memory(row)) <= NOT_KNOWN
    assert _empty_fields(ranked_item(row.item, ANA)) <= NOT_KNOWN


def test_an_excerpt() -> None:
    """A passage is an excerpt without details of a memory."""
    answer = ranked_item(_item(PASSAGE), ANA)

    assert answer.type == context_pb2.ITEM_TYPE_EXCERPT
    assert answer.WhichOneof("details") is None


def test_what_is_not_known_is_unset() -> None:
    """Times without a value are unset, and so is metadata."""
    item = _item("fact", event_time=None, valid_from=None, valid_until=None, details="{}", metadata="")
    answer = memory(MemoryRow(item, False, "", 7, 7, "", 0, ANA))

    for field in ("event_time", "event_end_time", "valid_start_time", "valid_end_time", "metadata", "update_time"):
        assert not answer.HasField(field)
    assert answer.event_precision == memory_pb2.TIME_PRECISION_UNSPECIFIED
    assert (len(answer.sources), len(answer.entities)) == (0, 0)


def test_details_by_type() -> None:
    """Each type has its own details."""
    preference = ranked_item(_item("preference"), ANA).preference
    event = ranked_item(_item("temporal_event"), ANA)

    assert (preference.polarity, preference.strength) == (memory_pb2.POLARITY_NEGATIVE, 0.5)
    assert event.temporal_event.recurrence == "FREQ=WEEKLY;BYDAY=TU"
    assert event.event_precision == memory_pb2.TIME_PRECISION_DAY
    assert [entity.type for entity in event.entities] == [memory_pb2.ENTITY_TYPE_PERSON, memory_pb2.ENTITY_TYPE_ORGANIZATION]

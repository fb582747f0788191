"""Results can be read both ways, and cannot be changed."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime

import pytest

from eunoe_client import Context, ContextItem, Ingestion, IngestionError, Memory, RecordedMessage, Retrieval, Scope, Source

TURN = RecordedMessage(
    message_id="m1",
    conversation_id="c1",
    session_id="s1",
    recorded_at=datetime(2026, 5, 1, tzinfo=UTC),
    conversation_message_count=3,
    position="p1",
)
ITEM = ContextItem(id="i1", type="fact", content="Lives in Lisbon", confidence=0.9, score=2.0, rank=1, scope=Scope(kind="client"))


def test_a_result_reads_as_attributes_and_as_keys() -> None:
    """Ported code may use either."""
    assert TURN.message_id == TURN["message_id"] == "m1"
    assert dict(TURN) == {**TURN} == TURN.to_dict()
    assert list(TURN) == [field.name for field in dataclasses.fields(TURN)]
    assert len(TURN) == len(list(TURN))


def test_a_property_reads_as_a_key_too() -> None:
    """`status` and `state` are one thing under two names, either way."""
    ingestion = Ingestion(ingestion_id="i", document_id="d", state="partial_success", progress=1.0)
    assert ingestion["status"] == ingestion.status == ingestion["state"]
    assert "status" in ingestion


@pytest.mark.parametrize("key", ["missing", "_of", "to_dict", "keys", ""])
def test_what_is_no_field_is_no_key(key: str) -> None:
    """Methods and privates are not data."""
    assert key not in TURN
    with pytest.raises(KeyError):
        TURN[key]
    assert TURN.get(key, "default") == "default"


def test_a_result_cannot_be_changed() -> None:
    """What the service said stays said."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        TURN.message_id = "other"  # type: ignore[misc]


def test_equal_results_are_equal_and_hash_alike() -> None:
    """Results go into sets, metadata or not."""
    assert {ITEM, dataclasses.replace(ITEM)} == {ITEM}
    assert {dataclasses.replace(ITEM, metadata={"a": [1]})}


def test_context_sorts_its_items_by_type() -> None:
    """The buckets of the hosted product hold the items in the order of the ranking."""
    kinds = ["fact", "excerpt", "preference", "fact", "episode", "emotion", "temporal_event"]
    items = tuple(dataclasses.replace(ITEM, id=str(rank), type=kind, rank=rank) for rank, kind in enumerate(kinds, 1))
    context = Context(ranked=items, retrieval=Retrieval(degraded=True))
    assert [item.rank for item in context.facts] == [1, 4]
    buckets = (context.preferences, context.episodes, context.emotions, context.temporal_events, context.excerpts)
    assert [[item.rank for item in bucket] for bucket in buckets] == [[3], [5], [6], [7], [2]]
    assert context["facts"] == context.facts


def test_a_result_becomes_plain_data() -> None:
    """A context can be logged as JSON."""
    source = Source(kind="message", message_id="m1")
    plain = Context(ranked=(dataclasses.replace(ITEM, sources=(source,), metadata={"a": 1}),)).to_dict()
    assert json.loads(json.dumps(plain))["ranked"][0]["sources"][0]["message_id"] == "m1"


def test_names_that_mean_the_same_agree() -> None:
    """Second names are views, not copies."""
    error = IngestionError(stage="parse", code="X", message="broken")
    ingestion = Ingestion(ingestion_id="i", document_id="d", state="failed", progress=1.0, errors=(error,))
    assert ingestion.error_message == "broken"
    assert ingestion.is_terminal
    memory = Memory(
        memory_id="m", memory_type="fact", content="x", confidence=1.0, scope=Scope(kind="client"),
        sources=(Source(kind="message", message_id="m1"), Source(kind="document", document_id="d1")),
    )  # fmt: skip
    assert memory.source_document_id == "d1"

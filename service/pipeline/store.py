"""Store, transaction 1: everything a batch of records says becomes true in the catalog, once, or not at all."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.catalog import log, memories, outcomes, passages, refining
from service.catalog.engine import Connection
from service.catalog.ids import now_us
from service.catalog.items import buried_items
from service.catalog.ownership import fence
from service.catalog.refining import RefineJob
from service.catalog.repeats import settle_repeats, text_hash
from service.catalog.resolution import ScopeChange, finish_changes, settle_memories
from service.catalog.sources import SourceRow, existing_sources
from service.domain.ids import next_memory_id, observation_id, passage_id
from service.domain.instants import to_us
from service.domain.item import Item
from service.domain.kinds import PASSAGE, IngestionMode, Role, SourceKind
from service.domain.resolution import compact_json
from service.domain.source import Embedded, Mention, Observation, Passage, SearchText, StageError
from service.log.base import Record

REFINE_AFTER_US = 2_000_000
"""A session gets its second look so long after its last message."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a record before the store step."""

    record: Record
    embedded: Embedded | None = None
    failure: StageError | None = None
    """Set: a dead letter."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """In whose name an owner writes."""

    shard: int
    epoch: int
    log_epoch: int
    generation: int
    extractor_version: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A record with the rows that it becomes, made before the transaction: as long as that lasts nobody else can write."""

    outcome: Outcome
    items: Sequence[Item] = ()
    passages: Sequence[dict[str, Any]] = ()
    observations: Sequence[dict[str, Any]] = ()

    @classmethod
    def of(cls, ownership: Ownership, outcome: Outcome) -> Draft:
        """Make the rows."""
        record, embedded = outcome.record, outcome.embedded
        if record.source is None or embedded is None or outcome.failure is not None:
            return cls(outcome)
        items = _passage_items(record.scope, record.source, embedded)
        rows = [
            _passage_row(record.scope, ownership, record.source, passage, item.item_id)
            for passage, item in zip(embedded.passages, items, strict=True)
        ]
        return cls(outcome, items, rows, _observation_rows(record.scope, ownership, record.source, embedded))


def store(connection: Connection, ownership: Ownership, batch: Sequence[Draft]) -> None:
    """Apply a batch, inside a write transaction.

    Args:
        connection: in a write transaction.
        ownership: checked first; a fenced owner changes nothing.
        batch: per lane in the order of their numbers, without gaps after what is applied.

    Raises:
        FencedError: another process owns the shard.
    """
    fence(connection, ownership.shard, ownership.epoch)
    existing = _existing(connection, [draft.outcome for draft in batch])
    kept: list[Draft] = []
    for draft in batch:
        outcome = draft.outcome
        if outcome.record.source_id not in existing:
            continue  # deleted meanwhile: what was found in it, and what an error may quote of it, goes too
        if outcome.failure is not None:
            _bury(connection, ownership, outcome)
        elif outcome.embedded is not None:
            kept.append(draft)
    _store_drafts(connection, ownership, kept)
    for (shard, lane), seq in log.highest(draft.outcome.record.entry for draft in batch).items():
        log.advance_applied(connection, shard, lane, seq)


def _existing(connection: Connection, batch: Sequence[Outcome]) -> set[str]:
    ids: dict[SourceKind, list[str]] = {SourceKind.MESSAGE: [], SourceKind.DOCUMENT: []}
    for outcome in batch:
        ids[outcome.record.kind].append(outcome.record.source_id)
    return existing_sources(connection, ids[SourceKind.MESSAGE], ids[SourceKind.DOCUMENT])


def _bury(connection: Connection, ownership: Ownership, outcome: Outcome) -> None:
    record, failure = outcome.record, outcome.failure
    if failure is None:
        return
    row = {
        "shard": record.entry.shard,
        "lane": record.entry.lane,
        "seq": record.entry.seq,
        "instance_id": record.instance_id,
        "scope": record.scope,
        "source_kind": record.kind.value,
        "source_id": record.source_id,
    }
    log.bury(connection, row, ownership.log_epoch, failure.stage, f"{failure.code}: {failure.message}")
    outcomes.fail_ingestion(connection, record.source_id, failure)


def _store_drafts(connection: Connection, ownership: Ownership, batch: Sequence[Draft]) -> None:
    """All scopes together: a statement costs more than its rows."""
    numbers = sorted({draft.outcome.record.scope for draft in batch})
    changes = {scope: ScopeChange.begin(connection, scope, ownership.shard, ownership.generation) for scope in numbers}
    for draft in batch:
        for item in draft.items:
            changes[item.scope].put(item, is_new=True)
    rows = [row for draft in batch for row in draft.passages]
    passages.put_passages(connection, rows)
    touched = _put_observation_rows(connection, [row for draft in batch for row in draft.observations])
    settle_memories(connection, [*changes.values()], touched)
    finish_changes(connection, [*changes.values()])
    settle_repeats(connection, [*changes.values()], [(row["scope"], row["text_hash"]) for row in rows])
    jobs = [_refine_job(ownership, draft.outcome) for draft in batch]
    refining.put_jobs(connection, [job for job in jobs if job is not None])
    for draft in batch:
        if draft.outcome.record.kind is SourceKind.DOCUMENT:
            _tell_document(connection, draft.outcome)


def _tell_document(connection: Connection, outcome: Outcome) -> None:
    """Note at its ingestion what a document gave."""
    if outcome.embedded is None:
        return
    found = memories.memory_ids_of_source(connection, outcome.record.source_id)
    outcomes.apply_ingestion(
        connection,
        outcome.record.source_id,
        outcome.embedded.errors,
        passages=len(outcome.embedded.passages),
        memories=len(found),
    )


def _refine_job(ownership: Ownership, outcome: Outcome) -> RefineJob | None:
    """The second look that a source waits for: a document by itself, messages once per session, some time after the last of them."""
    row = outcome.record.source
    if row is None or row.source.mode is not IngestionMode.LONG_RANGE or outcome.embedded is None:
        return None
    is_message = row.source.kind is SourceKind.MESSAGE
    if not is_message and not outcome.embedded.observations:
        return None
    return refine_job(outcome.record.scope, ownership, row, REFINE_AFTER_US if is_message else 0)


def refine_job(scope: int, ownership: Ownership, row: SourceRow, after_us: int) -> RefineJob:
    """The second look of a source, in some time."""
    is_message = row.source.kind is SourceKind.MESSAGE
    return RefineJob(
        job_id=f"session:{row.session}" if is_message else f"document:{row.source.source_id}",
        shard=ownership.shard,
        scope=scope,
        source_kind=row.source.kind.value,
        source_id=row.source.source_id,
        conversation=row.conversation_id,
        session_id=row.session_id,
        extractor_version=ownership.extractor_version,
        due_time=after_us,
    )


def store_refined(
    connection: Connection, ownership: Ownership, scope: int, rows: Sequence[SourceRow], changed: Sequence[Embedded]
) -> None:
    """Apply what sources say when they are read again, inside a write transaction: new observations are resolved before the old ones go.

    A source of which its user deleted or edited a memory stays as it is: in other words the memory must not come back.

    Raises:
        FencedError: another process owns the shard.
    """
    fence(connection, ownership.shard, ownership.epoch)
    by_id = {row.source.source_id: row for row in rows}
    ids: dict[SourceKind, list[str]] = {SourceKind.MESSAGE: [], SourceKind.DOCUMENT: []}
    for embedded in changed:
        ids[by_id[embedded.source_id].source.kind].append(embedded.source_id)
    existing = existing_sources(connection, ids[SourceKind.MESSAGE], ids[SourceKind.DOCUMENT])
    if not existing:
        return
    change = ScopeChange.begin(connection, scope, ownership.shard, ownership.generation)
    kept = existing - refining.users_words(connection, sorted(existing))
    found = {
        embedded.source_id: _observation_rows(scope, ownership, by_id[embedded.source_id], embedded)
        for embedded in changed
        if embedded.source_id in kept
    }
    rows_found = [row for each in found.values() for row in each]
    buried = buried_items(connection, [row["observation_id"] for row in rows_found])
    touched = _put_observation_rows(connection, rows_found, buried)
    for source_id, written in found.items():
        touched |= refining.forget_others(connection, source_id, {row["observation_id"] for row in written})
    settle_memories(connection, [change], touched)
    finish_changes(connection, [change])


def _passage_items(scope: int, row: SourceRow, embedded: Embedded) -> list[Item]:
    heads: dict[int, str] = {}
    return [
        _passage_item(scope, row, passage, search, heads)
        for passage, search in zip(embedded.passages, embedded.passage_search, strict=True)
    ]


def _passage_item(scope: int, row: SourceRow, passage: Passage, search: SearchText, heads: dict[int, str]) -> Item:
    identity = passage_id(row.source.source_id, passage.ordinal, passage.start, passage.end)
    if passage.is_head:
        heads[passage.turn] = identity
    is_message = row.source.kind is SourceKind.MESSAGE
    return Item(
        item_id=identity,
        scope=scope,
        kind=PASSAGE,
        version=1,
        text=passage.text,
        terms=search.terms,
        vector=search.vector,
        speaker=passage.speaker or (passage.role.value.capitalize() if passage.role else ""),
        role=passage.role.value if passage.role else "",
        conversation=row.conversation_id,
        session=row.session,
        number=row.number if is_message else passage.ordinal,
        parent="" if passage.is_head else heads.get(passage.turn, ""),
        words=search.words,
        has_time_word=search.has_time_word,
        said_time=to_us(passage.said_time),
        confidence=1.0,
        event_time=None,
        valid_from=None,
        valid_until=None,
        details=compact_json({"sources": [origin(row, passage)]}),
        metadata=row.metadata,
    )


def _passage_row(scope: int, ownership: Ownership, row: SourceRow, passage: Passage, identity: str) -> dict[str, Any]:
    return {
        "passage_id": identity,
        "scope": scope,
        "source_id": row.source.source_id,
        "source_kind": row.source.kind.value,
        "ordinal": passage.ordinal,
        "start": passage.start,
        "end": passage.end,
        "embed_text": passage.embed_text,
        "text_hash": text_hash(passage.text),
        "served_by": identity,
        "origin": compact_json(origin(row, passage)),
        "extractor_version": ownership.extractor_version,
    }


def origin(row: SourceRow, span: Passage | Observation, role: Role | None = None, speaker: str = "") -> dict[str, Any]:
    """Where something was said, as answers show it."""
    if isinstance(span, Passage):
        role, speaker = span.role, span.speaker
    told: dict[str, Any] = {"kind": row.source.kind.value}
    if row.source.kind is SourceKind.MESSAGE:
        told |= {
            "conversation_id": row.conversation_id,
            "message_id": row.message_id,
            "number": row.number,
            "session_id": row.session_id,
        }
    else:
        kind = row.source.document_type
        told |= {
            "document_id": row.document_id,
            "ingestion_id": row.ingestion_id,
            "document_type": kind.value if kind else "",
        }
    return told | {
        "role": role.value if role else "",
        "speaker": speaker,
        "said_time": to_us(span.said_time),
        "start": span.start,
        "end": span.end,
    }


def _put_observation_rows(connection: Connection, rows: list[dict[str, Any]], buried: Collection[str] = ()) -> set[str]:
    """Write observations, each to the memory of its type and key, which is created where there is none. Returns the memories.

    `buried` are tombstones: what was said, then not, and now again, is another memory.
    """
    if not rows:
        return set()
    dead = memories.dead_observations(connection, [row["observation_id"] for row in rows])
    rows = [row for row in rows if row["observation_id"] not in dead]
    found = memories.memories_by_key(connection, sorted({_key(row) for row in rows}))
    known = {_key(row): row["memory_id"] for row in sorted(found, key=lambda row: row["memory_id"], reverse=True)}
    created = []
    for row in rows:
        key = _key(row)
        if key not in known:
            known[key] = _free_id(connection, row["observation_id"], buried)
            created.append(_memory_row(row, known[key]))
        row["memory_id"] = known[key]
    memories.insert_memories(connection, created)
    memories.put_observations(connection, rows)
    return {row["memory_id"] for row in rows}


def _key(row: Mapping[str, Any]) -> tuple[int, str, str]:
    """What observations of one memory have in common."""
    return (row["scope"], row["type"], row["key"])


def _free_id(connection: Connection, memory_id: str, buried: Collection[str]) -> str:
    while memory_id in buried:
        memory_id = next_memory_id(memory_id)
        buried = buried_items(connection, [memory_id])
    return memory_id


def _memory_row(observation: Mapping[str, Any], memory_id: str) -> dict[str, Any]:
    now = now_us()
    return {
        "memory_id": memory_id,
        "scope": observation["scope"],
        "type": observation["type"],
        "key": observation["key"],
        "subject": observation["subject"],
        "attribute": observation["attribute"],
        "edited": 0,
        "superseded_by": "",
        "create_time": now,
        "update_time": now,
    }


def _observation_rows(scope: int, ownership: Ownership, row: SourceRow, embedded: Embedded) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for said, search in zip(embedded.observations, embedded.observation_search, strict=True):
        identity = observation_id(row.source.source_id, said.start, said.end, said.type, said.key)
        passage = _passage_around(embedded.passages, said)
        head = None if passage is None else _head_of(embedded.passages, passage)
        found[identity] = {
            "observation_id": identity,
            "scope": scope,
            "source_id": row.source.source_id,
            "source_kind": row.source.kind.value,
            "memory_id": "",
            "type": said.type.value,
            "key": said.key,
            "statement": said.statement,
            "subject": said.subject,
            "attribute": said.attribute,
            "value": said.value,
            "said_time": to_us(said.said_time),
            "conversation": row.conversation_id,
            "number": row.number,
            "start": said.start,
            "end": said.end,
            "passage_id": "" if passage is None else _passage_identity(row, passage),
            "session": row.session,
            "confidence": said.confidence,
            "event_time": _us(said.event_start),
            "polarity": said.polarity,
            "details": _typed_details(said),
            "origin": compact_json(
                origin(row, said, passage.role if passage else None, passage.speaker if passage else "")
                | ({} if head is None else {"passage": _passage_identity(row, head)})
            ),
            "metadata": row.metadata,
            "terms": search.terms,
            "vector": search.vector,
            "words": search.words,
            "has_time_word": int(search.has_time_word),
            "extractor_version": ownership.extractor_version,
        }
    return list(found.values())


def _passage_around(found: Sequence[Passage], said: Observation) -> Passage | None:
    return next((passage for passage in found if passage.start <= said.start < passage.end), None)


def _head_of(found: Sequence[Passage], passage: Passage) -> Passage:
    """The head of a passage's turn: what ranking scores the turn by."""
    return next((head for head in found if head.is_head and head.turn == passage.turn), passage)


def _passage_identity(row: SourceRow, passage: Passage) -> str:
    return passage_id(row.source.source_id, passage.ordinal, passage.start, passage.end)


def _typed_details(said: Observation) -> str:
    told: dict[str, Any] = {
        "corrects": said.corrects or None,
        "strength": said.strength,
        "emotion": said.emotion,
        "intensity": said.intensity,
        "event_end": _us(said.event_end),
        "precision": said.precision.value if said.precision else "",
        "recurrence": said.recurrence,
        "participants": list(said.participants),
        "mentions": [_mention(mention) for mention in said.mentions],
        "relations": [{"subject": edge.subject, "predicate": edge.predicate, "object": edge.object} for edge in said.relations],
    }
    return json.dumps({name: value for name, value in told.items() if value not in (None, "", [])}, ensure_ascii=False)


def _mention(mention: Mention) -> dict[str, Any]:
    told: dict[str, Any] = {"name": mention.name, "kind": mention.kind}
    return told | {"aliases": list(mention.aliases)} if mention.aliases else told


def _us(moment: datetime | None) -> int | None:
    return None if moment is None else to_us(moment)

"""What users change by hand: editing a memory, deleting a memory, a document, a conversation.

Each runs inside one write transaction, draws the change number of its scope and notes what the index must follow, so that the very next
fetch shows it. Deletion is permanent: content goes at once, ids stay as tombstones, and what was extracted stays dead on replay.

Rows are locked as everywhere in one order: conversation, sources, scope. Under the scope's lock nobody else changes what is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, select

from service.catalog import log, memories, outcomes, passages, schema
from service.catalog.ids import now_us
from service.catalog.memories import MemoryRow
from service.catalog.repeats import settle_repeats
from service.catalog.resolution import ScopeChange, finish_changes, settle_memories
from service.catalog.sql import Statement
from service.domain.errors import Aborted, NotFound
from service.domain.kinds import ScopeKind, Stage
from service.domain.scope import ScopeRef
from service.domain.source import SearchText, StageError

_c, _m, _d, _p, _o = schema.conversations, schema.messages, schema.documents, schema.passages, schema.observations
_scope_columns = [
    schema.scopes.c.scope,
    schema.scopes.c.shard,
    schema.scopes.c.customer_id,
    schema.scopes.c.user_id,
]
_DOCUMENT = Statement(
    select(_d.c.source_id, *_scope_columns)
    .join(schema.scopes, schema.scopes.c.scope == _d.c.scope)
    .where(_d.c.instance_id == bindparam("instance_id"), _d.c.document_id == bindparam("document_id"))
    .with_for_update(of=_d)
)
_CONVERSATION = Statement(
    select(_c.c.conversation, *_scope_columns)
    .join(schema.scopes, schema.scopes.c.scope == _c.c.scope)
    .where(_c.c.instance_id == bindparam("instance_id"), _c.c.conversation_id == bindparam("conversation_id"))
    .with_for_update(of=_c)
)
_SOURCES_OF_CONVERSATION = Statement(
    select(_m.c.source_id).where(_m.c.conversation == bindparam("conversation")).order_by(_m.c.source_id).with_for_update(of=_m)
)
_DELETE_DOCUMENT = Statement(delete(_d).where(_d.c.source_id == bindparam("source_id")))
_DELETE_MESSAGES = Statement(delete(_m).where(_m.c.conversation == bindparam("conversation")))
_DELETE_CONVERSATION = Statement(delete(_c).where(_c.c.conversation == bindparam("conversation")))
_CITED = Statement(
    select(_p)
    .join(_o, and_(_o.c.source_id == _p.c.source_id, _o.c.start < _p.c.end, _o.c.end > _p.c.start))
    .where(_o.c.memory_id == bindparam("memory_id"))
    .distinct()
)
_CITED_ELSEWHERE = Statement(
    select(_o.c.observation_id)
    .where(
        _o.c.source_id == bindparam("source_id"),
        _o.c.start < bindparam("passage_end"),
        _o.c.end > bindparam("passage_start"),
        _o.c.memory_id != bindparam("memory_id"),
    )
    .limit(1)
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Who the caller says it belongs to; empty: not said. A mismatch is NOT_FOUND, like absence."""

    user_id: str = ""
    customer_id: str = ""

    def admits(self, scope: ScopeRef) -> bool:
        """Whether something of this scope may be touched."""
        customer = scope.customer_id or scope.user_id  # users-only instances: the customer is the user
        return (not self.user_id or self.user_id == scope.user_id) and (not self.customer_id or self.customer_id == customer)


@dataclass(frozen=True, slots=True)
class MemoryEdit:
    """A change to a memory; None leaves as it is."""

    instance_id: str
    memory_id: str
    guard: Guard
    generation: int
    resolved_against: int
    """The version that the new content was made from."""
    statement: str | None = None
    search: SearchText | None = None
    """How the new statement is found; with `statement`."""
    key: str = ""
    """The normalised new statement."""
    confidence: float | None = None
    metadata: str | None = None
    """The whole new metadata, JSON."""


def update_memory(connection: Connection, edit: MemoryEdit) -> MemoryRow:
    """Edit a memory; from now on its content is its user's.

    Raises:
        NotFound: absent, deleted, or not the caller's.
        Aborted: it has another version by now.
    """
    row, change = _claim(connection, edit.instance_id, edit.memory_id, edit.guard, edit.generation)
    item = row.item
    check_version(item.version, edit.resolved_against, item.item_id)
    fresh = replace(
        item,
        version=item.version + 1,
        confidence=item.confidence if edit.confidence is None else edit.confidence,
        metadata=item.metadata if edit.metadata is None else edit.metadata,
    )
    if edit.statement is not None and edit.search is not None:
        fresh = replace(
            fresh,
            text=edit.statement,
            terms=edit.search.terms,
            vector=edit.search.vector,
            words=edit.search.words,
            has_time_word=edit.search.has_time_word,
        )
    change.put(fresh, is_new=False)
    finish_changes(connection, [change])
    memories.mark_edited(connection, item.item_id, edit.key, now_us())
    found = memories.get_memory(connection, edit.instance_id, item.item_id)
    if found is None:
        raise _not_found("memory", edit.memory_id)
    return found


def check_version(current: int, expected: int, memory_id: str) -> None:
    """Raise `Aborted` unless a memory still has the version that the caller saw."""
    if current != expected:
        raise Aborted(
            f"memory {memory_id} has version {current}, not {expected}: read it again and repeat the change",
            values={"memory_id": memory_id, "version": str(current), "expected": str(expected)},
        )


def delete_memory(connection: Connection, instance_id: str, memory_id: str, guard: Guard, version: int, generation: int) -> None:
    """Delete a memory for good, and hide the excerpts that only it cites.

    Args:
        connection: in a write transaction.
        instance_id: the caller's.
        memory_id: its id, or that of one merged into it.
        guard: the caller's scope.
        version: the version it must have; 0: any.
        generation: the model's, for what is written beside it.

    Raises:
        NotFound: absent, deleted, or not the caller's.
        Aborted: it has another version.
    """
    row, change = _claim(connection, instance_id, memory_id, guard, generation)
    if version:
        check_version(row.item.version, version, row.item.item_id)
    identity, scope = row.item.item_id, row.item.scope
    said = memories.observations_of(connection, [identity]).get(identity, [])
    memories.kill_observations(
        connection,
        [
            {"memory_id": identity, "scope": scope} | {name: entry[name] for name in ("observation_id", "source_id")}
            for entry in said
        ],
    )
    hashes = _hide_lonely_excerpts(connection, change, identity)
    memories.delete_observations_of_memory(connection, identity)
    memories.delete_memories(connection, [identity])
    change.bury(connection, [identity])
    if row.attribute:
        neighbours = memories.memories_by_slot(connection, [(scope, row.item.speaker, row.attribute)])
        settle_memories(connection, [change], [entry["memory_id"] for entry in neighbours])
    _finish(connection, change, hashes)


def delete_document(connection: Connection, instance_id: str, document_id: str, guard: Guard, generation: int) -> None:
    """Delete a document with everything that came from it, and free its id. In process: its ingestion ends FAILED.

    Raises:
        NotFound: absent, or not the caller's.
    """
    row = next(iter(_DOCUMENT.rows(connection, instance_id=instance_id, document_id=document_id)), None)
    if row is None or not guard.admits(_ref(row)):
        raise _not_found("document", document_id)
    change = ScopeChange.begin(connection, row["scope"], row["shard"], generation)
    hashes = _delete_sources(connection, change, [row["source_id"]])
    _DELETE_DOCUMENT.run(connection, source_id=row["source_id"])
    outcomes.forget_words(connection, row["source_id"])
    gone = StageError(Stage.STORE.value, "SOURCE_DELETED", "the document was deleted while it was in process")
    outcomes.fail_ingestion(connection, row["source_id"], gone)
    _finish(connection, change, hashes)


def delete_conversation(connection: Connection, instance_id: str, conversation_id: str, guard: Guard, generation: int) -> None:
    """Delete a conversation with its messages and everything that came from them.

    Raises:
        NotFound: absent, or not the caller's.
    """
    row = next(iter(_CONVERSATION.rows(connection, instance_id=instance_id, conversation_id=conversation_id)), None)
    if row is None or not guard.admits(_ref(row)):
        raise _not_found("conversation", conversation_id)
    sources = [entry[0] for entry in _SOURCES_OF_CONVERSATION.run(connection, conversation=row["conversation"])]
    change = ScopeChange.begin(connection, row["scope"], row["shard"], generation)
    hashes = _delete_sources(connection, change, sources)
    _DELETE_MESSAGES.run(connection, conversation=row["conversation"])
    _DELETE_CONVERSATION.run(connection, conversation=row["conversation"])
    _finish(connection, change, hashes)


def _delete_sources(connection: Connection, change: ScopeChange, source_ids: Sequence[str]) -> list[int]:
    """Remove what sources said. Returns the hashes of their texts, whose repeats must be settled."""
    touched = memories.delete_observations_of_sources(connection, source_ids)
    found = passages.passages_of_sources(connection, source_ids)
    ids = [row["passage_id"] for row in found]
    change.bury(connection, ids)
    passages.delete_passages(connection, ids)
    settle_memories(connection, [change], touched)
    log.forget_reasons(connection, source_ids)
    return [row["text_hash"] for row in found]


def _hide_lonely_excerpts(connection: Connection, change: ScopeChange, memory_id: str) -> list[int]:
    """Bury the excerpts that hold what a memory says and nothing that another one says. Returns the hashes of their texts.

    The head of a long turn and a further chunk of it can both hold the same words.
    """
    hashes: list[int] = []
    for row in _CITED.rows(connection, memory_id=memory_id):
        if _is_cited_elsewhere(connection, row, memory_id):
            continue
        lonely = [
            twin["passage_id"]
            for twin in passages.passages_by_text(connection, [(change.scope, row["text_hash"])])
            if twin["served_by"] == row["served_by"] and not _is_cited_elsewhere(connection, twin, memory_id)
        ]
        change.bury(connection, lonely)
        passages.delete_passages(connection, lonely)
        hashes.append(row["text_hash"])
    return hashes


def _is_cited_elsewhere(connection: Connection, passage: Mapping[str, Any], memory_id: str) -> bool:
    found = _CITED_ELSEWHERE.run(
        connection,
        source_id=passage["source_id"],
        passage_start=passage["start"],
        passage_end=passage["end"],
        memory_id=memory_id,
    )
    return found.first() is not None


def _finish(connection: Connection, change: ScopeChange, hashes: Sequence[int]) -> None:
    finish_changes(connection, [change])
    if hashes:
        settle_repeats(connection, [change], [(change.scope, each) for each in hashes], after_deletion=True)


def _claim(
    connection: Connection, instance_id: str, memory_id: str, guard: Guard, generation: int
) -> tuple[MemoryRow, ScopeChange]:
    """A memory as it stands, and a change of its scope, beside which nobody else changes anything there."""
    found = _memory(connection, instance_id, memory_id, guard)
    change = ScopeChange.begin(connection, found.item.scope, found.shard, generation)
    return _memory(connection, instance_id, memory_id, guard), change  # again: it may have changed before the scope was ours


def _memory(connection: Connection, instance_id: str, memory_id: str, guard: Guard) -> MemoryRow:
    row = memories.get_memory(connection, instance_id, memory_id)
    if row is None or not guard.admits(row.scope):
        raise _not_found("memory", memory_id)
    return row


def _ref(row: Mapping[str, Any]) -> ScopeRef:
    kind = ScopeKind.USER if row["user_id"] else ScopeKind.CUSTOMER if row["customer_id"] else ScopeKind.CLIENT
    return ScopeRef(kind, row["customer_id"], row["user_id"])


def _not_found(what: str, identity: str) -> NotFound:
    return NotFound(f"there is no {what} {identity!r}", reason=f"{what.upper()}_NOT_FOUND", values={f"{what}_id": identity})

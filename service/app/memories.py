"""Memories: what is remembered, and changes by hand."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from service.app.changes import Changed, Changes
from service.app.inputs import digest
from service.app.merge import Merge, MergeStrategy
from service.app.model import Model
from service.app.pages import Pages, page_size
from service.app.principal import Principal, guard_of
from service.app.reads import Reads
from service.app.workers import Workers
from service.catalog import edits, listing
from service.catalog.edits import Guard, MemoryEdit
from service.catalog.engine import Connection
from service.catalog.memories import MemoryRow, get_memory
from service.domain.errors import Aborted, FieldViolation, InvalidArgument, NotFound
from service.domain.kinds import MemoryType
from service.domain.source import SearchText
from service.extractors.rules.keys import key_of
from service.retrieval.terms import analyse
from service.retrieval.times import has_time_word

if TYPE_CHECKING:
    from service.embedders.base import Embedder

_UPDATE = "UpdateMemory"
ATTEMPTS = 5
"""How often an update without a version is made anew when somebody else changed the memory meanwhile."""


@dataclass(frozen=True, slots=True)
class MemoryUpdate:
    """What to change of a memory; None leaves it as it is."""

    memory_id: str
    user_id: str
    customer_id: str
    content: str | None
    strategy: MergeStrategy
    confidence: float | None
    metadata: Mapping[str, Any] | None
    """Keys to replace; a null removes one."""
    version: int
    """The version it must have; 0: any."""

    def asked(self) -> bytes:
        """A hash over everything that is asked."""
        metadata = json.dumps(self.metadata, sort_keys=True, ensure_ascii=False) if self.metadata is not None else ""
        told = "" if self.content is None else f"{self.strategy.value} {self.content}"
        confidence = "" if self.confidence is None else repr(self.confidence)
        return digest(self.memory_id, self.user_id, self.customer_id, told, confidence, metadata, str(self.version))


@dataclass(frozen=True, slots=True)
class MemoryLimits:
    """What a memory may hold after an update."""

    content: int
    """UTF-8 bytes."""
    metadata: int
    """Bytes of JSON."""
    metadata_keys: int


@dataclass(frozen=True, slots=True)
class Memories:
    """What a caller can do with memories."""

    reads: Reads
    workers: Workers
    """Threads that embed."""
    model: Model
    merge: Merge
    pages: Pages
    changes: Changes
    limits: MemoryLimits

    async def get_memory(self, principal: Principal, memory_id: str, user_id: str, customer_id: str) -> MemoryRow:
        """A memory by its id, or by that of one that was merged into it.

        Raises:
            NotFound: absent, deleted, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)
        return await self.reads.run(lambda connection: _existing(connection, principal, memory_id, guard))

    async def list_memories(
        self,
        principal: Principal,
        user_id: str,
        customer_id: str,
        types: Sequence[MemoryType],
        size: int,
        token: str,
    ) -> tuple[list[MemoryRow], str]:
        """A page of memories, newest first, and the token of the next one. Empty ids and no types do not filter."""
        guard = guard_of(principal, user_id, customer_id)
        wanted = sorted(set(types))
        asked = (guard.user_id, guard.customer_id, *(kind.value for kind in wanted))
        arguments = ("ListMemories", principal.instance_id, *asked)
        most = page_size(size)
        cursor = self.pages.cursor(arguments, token)
        before = _cursor(cursor) if cursor else listing.NEWEST
        rows = await self.reads.run(
            lambda connection: listing.newest_memories(connection, principal.instance_id, guard, wanted, before, most + 1)
        )
        page = rows[:most]
        if len(rows) <= most:
            return page, ""
        return page, self.pages.token(arguments, f"{page[-1].create_time} {page[-1].item.item_id}")

    async def update_memory(
        self, principal: Principal, update: MemoryUpdate, request_id: str, expires: float | None
    ) -> tuple[MemoryRow, Changed]:
        """Change a memory; what a caller wrote is not overwritten by extraction. Returns it as it is then.

        Raises:
            NotFound: absent, deleted, or not the caller's.
            Aborted: it has another version.
            InvalidArgument: the result would be over a limit.
        """
        guard, asked = guard_of(principal, update.user_id, update.customer_id), update.asked()

        def read(connection: Connection) -> tuple[MemoryRow, Changed | None]:
            row = _existing(connection, principal, update.memory_id, guard)
            return row, self.changes.answered(connection, principal, _UPDATE, request_id, asked)

        for attempt in range(ATTEMPTS):
            row, answered = await self.reads.run(read)
            if answered is not None:  # a repeat must not be joined to what it already changed
                return row, answered
            edit = await self._edit(principal, update, guard, row)

            def change(connection: Connection, edit: MemoryEdit = edit) -> None:
                if update.version:
                    current = _existing(connection, principal, update.memory_id, guard)
                    edits.check_version(current.item.version, update.version, current.item.item_id)
                edits.update_memory(connection, edit)

            try:
                changed = await self.changes.run(principal, _UPDATE, request_id, asked, change, expires)
            except Aborted:
                if update.version or attempt == ATTEMPTS - 1:
                    raise
            else:
                return await self.get_memory(principal, update.memory_id, update.user_id, update.customer_id), changed
        raise AssertionError("the last attempt raises")

    async def delete_memory(
        self,
        principal: Principal,
        memory_id: str,
        user_id: str,
        customer_id: str,
        version: int,
        request_id: str,
        expires: float | None,
    ) -> Changed:
        """Delete a memory for good.

        Raises:
            NotFound: absent, deleted, or not the caller's.
            Aborted: it has another version.
        """
        guard = guard_of(principal, user_id, customer_id)
        asked = digest(memory_id, user_id, customer_id, str(version))

        def delete(connection: Connection) -> None:
            edits.delete_memory(connection, principal.instance_id, memory_id, guard, version, self.changes.generation())

        return await self.changes.run(principal, "DeleteMemory", request_id, asked, delete, expires)

    async def _edit(self, principal: Principal, update: MemoryUpdate, guard: Guard, row: MemoryRow) -> MemoryEdit:
        statement, search = None, None
        if update.content is not None:
            embedder, content = await self.model.ready(), update.content
            statement, search = await self.workers.run(lambda: self._joined(row.item.text, content, update.strategy, embedder))
        return MemoryEdit(
            instance_id=principal.instance_id,
            memory_id=row.item.item_id,
            guard=guard,
            generation=self.changes.generation(),
            resolved_against=row.item.version,
            statement=statement,
            search=search,
            key=key_of(statement or row.item.text),
            confidence=update.confidence,
            metadata=None if update.metadata is None else self._metadata(row.item.metadata, update.metadata),
        )

    def _joined(self, old: str, new: str, strategy: MergeStrategy, embedder: Embedder) -> tuple[str, SearchText]:
        """The new text and how it is found: up to a second of work, so not for the event loop."""
        statement = self.merge.join(old, new, strategy)
        _check_size("content", statement, self.limits.content)
        return statement, _search_text(statement, embedder)

    def _metadata(self, old: str, new: Mapping[str, Any]) -> str:
        merged = {**(json.loads(old) if old else {}), **new}
        kept = {key: value for key, value in merged.items() if value is not None}
        if len(kept) > self.limits.metadata_keys:
            raise _over("metadata", self.limits.metadata_keys, "top-level keys")
        text = json.dumps(kept, ensure_ascii=False, sort_keys=True, separators=(",", ":")) if kept else ""
        _check_size("metadata", text, self.limits.metadata)
        return text


def _search_text(statement: str, embedder: Embedder) -> SearchText:
    vector = embedder.embed([statement])[0].astype("<f2").tobytes()
    return SearchText(" ".join(analyse(statement)), vector, len(statement.split()), has_time_word(statement))


def _existing(connection: Connection, principal: Principal, memory_id: str, guard: Guard) -> MemoryRow:
    row = get_memory(connection, principal.instance_id, memory_id)
    if row is None or not guard.admits(row.scope):
        raise NotFound(f"there is no memory {memory_id!r}", reason="MEMORY_NOT_FOUND", values={"memory_id": memory_id})
    return row


def _cursor(cursor: str) -> tuple[int, str]:
    create_time, _, memory_id = cursor.partition(" ")
    return int(create_time), memory_id


def _check_size(field: str, text: str, limit: int) -> None:
    if len(text.encode()) > limit:
        raise _over(field, limit, "bytes")


def _over(field: str, limit: int, unit: str) -> InvalidArgument:
    rule = f"must be at most {limit} {unit} once it is joined with what is there"
    return InvalidArgument(
        f"{field} {rule}",
        reason="LIMIT_EXCEEDED",
        values={"field": field, "limit": str(limit), "unit": unit},
        fields=[FieldViolation(field, rule)],
    )

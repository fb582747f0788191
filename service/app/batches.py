"""Batches of documents: everything is checked before the first write, and the same request completes what was interrupted.

Validation, doubles and backlog are checked first; then the documents are committed in groups, in the order of the request. After a failure in
between the caller gets UNAVAILABLE: what is in stays in, and the same `request_id` puts the rest in and gives the whole answer.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from service.app.gate import Gate
from service.app.inputs import NewDocument, digest, document_write
from service.app.principal import Principal
from service.app.reads import Reads
from service.app.streams import ItemFailure, Refused
from service.catalog.commit import CommitQueue, FutureTicket
from service.catalog.documents import KnownBatch, KnownDocument, NewBatch, find_batch, insert_batch, known_documents
from service.catalog.engine import Connection
from service.catalog.ids import new_id, now_us
from service.catalog.instances import lock_instance
from service.domain.errors import (
    NO_ITEM_S,
    AlreadyExists,
    EunoeError,
    FieldViolation,
    InvalidArgument,
    Unavailable,
)
from service.domain.kinds import IngestionStatus
from service.domain.writes import AcceptedDocument, DocumentWrite, LogEntry


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One document of a batch that was not refused."""

    index: int
    ingestion_id: str
    document_id: str
    status: IngestionStatus
    is_duplicate: bool


@dataclass(slots=True)
class BatchOutcome:
    """What became of the documents of a batch."""

    batch_id: str
    queue_time: int
    """Microseconds since 1970 UTC."""
    total: int
    items: list[BatchItem] = field(default_factory=list)
    errors: list[ItemFailure] = field(default_factory=list)
    entries: dict[tuple[int, int], int] = field(default_factory=dict)
    """(shard, lane) and the highest seq: the position of everything that is in."""

    @property
    def duplicates(self) -> int:
        """How many were in before this batch."""
        return sum(item.is_duplicate for item in self.items)

    def add(self, index: int, document: KnownDocument | AcceptedDocument, status: str, *, is_duplicate: bool) -> None:
        """Tell of a document that is in."""
        item = BatchItem(index, document.ingestion_id, document.document_id, IngestionStatus(status), is_duplicate)
        self.items.append(item)
        entry: LogEntry = document.entry
        key = (entry.shard, entry.lane)
        self.entries[key] = max(entry.seq, self.entries.get(key, 0))

    def refuse(self, index: int, error: EunoeError, item_id: str) -> None:
        """Tell of a document that is bad."""
        self.errors.append(ItemFailure(index, error, item_id))


@dataclass(slots=True)
class _Plan:
    """A batch before its first write."""

    outcome: BatchOutcome
    writes: list[tuple[int, DocumentWrite]] = field(default_factory=list)
    """(index, write) of what is new."""
    doubles: list[tuple[int, int]] = field(default_factory=list)
    """(index, index of the first) of documents that stand in the batch twice."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Takes batches in."""

    reads: Reads
    queue: CommitQueue
    gate: Gate

    async def create(
        self,
        principal: Principal,
        items: Sequence[NewDocument | Refused],
        request_id: str,
        expires: float | None,
        *,
        is_all_or_nothing: bool,
    ) -> BatchOutcome:
        """Take a batch in.

        Args:
            principal: whose documents they are.
            items: in order; the refused ones only count.
            request_id: the caller's key of the batch, or empty.
            expires: `time.monotonic` of the caller's deadline.
            is_all_or_nothing: whether one bad document refuses all; a duplicate is not bad.

        Raises:
            InvalidArgument: the key was used before, for another batch.
            Unavailable: it was interrupted; the same call completes it.
        """
        now = now_us()
        writes, errors = _writes(principal, items, request_id, now)
        content_hash = digest(*(_mark(write, errors.get(index)) for index, write in enumerate(writes)))
        known, batch = await self.reads.run(lambda connection: _known(connection, principal, writes, request_id))
        if batch is not None and batch.content_hash != content_hash:
            raise _reused(request_id)
        plan = _plan(writes, errors, known, batch, now)
        if not (is_all_or_nothing and plan.outcome.errors):
            await self._admit(principal, plan)
        if is_all_or_nothing and plan.outcome.errors:
            plan.outcome.items = [item for item in plan.outcome.items if item.is_duplicate]
            plan.outcome.batch_id = batch.batch_id if batch else ""
            return plan.outcome
        if batch is None and plan.writes:
            await self._begin(principal, plan, request_id, content_hash, expires)
        await self._commit(plan, expires)
        return _finished(plan, batch)

    async def _admit(self, principal: Principal, plan: _Plan) -> None:
        """Refuse all for want of time, and one by one what the quota has no room for."""
        room = await self.gate.admit_batch(principal.instance_id, [write.lane for _, write in plan.writes])
        for index, write in plan.writes[room:]:
            plan.outcome.refuse(index, self.gate.no_room(), write.document_id)
        del plan.writes[room:]

    async def _begin(
        self, principal: Principal, plan: _Plan, request_id: str, content_hash: bytes, expires: float | None
    ) -> None:
        outcome = plan.outcome
        rejected = [
            {"index": failure.index, "reason": failure.error.reason, "message": failure.error.message}
            for failure in outcome.errors
        ]
        new = NewBatch(
            outcome.batch_id,
            principal.instance_id,
            request_id,
            content_hash,
            json.dumps(rejected, ensure_ascii=False),
            outcome.queue_time,
        )

        def begin(connection: Connection) -> None:
            if request_id:
                lock_instance(connection, principal.instance_id)
            if request_id and find_batch(connection, principal.instance_id, request_id) is not None:
                raise Unavailable("the same request is being answered; send it again", retry_after=0.1)
            insert_batch(connection, new)

        await self.queue.call(begin, expires)

    async def _commit(self, plan: _Plan, expires: float | None) -> None:
        group = _Group(asyncio.get_running_loop(), expires)
        tickets: list[tuple[int, DocumentWrite, _Ticket]] = []
        failure: EunoeError | None = None
        for index, write in plan.writes:
            write.batch_id = plan.outcome.batch_id
            ticket = _Ticket(group)
            try:
                self.queue.submit(write, ticket)
            except EunoeError as error:
                failure = error
                group.is_void = True  # what is queued already may go in or not: the caller is told to send all again
                break
            tickets.append((index, write, ticket))
        done = 0
        for index, write, ticket in tickets:
            try:
                accepted: AcceptedDocument = await ticket.future
            except NO_ITEM_S as error:
                failure = failure or error
            except EunoeError as error:
                plan.outcome.refuse(index, error, write.document_id)
            else:
                done += 1
                status = IngestionStatus.QUEUED.value
                plan.outcome.add(index, accepted, status, is_duplicate=accepted.is_duplicate)
        if failure is not None:
            raise _interrupted(failure, done)


@dataclass(slots=True)
class _Group:
    """What the writes of one batch share: once one failed for no fault of its own, those behind it are dropped."""

    loop: asyncio.AbstractEventLoop
    expires: float | None
    is_void: bool = False


class _Ticket(FutureTicket):
    """One document's place in the commit queue."""

    __slots__ = ("_group",)

    def __init__(self, group: _Group) -> None:
        super().__init__(group.loop, group.expires)
        self._group = group

    def fail(self) -> None:
        self._group.is_void = True

    @property
    def is_void(self) -> bool:
        return self._group.is_void or super().is_void


def _writes(
    principal: Principal, items: Sequence[NewDocument | Refused], request_id: str, now: int
) -> tuple[list[DocumentWrite | None], dict[int, ItemFailure]]:
    writes: list[DocumentWrite | None] = []
    errors: dict[int, ItemFailure] = {}
    for index, item in enumerate(items):
        write = None
        if isinstance(item, Refused):
            errors[index] = ItemFailure(index, item.error, item.item_id)
        else:
            key = digest(request_id, str(index)).hex() if request_id else ""
            try:
                write = document_write(principal, item, request_id, now, key=key, tolerates_repeats=True)
            except EunoeError as error:
                errors[index] = ItemFailure(index, error, item.document_id)
        writes.append(write)
    return writes, errors


def _mark(write: DocumentWrite | None, failure: ItemFailure | None) -> str:
    if write is not None:
        return f"{write.document_id} {write.content_hash.hex()}"
    return failure.error.message if failure else ""


def _known(
    connection: Connection, principal: Principal, writes: Sequence[DocumentWrite | None], request_id: str
) -> tuple[Mapping[str, KnownDocument], KnownBatch | None]:
    ids = [write.document_id for write in writes if write is not None and write.document_id != write.source_id]
    batch = find_batch(connection, principal.instance_id, request_id) if request_id else None
    return known_documents(connection, principal.instance_id, ids), batch


def _plan(
    writes: Sequence[DocumentWrite | None],
    errors: Mapping[int, ItemFailure],
    known: Mapping[str, KnownDocument],
    batch: KnownBatch | None,
    now: int,
) -> _Plan:
    plan = _Plan(BatchOutcome(batch.batch_id if batch else new_id(), batch.create_time if batch else now, len(writes)))
    first: dict[str, int] = {}
    for index, write in enumerate(writes):
        if write is None:
            plan.outcome.errors.append(errors[index])
            continue
        before, at = known.get(write.document_id), first.setdefault(write.document_id, index)
        if before is not None and before.content_hash == write.content_hash:
            is_own = batch is not None and before.batch_id == batch.batch_id and at == index
            plan.outcome.add(index, before, before.status, is_duplicate=not is_own)
        elif before is not None:
            plan.outcome.refuse(index, _taken(write, before.ingestion_id), write.document_id)
        elif at == index:
            plan.writes.append((index, write))
        else:
            _plan_double(plan, index, at, write, writes)
    return plan


def _plan_double(plan: _Plan, index: int, at: int, write: DocumentWrite, writes: Sequence[DocumentWrite | None]) -> None:
    """A document id that stands in the batch before: the same document, or another one."""
    before = writes[at]
    if before is not None and before.content_hash == write.content_hash:
        plan.doubles.append((index, at))
    else:
        plan.outcome.refuse(index, _taken(write, before.ingestion_id if before else ""), write.document_id)


def _finished(plan: _Plan, batch: KnownBatch | None) -> BatchOutcome:
    outcome = plan.outcome
    by_index = {item.index: item for item in outcome.items}
    for index, at in plan.doubles:
        same = by_index.get(at)
        if same is not None:
            outcome.items.append(BatchItem(index, same.ingestion_id, same.document_id, same.status, is_duplicate=True))
    outcome.items.sort(key=lambda item: item.index)
    outcome.errors.sort(key=lambda failure: failure.index)
    if batch is None and not plan.writes:
        outcome.batch_id = ""
    return outcome


def _taken(write: DocumentWrite, first_id: str) -> AlreadyExists:
    return AlreadyExists(
        f"document_id {write.document_id!r} is taken",
        values={"document_id": write.document_id, "first_id": first_id},
    )


def _reused(request_id: str) -> InvalidArgument:
    return InvalidArgument(
        f"request_id {request_id!r} was used before with other content: draw a new one for a new batch",
        reason="REQUEST_ID_REUSED",
        values={"request_id": request_id},
        fields=[FieldViolation("request_id", "must not repeat that of another request")],
    )


def _interrupted(failure: EunoeError, done: int) -> EunoeError:
    if not done:
        return failure
    return Unavailable(
        f"the batch was interrupted after {done} documents; send it again with the same request_id to complete it",
        values={"accepted": str(done), "cause": failure.message},
        retry_after=failure.retry_after or 1.0,
    )

"""Ingestions: how far documents and batches are."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from service.app.pages import Pages, page_size
from service.app.principal import Principal, guard_of
from service.app.reads import Reads
from service.app.stopping import Stopping
from service.catalog import ingestions
from service.catalog.edits import Guard
from service.catalog.engine import Connection
from service.catalog.ingestions import BatchRow, IngestionRow
from service.domain.errors import NotFound
from service.domain.kinds import IngestionStatus

FIRST_LOOK_SECONDS = 0.05
"""How soon a watcher looks again after a change."""
SLOWEST_LOOK_SECONDS = 1.0
"""How rarely a watcher looks while nothing changes; each look costs a read."""


@dataclass(frozen=True, slots=True)
class Ingestions:
    """What a caller can learn of its ingestions."""

    reads: Reads
    pages: Pages
    stopping: Stopping

    async def get(self, principal: Principal, ingestion_id: str, user_id: str, customer_id: str) -> IngestionRow | BatchRow:
        """A document's ingestion, or a batch.

        Raises:
            NotFound: absent, or not the caller's.
        """
        guard = guard_of(principal, user_id, customer_id)
        return await self.reads.run(lambda connection: _existing(connection, principal, ingestion_id, guard))

    async def list_ingestions(
        self,
        principal: Principal,
        user_id: str,
        customer_id: str,
        batch_id: str,
        document_id: str,
        statuses: Sequence[IngestionStatus],
        size: int,
        token: str,
    ) -> tuple[list[IngestionRow], str]:
        """A page of ingestions, newest first, and the token of the next one. Empty ids and no statuses do not filter."""
        guard = guard_of(principal, user_id, customer_id)
        wanted = sorted(set(statuses))
        asked = (guard.user_id, guard.customer_id, batch_id, document_id, *(status.value for status in wanted))
        arguments = ("ListIngestions", principal.instance_id, *asked)
        most = page_size(size)
        before = self.pages.cursor(arguments, token) or ingestions.NEWEST
        rows = await self.reads.run(
            lambda connection: ingestions.list_ingestions(
                connection,
                principal.instance_id,
                guard,
                batch_id=batch_id,
                document_id=document_id,
                statuses=wanted,
                before=before,
                most=most + 1,
            )
        )
        page = rows[:most]
        return page, self.pages.token(arguments, page[-1].ingestion_id) if len(rows) > most else ""

    async def watch(
        self, principal: Principal, ingestion_id: str, user_id: str, customer_id: str
    ) -> AsyncIterator[IngestionRow | BatchRow]:
        """An ingestion or batch at once and after every change, until its status is terminal.

        Raises:
            NotFound: absent, or not the caller's.
            Unavailable: the service is about to stop.
        """
        told: IngestionRow | BatchRow | None = None
        pause, changed = FIRST_LOOK_SECONDS, time.monotonic()
        while True:
            found = await self.get(principal, ingestion_id, user_id, customer_id)
            if found != told:
                told, changed = found, time.monotonic()
                yield found
            if is_terminal(found):
                return
            pause = min(SLOWEST_LOOK_SECONDS, max(FIRST_LOOK_SECONDS, (time.monotonic() - changed) / 4))
            await self.stopping.pause(pause)


def status_of(found: IngestionRow | BatchRow) -> IngestionStatus:
    """How far it is: a batch is COMPLETED when all of it is, and FAILED when all of it is."""
    if isinstance(found, IngestionRow):
        return found.status
    statuses = set(found.counts)
    if not all(status.is_terminal for status in statuses):
        return IngestionStatus.QUEUED if statuses == {IngestionStatus.QUEUED} else IngestionStatus.PROCESSING
    if not statuses:
        return IngestionStatus.QUEUED  # begun and interrupted: the same request will complete it
    if len(statuses) == 1 and not found.rejected:
        return next(iter(statuses))
    return IngestionStatus.FAILED if statuses == {IngestionStatus.FAILED} else IngestionStatus.PARTIAL_SUCCESS


def is_terminal(found: IngestionRow | BatchRow) -> bool:
    """Whether it can still change."""
    return status_of(found).is_terminal


def _existing(connection: Connection, principal: Principal, ingestion_id: str, guard: Guard) -> IngestionRow | BatchRow:
    found = ingestions.get_ingestion(connection, principal.instance_id, ingestion_id, guard)
    either = found or ingestions.get_batch(connection, principal.instance_id, ingestion_id, guard)
    if either is None:
        raise NotFound(
            f"there is no ingestion {ingestion_id!r}",
            reason="INGESTION_NOT_FOUND",
            values={"ingestion_id": ingestion_id},
        )
    return either

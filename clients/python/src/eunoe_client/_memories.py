"""`sdk.memories`: documents in, how far they are, and the memories themselves."""

# ruff: noqa: ASYNC109
# A deadline is not only waited for here: it is sent along, so that the service stops too.

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from eunoe.v1 import memory_service_pb2 as wire

from eunoe_client import _words as words
from eunoe_client._connection import Connection
from eunoe_client._decode import read_ingestion, read_item_errors, read_memory, read_time
from eunoe_client._encode import Document, as_document, write_document, write_metadata
from eunoe_client._ids import draw_id
from eunoe_client._memory import Memory
from eunoe_client._results import BatchResult, CreatedMemory, Deleted, Ingestion, ItemError
from eunoe_client._streams import MemoryStream, OnError
from eunoe_client._times import When, from_wire
from eunoe_client.errors import ServiceUnavailableError


class Memories:
    """The verbs of documents and memories. Reached as `sdk.memories`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def create(
        self,
        document: str,
        document_type: str = "ai-chat-conversation",
        document_id: str | None = None,
        document_created_at: When | None = None,
        user_id: str | None = None,
        customer_id: str | None = None,
        mode: str = "long-range",
        metadata: Mapping[str, Any] | None = None,
        *,
        time_zone: str | None = None,
        lane: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> CreatedMemory:
        """Take one document in. It is durable when this returns, and processed afterwards.

        Args:
            document: The text, up to 100 KB. Conversations are written as `User:` and `Assistant:` turns.
            document_type: See `Document.document_type`.
            document_id: Your permanent key of the document; sending it again stores nothing twice. None: the SDK draws one.
            document_created_at: When it was created; relative dates in it count from here. None: now.
            user_id: The end user it belongs to.
            customer_id: The tenant it belongs to. Neither: the whole instance.
            mode: `fast` or `long-range`.
            metadata: Your own data: stored, filterable, returned.
            time_zone: The zone its dates are in: an IANA name, or an offset such as `+02:00`. None: UTC.
            lane: `realtime` or `bootstrap`. None: by size.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Raises:
            ConflictError: `document_id` is taken; `existing_id` names it.
            InvalidInputError: something in it is not allowed.
            EunoeError: any other failure.

        Example:
            >>> async def load(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     created = await sdk.memories.create("Refunds take 14 days.", "knowledge-article", customer_id="acme")
            ...     done = await sdk.memories.wait_for_completion(created.ingestion_id)
            ...     print(done.state, done.memory_ids)
        """
        request_id = request_id or draw_id()
        given = Document(
            document=document,
            document_type=document_type,
            document_id=document_id,
            document_created_at=document_created_at,
            user_id=user_id,
            customer_id=customer_id,
            mode=mode,
            metadata=metadata,
            time_zone=time_zone,
            lane=lane,
        )
        request = wire.CreateMemoryRequest(document=write_document(given), request_id=request_id)
        response = await self._connection.call(
            self._connection.memories.CreateMemory, request, timeout=timeout, request_id=request_id
        )
        return CreatedMemory(
            ingestion_id=response.ingestion_id,
            document_id=response.document_id,
            status=words.STATUS.word(response.status),
            queued_at=read_time(response, "queue_time"),
            position=self._connection.wrote(response.position),
            duplicate=response.duplicate,
        )

    async def batch_create(
        self,
        documents: Sequence[Document | Mapping[str, Any]],
        fail_fast: bool = False,
        *,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> BatchResult:
        """Take up to 100 documents in, in order. One bad document does not touch the others, unless `fail_fast`.

        Args:
            documents: `Document`s, or dictionaries with the same keys.
            fail_fast: Whether one bad document refuses all of them. A duplicate is not bad.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Returns:
            The counts, and what became of each document. Refused ones are in `errors`; they raise nothing.

        Raises:
            InvalidInputError: the batch itself is not allowed, for example because it has more than 100 documents.
            EunoeError: any other failure.

        Example:
            >>> async def load(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     batch = await sdk.memories.batch_create([{"document": "Open from 9 to 5.", "document_type": "note"}])
            ...     print(batch.accepted_count, batch.errors)
            ...     await sdk.memories.wait_for_completion(batch.ingestion_id)
        """
        request_id = request_id or draw_id()
        inputs = [write_document(as_document(each)) for each in documents]
        request = wire.BatchCreateMemoriesRequest(documents=inputs, fail_fast=fail_fast, request_id=request_id)
        call = self._connection.memories.BatchCreateMemories
        response = await self._connection.call(call, request, timeout=timeout, request_id=request_id)
        self._connection.wrote(response.position)
        return _batch_result(request, response)

    def stream(self, *, on_error: OnError | None = None, timeout: float | None = None) -> MemoryStream:
        """Open a stream of any number of documents.

        Args:
            on_error: Told of every document that is refused, as its segment is acknowledged. They are in the summary too.
            timeout: Seconds within which a segment must be acknowledged, reconnects included. None: `Timeouts.stream`.

        Returns:
            The stream, to be entered with `async with`.

        Example:
            >>> async def load(sdk: Eunoe, notes: list[str]) -> None:  # doctest: +SKIP
            ...     async with sdk.memories.stream() as stream:
            ...         for note in notes:
            ...             await stream.send(note, document_type="note", customer_id="acme")
            ...     print(stream.summary.accepted_count, stream.summary.errors)
        """
        limit = self._connection.settings.timeouts.stream if timeout is None else timeout
        return MemoryStream(self._connection, on_error=on_error, timeout=limit)

    async def status(
        self, ingestion_id: str, *, user_id: str | None = None, customer_id: str | None = None, timeout: float | None = None
    ) -> Ingestion:
        """Tell how far a document or a batch is.

        Args:
            ingestion_id: What `create` or `batch_create` returned.
            user_id: A guard: another user's ingestion is not found.
            customer_id: A guard: another customer's ingestion is not found.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def look(sdk: Eunoe, ingestion_id: str) -> None:  # doctest: +SKIP
            ...     status = await sdk.memories.status(ingestion_id)
            ...     print(status.state, status.progress, status.processed_count, status.error_count)
        """
        request = wire.GetIngestionRequest(ingestion_id=ingestion_id, user_id=user_id or "", customer_id=customer_id or "")
        response = await self._connection.call(self._connection.memories.GetIngestion, request, timeout=timeout)
        return read_ingestion(response.ingestion)

    async def wait_for_completion(
        self, ingestion_id: str, timeout_seconds: float = 300.0, poll_interval_seconds: float = 2.0
    ) -> Ingestion:
        """Wait until a document or a batch is processed. The service tells at once; nothing is polled while the connection holds.

        Args:
            ingestion_id: What `create` or `batch_create` returned.
            timeout_seconds: How long to wait.
            poll_interval_seconds: How long to wait before asking again, where the connection broke.

        Returns:
            The ingestion in a terminal state: `completed`, `partial_success` or `failed`. A failed one raises nothing.

        Raises:
            TimeoutError: it was not processed in time.
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def load(sdk: Eunoe, ingestion_id: str) -> None:  # doctest: +SKIP
            ...     done = await sdk.memories.wait_for_completion(ingestion_id, timeout_seconds=60)
            ...     if done.state != "completed":
            ...         print(done.errors)
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + timeout_seconds
        request = wire.WatchIngestionRequest(ingestion_id=ingestion_id)
        while True:
            try:
                watched = self._connection.watch(
                    self._connection.memories.WatchIngestion, request, timeout=max(0.0, deadline - loop.time())
                )
                async for response in watched:
                    ingestion = read_ingestion(response.ingestion)
                    if ingestion.is_terminal:
                        return ingestion
            except ServiceUnavailableError:
                if loop.time() + poll_interval_seconds >= deadline:
                    raise
            await asyncio.sleep(poll_interval_seconds)

    async def get(
        self, memory_id: str, *, user_id: str | None = None, customer_id: str | None = None, timeout: float | None = None
    ) -> Memory:
        """Show one memory.

        Args:
            memory_id: Its id, or that of one that was merged into it.
            user_id: A guard: another user's memory is not found.
            customer_id: A guard: another customer's memory is not found.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def show(sdk: Eunoe, memory_id: str) -> None:  # doctest: +SKIP
            ...     memory = await sdk.memories.get(memory_id)
            ...     print(memory.content, [source.message_id for source in memory.sources])
        """
        request = wire.GetMemoryRequest(memory_id=memory_id, user_id=user_id or "", customer_id=customer_id or "")
        response = await self._connection.call(self._connection.memories.GetMemory, request, timeout=timeout)
        return read_memory(response.memory)

    async def list(
        self,
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        types: Sequence[str] | None = None,
        page_size: int = 50,
        timeout: float | None = None,
    ) -> AsyncIterator[Memory]:
        """Walk through the memories, newest first, page by page.

        Args:
            user_id: Only those of this user.
            customer_id: Only those of this customer.
            types: Only these types: `fact`, `preference`, `episode`, `emotion`, `temporal_event`, or their plurals. None or `all`: all.
            page_size: How many are asked for at a time, up to 500.
            timeout: Seconds each page may take.

        Yields:
            The memories.

        Raises:
            EunoeError: a page could not be read.

        Example:
            >>> async def show(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     async for memory in sdk.memories.list(user_id="ana", customer_id="acme", types=["preference"]):
            ...         print(memory.content)
        """
        request = wire.ListMemoriesRequest(
            user_id=user_id or "",
            customer_id=customer_id or "",
            types=words.MEMORY_TYPE.numbers(types, "types"),  # type: ignore[arg-type]
            page_size=page_size,
        )
        while True:
            page = await self._connection.call(self._connection.memories.ListMemories, request, timeout=timeout)
            for memory in page.memories:
                yield read_memory(memory)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def list_ingestions(
        self,
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        batch_id: str | None = None,
        document_id: str | None = None,
        states: Sequence[str] | None = None,
        page_size: int = 50,
        timeout: float | None = None,
    ) -> AsyncIterator[Ingestion]:
        """Walk through the ingestions, newest first, page by page.

        Args:
            user_id: Only those of this user.
            customer_id: Only those of this customer.
            batch_id: Only those of this batch.
            document_id: Only that of this document.
            states: Only those in one of these states. None: all.
            page_size: How many are asked for at a time, up to 500.
            timeout: Seconds each page may take.

        Yields:
            The ingestions. Batches themselves are not among them.

        Raises:
            EunoeError: a page could not be read.

        Example:
            >>> async def show(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     async for ingestion in sdk.memories.list_ingestions(states=["failed"]):
            ...         print(ingestion.document_id, ingestion.error_message)
        """
        request = wire.ListIngestionsRequest(
            user_id=user_id or "",
            customer_id=customer_id or "",
            batch_id=batch_id or "",
            document_id=document_id or "",
            statuses=words.STATUS.numbers(states, "states"),  # type: ignore[arg-type]
            page_size=page_size,
        )
        while True:
            page = await self._connection.call(self._connection.memories.ListIngestions, request, timeout=timeout)
            for ingestion in page.ingestions:
                yield read_ingestion(ingestion)
            if not page.next_page_token:
                return
            request.page_token = page.next_page_token

    async def update(
        self,
        memory_id: str,
        document: str | None = None,
        merge_strategy: str = "smart-merge",
        confidence: float | None = None,
        metadata: Mapping[str, Any] | None = None,
        *,
        version: int = 0,
        user_id: str | None = None,
        customer_id: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Memory:
        """Change one memory. What is not given stays. What a caller wrote is not overwritten by extraction.

        Args:
            memory_id: Its id.
            document: The new text, up to 32 KB.
            merge_strategy: How it joins the old one: `replace`, `append`, or `smart-merge` (no repeats, the newer value wins).
            confidence: The new confidence, 0 to 1.
            metadata: Data to add, key by key; a key with None is removed.
            version: The version that was read; another current version is a VersionConflictError. 0: whatever it is.
            user_id: A guard: another user's memory is not found.
            customer_id: A guard: another customer's memory is not found.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Returns:
            The memory after the change, with the position of the change.

        Raises:
            VersionConflictError: it has changed since `version` was read.
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def correct(sdk: Eunoe, memory_id: str) -> None:  # doctest: +SKIP
            ...     memory = await sdk.memories.get(memory_id)
            ...     await sdk.memories.update(memory_id, "Lives in Porto.", merge_strategy="replace", version=memory.version)
        """
        request_id = request_id or draw_id()
        request = wire.UpdateMemoryRequest(
            memory_id=memory_id,
            user_id=user_id or "",
            customer_id=customer_id or "",
            content=document,
            merge_strategy=words.MERGE_STRATEGY.number(merge_strategy, "merge_strategy"),  # type: ignore[arg-type]
            confidence=confidence,
            metadata=write_metadata(metadata),
            version=version,
            request_id=request_id,
        )
        response = await self._connection.call(
            self._connection.memories.UpdateMemory, request, timeout=timeout, request_id=request_id
        )
        return read_memory(response.memory, position=self._connection.wrote(response.position))

    async def delete(
        self,
        memory_id: str,
        *,
        version: int = 0,
        user_id: str | None = None,
        customer_id: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Deleted:
        """Delete one memory for good, with the excerpts that only it cites.

        Args:
            memory_id: Its id.
            version: The version that was read; another current version is a VersionConflictError. 0: whatever it is.
            user_id: A guard: another user's memory is not found.
            customer_id: A guard: another customer's memory is not found.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def forget(sdk: Eunoe, memory_id: str) -> None:  # doctest: +SKIP
            ...     print((await sdk.memories.delete(memory_id)).deleted_at)
        """
        request_id = request_id or draw_id()
        request = wire.DeleteMemoryRequest(
            memory_id=memory_id, user_id=user_id or "", customer_id=customer_id or "", version=version, request_id=request_id
        )
        response = await self._connection.call(
            self._connection.memories.DeleteMemory, request, timeout=timeout, request_id=request_id
        )
        return Deleted(
            id=memory_id, deleted_at=from_wire(response.delete_time), position=self._connection.wrote(response.position)
        )

    async def delete_document(
        self,
        document_id: str,
        *,
        user_id: str | None = None,
        customer_id: str | None = None,
        request_id: str | None = None,
        timeout: float | None = None,
    ) -> Deleted:
        """Delete a document for good, with everything that came from it alone, and free its id.

        Args:
            document_id: Its id.
            user_id: A guard: another user's document is not found.
            customer_id: A guard: another customer's document is not found.
            request_id: The key of this call. None: the SDK draws one.
            timeout: Seconds this call may take.

        Raises:
            NotFoundError: there is none, or it is not this caller's.
            EunoeError: any other failure.

        Example:
            >>> async def forget(sdk: Eunoe) -> None:  # doctest: +SKIP
            ...     await sdk.memories.delete_document("handbook-2024")
        """
        request_id = request_id or draw_id()
        request = wire.DeleteDocumentRequest(
            document_id=document_id, user_id=user_id or "", customer_id=customer_id or "", request_id=request_id
        )
        response = await self._connection.call(
            self._connection.memories.DeleteDocument, request, timeout=timeout, request_id=request_id
        )
        return Deleted(
            id=document_id, deleted_at=from_wire(response.delete_time), position=self._connection.wrote(response.position)
        )


def _batch_result(request: wire.BatchCreateMemoriesRequest, response: wire.BatchCreateMemoriesResponse) -> BatchResult:
    errors = read_item_errors(response.errors)
    queued_at = read_time(response, "queue_time")
    taken = {
        result.index: CreatedMemory(
            ingestion_id=result.ingestion_id,
            document_id=result.document_id,
            status=words.STATUS.word(result.status),
            queued_at=queued_at,
            duplicate=result.duplicate,
        )
        for result in response.results
    }
    refusals = {error.index: error for error in errors}
    return BatchResult(
        ingestion_id=response.batch_id,
        accepted_count=response.accepted_count,
        rejected_count=response.failed_count,
        duplicate_count=response.duplicate_count,
        position=response.position,
        errors=errors,
        results=tuple(
            taken.get(index) or _refused(document.document_id, refusals.get(index))
            for index, document in enumerate(request.documents)
        ),
        queued_at=queued_at,
    )


def _refused(document_id: str, error: ItemError | None) -> CreatedMemory:
    why = error.message if error else "refused with the batch, because another document is bad"
    return CreatedMemory(ingestion_id="", document_id=document_id, status="failed", error_message=why)

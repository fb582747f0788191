"""MemoryService: decode, one use case, encode."""

from __future__ import annotations

from dataclasses import dataclass

from eunoe.v1 import memory_service_pb2 as wire

from service.app.context import Contexts
from service.app.documents import Documents
from service.app.ingestions import Ingestions
from service.app.memories import Memories
from service.rpc.call import Call, Requests
from service.rpc.convert import context as convert_context
from service.rpc.convert import documents as convert
from service.rpc.convert.checks import Checks
from service.rpc.convert.ingestions import ingestion
from service.rpc.convert.kinds import memory_types, statuses
from service.rpc.convert.memories import memory
from service.rpc.convert.updates import memory_update
from service.rpc.convert.values import timestamp
from service.rpc.streams import checked_items, write


@dataclass(frozen=True, slots=True)
class MemoryService:
    """The RPCs of documents, ingestions and memories."""

    checks: Checks
    documents: Documents
    ingestions: Ingestions
    memories: Memories
    contexts: Contexts

    async def CreateMemory(self, request: wire.CreateMemoryRequest, call: Call) -> wire.CreateMemoryResponse:
        """Take one document in."""
        self.checks.ids("", request_id=request.request_id)
        new = convert.new_document(self.checks, request.document, "document.")
        answer, status, position = await self.documents.create(call.principal, new, request.request_id, call.expires)
        return convert.accepted(answer, status, position)

    async def BatchCreateMemories(self, request: wire.BatchCreateMemoriesRequest, call: Call) -> wire.BatchCreateMemoriesResponse:
        """Take documents in together."""
        self.checks.ids("", request_id=request.request_id)
        self.checks.count("documents", len(request.documents), self.checks.limits.batch)
        outcome, position = await self.documents.create_batch(
            call.principal,
            convert.batch_items(self.checks, request.documents),
            request.request_id,
            call.expires,
            is_all_or_nothing=request.fail_fast,
        )
        return convert.batch(outcome, position)

    async def StreamMemories(self, requests: Requests, call: Call) -> wire.StreamMemoriesResponse:
        """Take any number of documents in."""
        items = checked_items(
            requests,
            lambda request: convert.new_document(self.checks, request.document, "document."),
            lambda request: str(request.document.document_id),
        )
        summary, position = await self.documents.stream(call.principal, items, call.expires)
        return convert.stream_summary(summary, position)

    async def GetIngestion(self, request: wire.GetIngestionRequest, call: Call) -> wire.GetIngestionResponse:
        """Tell how far an ingestion is."""
        self.checks.ids("", ingestion_id=request.ingestion_id, user_id=request.user_id, customer_id=request.customer_id)
        found = await self.ingestions.get(call.principal, request.ingestion_id, request.user_id, request.customer_id)
        return wire.GetIngestionResponse(ingestion=ingestion(found))

    async def ListIngestions(self, request: wire.ListIngestionsRequest, call: Call) -> wire.ListIngestionsResponse:
        """List ingestions."""
        self.checks.ids(
            "",
            user_id=request.user_id,
            customer_id=request.customer_id,
            batch_id=request.batch_id,
            document_id=request.document_id,
        )
        rows, token = await self.ingestions.list_ingestions(
            call.principal,
            request.user_id,
            request.customer_id,
            request.batch_id,
            request.document_id,
            [statuses.to_domain[number] for number in request.statuses],
            request.page_size,
            request.page_token,
        )
        return wire.ListIngestionsResponse(ingestions=[ingestion(row) for row in rows], next_page_token=token)

    async def WatchIngestion(self, request: wire.WatchIngestionRequest, call: Call) -> None:
        """Tell how far an ingestion is, until it ends."""
        self.checks.ids("", ingestion_id=request.ingestion_id, user_id=request.user_id, customer_id=request.customer_id)
        changes = self.ingestions.watch(call.principal, request.ingestion_id, request.user_id, request.customer_id)
        async for found in changes:
            await write(call, wire.WatchIngestionResponse(ingestion=ingestion(found)))

    async def GetMemory(self, request: wire.GetMemoryRequest, call: Call) -> wire.GetMemoryResponse:
        """Show a memory."""
        self.checks.ids("", memory_id=request.memory_id, user_id=request.user_id, customer_id=request.customer_id)
        row = await self.memories.get_memory(call.principal, request.memory_id, request.user_id, request.customer_id)
        return wire.GetMemoryResponse(memory=memory(row))

    async def ListMemories(self, request: wire.ListMemoriesRequest, call: Call) -> wire.ListMemoriesResponse:
        """List memories."""
        self.checks.ids("", user_id=request.user_id, customer_id=request.customer_id)
        rows, token = await self.memories.list_memories(
            call.principal,
            request.user_id,
            request.customer_id,
            [memory_types.to_domain[number] for number in request.types],
            request.page_size,
            request.page_token,
        )
        return wire.ListMemoriesResponse(memories=[memory(row) for row in rows], next_page_token=token)

    async def UpdateMemory(self, request: wire.UpdateMemoryRequest, call: Call) -> wire.UpdateMemoryResponse:
        """Change a memory."""
        update = memory_update(self.checks, request)
        row, changed = await self.memories.update_memory(call.principal, update, request.request_id, call.expires)
        return wire.UpdateMemoryResponse(memory=memory(row), position=changed.position)

    async def DeleteMemory(self, request: wire.DeleteMemoryRequest, call: Call) -> wire.DeleteMemoryResponse:
        """Delete a memory."""
        self.checks.ids(
            "",
            memory_id=request.memory_id,
            user_id=request.user_id,
            customer_id=request.customer_id,
            request_id=request.request_id,
        )
        changed = await self.memories.delete_memory(
            call.principal,
            request.memory_id,
            request.user_id,
            request.customer_id,
            request.version,
            request.request_id,
            call.expires,
        )
        return wire.DeleteMemoryResponse(position=changed.position, delete_time=timestamp(changed.time))

    async def DeleteDocument(self, request: wire.DeleteDocumentRequest, call: Call) -> wire.DeleteDocumentResponse:
        """Delete a document."""
        self.checks.ids(
            "",
            document_id=request.document_id,
            user_id=request.user_id,
            customer_id=request.customer_id,
            request_id=request.request_id,
        )
        changed = await self.documents.delete(
            call.principal,
            request.document_id,
            request.user_id,
            request.customer_id,
            request.request_id,
            call.expires,
        )
        return wire.DeleteDocumentResponse(position=changed.position, delete_time=timestamp(changed.time))

    async def FetchContext(
        self, request: wire.MemoryServiceFetchContextRequest, call: Call
    ) -> wire.MemoryServiceFetchContextResponse:
        """Serve what is remembered of a user, a customer or the whole instance."""
        self.checks.ids("", user_id=request.user_id, customer_id=request.customer_id)
        query = convert_context.context_query(self.checks, request.query)
        found = await self.contexts.of_ids(call.principal, request.user_id, request.customer_id, query, call.expires)
        return wire.MemoryServiceFetchContextResponse(context=convert_context.context(found))

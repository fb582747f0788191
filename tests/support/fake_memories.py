"""MemoryService of the fake service."""

# ruff: noqa: N802, D102
# gRPC names the methods of a servicer and says what they take; the protos say what they do.

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from typing import Any

from eunoe.v1 import document_pb2, ingestion_pb2, memory_pb2, memory_service_pb2, memory_service_pb2_grpc, scope_pb2
from grpc import aio

from service.domain.errors import EunoeError, NotFound
from service.rpc.validate import validate
from tests.support.fake_failures import Failures
from tests.support.fake_store import Store, change, check_version, count, find, hash_of, item_error, now, page_of, scope_of

_Context = aio.ServicerContext[Any, Any]


class Memories(memory_service_pb2_grpc.MemoryServiceServicer):
    """MemoryService in memory."""

    def __init__(self, store: Store, failures: Failures) -> None:
        self.store, self.failures = store, failures

    async def CreateMemory(
        self, request: memory_service_pb2.CreateMemoryRequest, context: _Context
    ) -> memory_service_pb2.CreateMemoryResponse:
        async with self.failures.around("CreateMemory", request, context):
            validate(request)
            return self._create(request.document, request.request_id)

    async def BatchCreateMemories(
        self, request: memory_service_pb2.BatchCreateMemoriesRequest, context: _Context
    ) -> memory_service_pb2.BatchCreateMemoriesResponse:
        async with self.failures.around("BatchCreateMemories", request, context):
            validate(request)
            if request.request_id not in self.store.requests:
                self.store.requests[request.request_id] = self._batch(request)
            answer: memory_service_pb2.BatchCreateMemoriesResponse = self.store.requests[request.request_id]
            return answer

    async def StreamMemories(
        self, requests: AsyncIterator[memory_service_pb2.StreamMemoriesRequest], context: _Context
    ) -> memory_service_pb2.StreamMemoriesResponse:
        summary = memory_service_pb2.StreamMemoriesResponse()
        async with self.failures.around("StreamMemories", None, context):
            async for request in requests:
                await self.failures.at_item("StreamMemories", request, summary.received_count)
                count(summary, request.document.document_id, self._checked, request)
            summary.position = self.store.position()
            return summary

    async def GetIngestion(
        self, request: memory_service_pb2.GetIngestionRequest, context: _Context
    ) -> memory_service_pb2.GetIngestionResponse:
        async with self.failures.around("GetIngestion", request, context):
            return memory_service_pb2.GetIngestionResponse(ingestion=self._ingestion(request.ingestion_id))

    async def ListIngestions(
        self, request: memory_service_pb2.ListIngestionsRequest, context: _Context
    ) -> memory_service_pb2.ListIngestionsResponse:
        async with self.failures.around("ListIngestions", request, context):
            wanted = [
                each
                for each in reversed(self.store.ingestions.values())
                if each.document_id and request.document_id in ("", each.document_id) and request.batch_id in ("", each.batch_id)
            ]
            page, token = page_of(wanted, request.page_size, request.page_token)
            return memory_service_pb2.ListIngestionsResponse(ingestions=page, next_page_token=token)

    async def WatchIngestion(
        self, request: memory_service_pb2.WatchIngestionRequest, context: _Context
    ) -> AsyncIterator[memory_service_pb2.WatchIngestionResponse]:
        async with self.failures.around("WatchIngestion", request, context):
            done = self._ingestion(request.ingestion_id)
            begun = ingestion_pb2.Ingestion(ingestion_id=done.ingestion_id, status=ingestion_pb2.INGESTION_STATUS_PROCESSING)
            yield memory_service_pb2.WatchIngestionResponse(ingestion=begun)
            await self.failures.at_item("WatchIngestion", request, 1)
            yield memory_service_pb2.WatchIngestionResponse(ingestion=done)

    async def GetMemory(
        self, request: memory_service_pb2.GetMemoryRequest, context: _Context
    ) -> memory_service_pb2.GetMemoryResponse:
        async with self.failures.around("GetMemory", request, context):
            return memory_service_pb2.GetMemoryResponse(memory=self._memory(request.memory_id, request.user_id))

    async def ListMemories(
        self, request: memory_service_pb2.ListMemoriesRequest, context: _Context
    ) -> memory_service_pb2.ListMemoriesResponse:
        async with self.failures.around("ListMemories", request, context):
            wanted = [
                each
                for each in reversed(self.store.memories.values())
                if request.user_id in ("", each.scope.user_id) and (not request.types or each.type in request.types)
            ]
            page, token = page_of(wanted, request.page_size, request.page_token)
            return memory_service_pb2.ListMemoriesResponse(memories=page, next_page_token=token)

    async def UpdateMemory(
        self, request: memory_service_pb2.UpdateMemoryRequest, context: _Context
    ) -> memory_service_pb2.UpdateMemoryResponse:
        async with self.failures.around("UpdateMemory", request, context):
            validate(request)
            if request.request_id not in self.store.requests:
                memory = self._memory(request.memory_id, request.user_id)
                check_version(memory, request.version)
                change(memory, request)
                self.store.requests[request.request_id] = memory_service_pb2.UpdateMemoryResponse(
                    memory=memory, position=self.store.position()
                )
            answer: memory_service_pb2.UpdateMemoryResponse = self.store.requests[request.request_id]
            return answer

    async def DeleteMemory(
        self, request: memory_service_pb2.DeleteMemoryRequest, context: _Context
    ) -> memory_service_pb2.DeleteMemoryResponse:
        async with self.failures.around("DeleteMemory", request, context):
            if request.request_id not in self.store.requests:
                check_version(self._memory(request.memory_id, request.user_id), request.version)
                del self.store.memories[request.memory_id]
                self.store.requests[request.request_id] = memory_service_pb2.DeleteMemoryResponse(
                    position=self.store.position(), delete_time=now()
                )
            answer: memory_service_pb2.DeleteMemoryResponse = self.store.requests[request.request_id]
            return answer

    async def DeleteDocument(
        self, request: memory_service_pb2.DeleteDocumentRequest, context: _Context
    ) -> memory_service_pb2.DeleteDocumentResponse:
        async with self.failures.around("DeleteDocument", request, context):
            if ("", request.document_id) not in self.store.keys:
                raise NotFound("no such document", reason="DOCUMENT_NOT_FOUND")
            answer = self.store.keys.pop(("", request.document_id))[2]
            for memory_id in self.store.ingestions.pop(answer.ingestion_id).memory_ids:
                self.store.memories.pop(memory_id, None)
            return memory_service_pb2.DeleteDocumentResponse(position=self.store.position(), delete_time=now())

    async def FetchContext(
        self, request: memory_service_pb2.MemoryServiceFetchContextRequest, context: _Context
    ) -> memory_service_pb2.MemoryServiceFetchContextResponse:
        async with self.failures.around("FetchContext", request, context):
            validate(request)
            answer = find(self.store, scope_of(request.user_id, request.customer_id), request.query)
            return memory_service_pb2.MemoryServiceFetchContextResponse(context=answer)

    def _checked(self, request: memory_service_pb2.StreamMemoriesRequest) -> bool:
        validate(request)
        return self._create(request.document, "").duplicate

    def _batch(self, request: memory_service_pb2.BatchCreateMemoriesRequest) -> memory_service_pb2.BatchCreateMemoriesResponse:
        answer = memory_service_pb2.BatchCreateMemoriesResponse(queue_time=now())
        for index, document in enumerate(request.documents):
            try:
                validate(document)
                scope_of(document.user_id, document.customer_id)
            except EunoeError as error:
                refusal = item_error(error, index, document.document_id)
                refusal.field = f"documents[{index}].{refusal.field}" if refusal.field else ""
                answer.errors.append(refusal)
        bad = {error.index for error in answer.errors}
        if bad and request.fail_fast:
            answer.failed_count = len(request.documents)
            return answer
        answer.batch_id = f"batch-{self.store.writes}"
        for index, document in enumerate(request.documents):
            if index not in bad:
                self._add_to_batch(answer, index, document)
        answer.failed_count = len(bad)
        answer.position = self.store.position()
        self.store.ingestions[answer.batch_id] = ingestion_pb2.Ingestion(
            ingestion_id=answer.batch_id,
            status=ingestion_pb2.INGESTION_STATUS_PARTIAL_SUCCESS if bad else ingestion_pb2.INGESTION_STATUS_COMPLETED,
            errors=[ingestion_pb2.IngestionError(code=error.reason, message=error.message) for error in answer.errors],
            progress=1.0,
            total_count=answer.accepted_count,
            processed_count=answer.accepted_count,
            queue_time=answer.queue_time,
        )
        return answer

    def _add_to_batch(
        self, answer: memory_service_pb2.BatchCreateMemoriesResponse, index: int, document: document_pb2.DocumentInput
    ) -> None:
        created = self._create(document, "", batch_id=answer.batch_id)
        if created.duplicate:
            answer.duplicate_count += 1
        else:
            answer.accepted_count += 1
        answer.results.add(
            index=index,
            ingestion_id=created.ingestion_id,
            document_id=created.document_id,
            status=created.status,
            duplicate=created.duplicate,
        )

    def _create(
        self, document: document_pb2.DocumentInput, request_id: str, *, batch_id: str = ""
    ) -> memory_service_pb2.CreateMemoryResponse:
        scope = scope_of(document.user_id, document.customer_id)
        key = ("", document.document_id)
        known = self.store.known(key, request_id, document, "document_id")
        if known is not None:
            answer = memory_service_pb2.CreateMemoryResponse()
            answer.CopyFrom(known)
            answer.duplicate = True
            return answer
        answer = memory_service_pb2.CreateMemoryResponse(
            ingestion_id=f"ing-{hashlib.sha256(document.document_id.encode()).hexdigest()[:32]}",
            document_id=document.document_id,
            status=ingestion_pb2.INGESTION_STATUS_QUEUED,
            queue_time=now(),
            position=self.store.position(),
        )
        self.store.keys[key] = (request_id, hash_of(document), answer)
        self._process(document, scope, answer, batch_id)
        return answer

    def _process(
        self,
        document: document_pb2.DocumentInput,
        scope: scope_pb2.Scope,
        answer: memory_service_pb2.CreateMemoryResponse,
        batch_id: str,
    ) -> None:
        memory_id = f"mem_{answer.ingestion_id.removeprefix('ing-')}"
        source = memory_pb2.Source(
            document=memory_pb2.DocumentSource(document_id=answer.document_id, ingestion_id=answer.ingestion_id)
        )
        self.store.memories[memory_id] = memory_pb2.Memory(
            memory_id=memory_id,
            type=memory_pb2.MEMORY_TYPE_FACT,
            content=document.content,
            confidence=0.9,
            scope=scope,
            sources=[source],
            metadata=document.metadata,
            version=1,
            create_time=answer.queue_time,
        )
        self.store.ingestions[answer.ingestion_id] = ingestion_pb2.Ingestion(
            ingestion_id=answer.ingestion_id,
            document_id=answer.document_id,
            document_type=document.document_type,
            batch_id=batch_id,
            scope=scope,
            status=ingestion_pb2.INGESTION_STATUS_COMPLETED,
            progress=1.0,
            memory_ids=[memory_id],
            memory_count=1,
            passage_count=1,
            total_count=1,
            processed_count=1,
            mode=document.mode,
            metadata=document.metadata,
            queue_time=answer.queue_time,
            complete_time=now(),
        )

    def _ingestion(self, ingestion_id: str) -> ingestion_pb2.Ingestion:
        if ingestion_id not in self.store.ingestions:
            raise NotFound("no such ingestion", reason="INGESTION_NOT_FOUND")
        return self.store.ingestions[ingestion_id]

    def _memory(self, memory_id: str, user_id: str) -> memory_pb2.Memory:
        memory = self.store.memories.get(memory_id)
        if memory is None or user_id not in ("", memory.scope.user_id):
            raise NotFound("no such memory", reason="MEMORY_NOT_FOUND")
        return memory

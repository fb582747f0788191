"""A service in memory, on a real gRPC port of this process, that fails on demand.

The client is tested against it where the service itself is too slow or cannot be made to fail. `tests/contract/test_sdk_contract.py` holds it to
what the real service does. It keeps every promise about ids, counts and errors that the client relies on. It remembers a document as one fact and
a turn as one excerpt, and finds them by shared words: ranking and extraction are not its business.
"""

# ruff: noqa: N802, D102
# gRPC names the methods of a servicer and says what they take; the protos say what they do.

from __future__ import annotations

from typing import Any

from eunoe.v1 import (
    admin_service_pb2,
    admin_service_pb2_grpc,
    conversation_service_pb2_grpc,
    instance_pb2,
    memory_service_pb2_grpc,
)
from google.protobuf.message import Message
from grpc import aio

from tests.support.fake_conversations import Conversations
from tests.support.fake_failures import Failures
from tests.support.fake_memories import Memories
from tests.support.fake_store import Store

API_KEY = "eunoe_fake_key"
_Context = aio.ServicerContext[Any, Any]


class Admin(admin_service_pb2_grpc.AdminServiceServicer):
    """WhoAmI; the rest of AdminService is not the client's."""

    def __init__(self, failures: Failures) -> None:
        self.failures = failures

    async def WhoAmI(self, request: admin_service_pb2.WhoAmIRequest, context: _Context) -> admin_service_pb2.WhoAmIResponse:
        async with self.failures.around("WhoAmI", request, context):
            return admin_service_pb2.WhoAmIResponse(instance_id="default", isolation=instance_pb2.ISOLATION_STRICT, key_id="fake")

    async def _absent(self, request: Message, context: _Context) -> Any:
        raise NotImplementedError

    CreateInstance = GetInstance = ListInstances = CreateApiKey = ListApiKeys = RevokeApiKey = _absent


class FakeService:
    """The servicers on a port of this process. What it stores survives `kill` and `start`."""

    def __init__(self) -> None:
        self.store = Store()
        self.failures = Failures(API_KEY)
        self.port = 0
        self._server: aio.Server | None = None

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen; after a `kill`, on the same port."""
        server = aio.server(options=[("grpc.so_reuseport", 0), ("grpc.http2.bdp_probe", 0)])
        admin_service_pb2_grpc.add_AdminServiceServicer_to_server(Admin(self.failures), server)
        conversation_service_pb2_grpc.add_ConversationServiceServicer_to_server(Conversations(self.store, self.failures), server)
        memory_service_pb2_grpc.add_MemoryServiceServicer_to_server(Memories(self.store, self.failures), server)
        self.port = server.add_insecure_port(f"127.0.0.1:{self.port}")
        await server.start()
        self._server = server

    async def kill(self) -> None:
        """Cut every call off."""
        server, self._server = self._server, None
        if server is not None:
            await server.stop(None)

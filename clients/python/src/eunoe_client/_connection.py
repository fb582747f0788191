"""The channel to the service: credentials, deadlines, request ids and retries for every kind of call. Knows no verb.

gRPC ends here, in `_client_stream.py` and in the modules that build requests and read responses; no public name shows it.
"""

# ruff: noqa: ASYNC109
# A deadline is not only waited for here: it is sent along, so that the service stops too.

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import grpc
from eunoe.v1 import admin_service_pb2
from eunoe.v1.admin_service_pb2_grpc import AdminServiceStub
from eunoe.v1.conversation_service_pb2_grpc import ConversationServiceStub
from eunoe.v1.memory_service_pb2_grpc import MemoryServiceStub
from grpc import aio

from eunoe_client._channels import Channels
from eunoe_client._client_stream import ClientStream
from eunoe_client._ids import draw_id
from eunoe_client._position import merge_positions
from eunoe_client._retry import RETRYABLE, pause_before_retry
from eunoe_client._settings import Settings
from eunoe_client._status import error_from_rpc, shut_down
from eunoe_client.errors import EunoeError, UsageError

if TYPE_CHECKING:  # the generated modules have these names in their stubs only
    from eunoe.v1.admin_service_pb2_grpc import AdminServiceAsyncStub
    from eunoe.v1.conversation_service_pb2_grpc import ConversationServiceAsyncStub
    from eunoe.v1.memory_service_pb2_grpc import MemoryServiceAsyncStub

Request = TypeVar("Request")
Response = TypeVar("Response")

_OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.primary_user_agent", "eunoe-python"),
    ("grpc.enable_retries", 0),  # tries are ours alone: gRPC's know no RetryInfo
    ("grpc.initial_reconnect_backoff_ms", 100),  # its default of a second would outlast a service's restart
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    ("grpc.keepalive_time_ms", 60_000),  # finds a peer that is gone while a stream is silent
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.max_receive_message_length", 64 * 1024 * 1024),
    ("grpc.max_send_message_length", 16 * 1024 * 1024),
)


class Connection:
    """A channel to each address, open from `open` to `close`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.position = ""
        """What every write through this connection is covered by."""
        self._open: _Open | None = None
        self._closed = False

    async def open(self) -> None:
        """Open the channels. They connect with their first calls."""
        if self._open is None:
            self._open = _Open.to(self.settings)
            self._closed = False

    async def close(self) -> None:
        """Close the channels; calls under way end."""
        was_open, self._open, self._closed = self._open, None, True
        if was_open is not None:
            await was_open.channels.close()

    @property
    def is_open(self) -> bool:
        """Whether calls can be made."""
        return self._open is not None

    @property
    def memories(self) -> MemoryServiceAsyncStub:
        """The calls of the memory service."""
        return self._calls().memories

    @property
    def conversations(self) -> ConversationServiceAsyncStub:
        """The calls of the conversation service."""
        return self._calls().conversations

    async def who_am_i(self, *, timeout: float | None = None) -> admin_service_pb2.WhoAmIResponse:
        """Ask whose key this is."""
        return await self.call(self._calls().admin.WhoAmI, admin_service_pb2.WhoAmIRequest(), timeout=timeout)

    async def call(
        self,
        method: aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        *,
        timeout: float | None,
        request_id: str | None = None,
    ) -> Response:
        """Make one call, and make it again while that is safe and its time is not over.

        Raises:
            EunoeError: how the last try ended.
        """
        loop = asyncio.get_running_loop()
        request_id = request_id or draw_id()
        deadline = loop.time() + (self.settings.timeouts.call if timeout is None else timeout)
        attempt = 0
        while True:
            place = self._calls().channels.choose()
            try:
                return await method(request, timeout=max(0.0, deadline - loop.time()), metadata=self.metadata(request_id))
            except aio.AioRpcError as rpc_error:
                error = error_from_rpc(rpc_error, request_id)
            except asyncio.CancelledError:
                error = shut_down()
            self._note(place, error.code)
            pause = pause_before_retry(error, attempt)
            if pause is None or loop.time() + pause >= deadline:
                raise error
            await asyncio.sleep(pause)
            attempt += 1

    async def watch(
        self, method: aio.UnaryStreamMultiCallable[Request, Response], request: Request, *, timeout: float
    ) -> AsyncIterator[Response]:
        """The messages of one server stream, which is not opened again when it breaks.

        Raises:
            EunoeError: how the stream ended, where it did not end well.
        """
        request_id = draw_id()
        call = method(request, timeout=timeout, metadata=self.metadata(request_id))
        error: EunoeError | None = None
        try:
            async for response in call:
                yield response
        except aio.AioRpcError as rpc_error:
            error = error_from_rpc(rpc_error, request_id)
        except asyncio.CancelledError:
            error = shut_down()
        finally:
            call.cancel()
        if error is not None:
            raise error

    def stream(
        self, method: aio.StreamUnaryMultiCallable[Request, Response], *, timeout: float
    ) -> ClientStream[Request, Response]:
        """Open one client stream."""
        request_id, place = draw_id(), self._calls().channels.choose()
        call = method(timeout=timeout, metadata=self.metadata(request_id))
        return ClientStream(call, request_id=request_id, failed=lambda code: self._note(place, code))

    def wrote(self, position: str) -> str:
        """Remember the position of a write, and hand it through."""
        self.position = merge_positions(self.position, position)
        return position

    def metadata(self, request_id: str) -> aio.Metadata:
        """What every call carries beside its message."""
        return aio.Metadata(("authorization", f"Bearer {self.settings.api_key}"), ("x-request-id", request_id))

    def _note(self, place: int, code: str) -> None:
        """A call to one of the addresses failed: if its service cannot be reached, or takes no calls, the next one is called."""
        if code in RETRYABLE and self._open is not None:
            self._open.channels.move_on(place)

    def _calls(self) -> _Open:
        if self._open is None:
            raise UsageError(
                "the client is shut down"
                if self._closed
                else "call `await sdk.initialize()` first, or use `async with Eunoe() as sdk`"
            )
        return self._open


@dataclass(frozen=True, slots=True)
class _Open:
    """Open channels and the calls that can be made on them."""

    channels: Channels
    admin: AdminServiceAsyncStub
    conversations: ConversationServiceAsyncStub
    memories: MemoryServiceAsyncStub

    @classmethod
    def to(cls, settings: Settings) -> _Open:
        channels = Channels([_channel(settings, address) for address in settings.addresses])
        as_one: Any = channels  # the stubs ask for a channel, and use of it what this has
        return cls(channels, AdminServiceStub(as_one), ConversationServiceStub(as_one), MemoryServiceStub(as_one))


def _channel(settings: Settings, address: str) -> aio.Channel:
    if settings.use_tls:
        credentials = grpc.ssl_channel_credentials(settings.root_certificate)
        return aio.secure_channel(address, credentials, options=_OPTIONS)
    return aio.insecure_channel(address, options=_OPTIONS)

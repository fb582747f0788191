"""From a service's class to gRPC handlers: each method of the descriptor is wrapped once, at start, in the fixed order.

Wrapping functions instead of server interceptors: those rebuild the handler on every call.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

import grpc
from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from service.app.keys import Keys
from service.app.rates import Rate
from service.ops.metrics import ApiMetrics
from service.rpc.admission import LARGE, Admission, Admitted, overloaded
from service.rpc.auth import with_admin_token, with_instance_key
from service.rpc.call import Call
from service.rpc.errors import Handler, with_errors
from service.rpc.streams import malformed
from service.rpc.validate import validate

NO_ROOM: Final = object()
"""What stands for a large request that arrived when there was no room for it."""

Decode = Callable[[bytes], Any]
"""Bytes to a message, or to what stands for one."""


class Wrapping:
    """The wrappers around every handler, and what they need."""

    def __init__(self, metrics: ApiMetrics, admission: Admission, keys: Keys, rate: Rate, admin_token: str) -> None:
        """Take the collaborators of the wrappers."""
        self._metrics = metrics
        self._admission = admission
        self._keys = keys
        self._rate = rate
        self._admin_token = admin_token

    def service(self, descriptor: ServiceDescriptor, servicer: object) -> grpc.GenericRpcHandler:
        """The handlers of a service.

        Args:
            descriptor: of the service.
            servicer: has a coroutine method of each RPC's name; its `operator_rpcs` name those for the operator.

        Raises:
            AttributeError: a method is missing.
        """
        operator_rpcs: frozenset[str] = getattr(servicer, "operator_rpcs", frozenset())
        handlers = {
            f"/{descriptor.full_name}/{method.name}": (
                self._method(method, getattr(servicer, method.name), is_operators=method.name in operator_rpcs),
                self._refusal(method),
            )
            for method in descriptor.methods
        }
        return Admitted(self._admission, handlers)

    def _method(self, method: MethodDescriptor, handler: Handler, *, is_operators: bool) -> grpc.RpcMethodHandler[Any, Any]:
        if not method.client_streaming:
            handler = with_validation(handler)
        handler = (
            with_admin_token(handler, self._admin_token) if is_operators else with_instance_key(handler, self._keys, self._rate)
        )
        decode = deserializer(GetMessageClass(method.input_type))
        return _KINDS[method.client_streaming, method.server_streaming](
            with_context(with_errors(handler), _name(method), self._metrics),
            request_deserializer=decode if method.client_streaming else with_room(decode, self._admission),
            response_serializer=GetMessageClass(method.output_type).SerializeToString,
        )

    def _refusal(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        """Refuses a call as if its request were a stream, for gRPC reads nothing of a stream that nobody asks for."""
        return grpc.stream_unary_rpc_method_handler(with_context(with_errors(_refuse), _name(method), self._metrics))


_KINDS: dict[tuple[bool, bool], Callable[..., grpc.RpcMethodHandler[Any, Any]]] = {
    (False, False): grpc.unary_unary_rpc_method_handler,
    (True, False): grpc.stream_unary_rpc_method_handler,
    (False, True): grpc.unary_stream_rpc_method_handler,
}


async def _refuse(_request: Any, _call: Call) -> Any:
    raise overloaded()


def _name(method: MethodDescriptor) -> str:
    return f"{method.containing_service.name}.{method.name}"


def with_context(handler: Handler, rpc: str, metrics: ApiMetrics) -> Callable[[Any, Any], Any]:
    """The outermost wrapper: times the call and counts how it ended."""
    measured = metrics.call(rpc)

    async def answer(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
        call = Call(rpc, context)
        try:
            return await handler(request, call)
        except asyncio.CancelledError:
            call.code = "CANCELLED"
            raise
        finally:
            measured.finished(call.code, time.monotonic() - call.started)

    return answer


def with_validation(handler: Handler) -> Handler:
    """The innermost wrapper: the request is a message and keeps the rules of its type."""

    async def answer(request: Any, call: Call) -> Any:
        if request is None:
            raise malformed()
        if request is NO_ROOM:
            raise overloaded()
        validate(request)
        return await handler(request, call)

    return answer


def with_room(decode: Decode, admission: Admission) -> Decode:
    """Wrap a decoder so that a large request is decoded only where there is room for it."""

    def decode_admitted(data: bytes) -> Any:
        if len(data) > LARGE and not admission.take(len(data)):
            return NO_ROOM
        return decode(data)

    return decode_admitted


def deserializer(kind: type[Message]) -> Decode:
    """Bytes to a message; None for bytes that are none, which would otherwise be answered with internals."""
    from_string = kind.FromString

    def deserialize(data: bytes) -> Message | None:
        try:
            return from_string(data)
        except DecodeError:
            return None

    return deserialize

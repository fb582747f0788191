"""From a status on the wire to an error of the SDK. The only place that reads rich errors."""

from __future__ import annotations

import asyncio

from google.protobuf.any_pb2 import Any
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2
from grpc import StatusCode, aio

from eunoe_client.errors import EunoeError, FieldViolation, UsageError, error_class

_DETAILS_KEY = "grpc-status-details-bin"
_CORE_FAULT = "Internal error from Core"


def error_from_rpc(error: aio.AioRpcError, request_id: str) -> EunoeError:
    """The SDK's error for a call that ended with a status."""
    return build_error(error.code(), error.details() or "", error.trailing_metadata(), request_id)


def build_error(code: StatusCode, text: str, trailers: aio.Metadata | None, request_id: str) -> EunoeError:
    """The SDK's error for a status and its trailing metadata."""
    status = _rich_status(trailers)
    info, retry, bad = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), error_details_pb2.BadRequest()
    told: set[str] = set()
    for detail in status.details:
        told.update(type(kind).__name__ for kind in (info, retry, bad) if _unpack(detail, kind))
    return error_class(code.name, info.reason)(
        text or code.name.replace("_", " ").lower(),
        code=code.name,
        reason=info.reason,
        metadata=info.metadata,
        retry_after=retry.retry_delay.seconds + retry.retry_delay.nanos / 1e9 if "RetryInfo" in told else None,
        request_id=request_id,
        fields=[FieldViolation(each.field, each.description) for each in bad.field_violations],
    )


def shut_down() -> UsageError:
    """The error for a call that ended because the channel was closed under it, which gRPC shows as a cancellation.

    Raises:
        CancelledError: it is one: somebody cancelled the task that called.
    """
    task = asyncio.current_task()
    if task is None or task.cancelling():
        raise asyncio.CancelledError
    return UsageError("the client was shut down during the call; of a write, the outcome is unknown")


def hides_status(code: StatusCode, text: str) -> bool:
    """Whether this is gRPC's own stumble over a stream that the service ended early (grpc/grpc issue 36066), not the service's status."""
    return code is StatusCode.INTERNAL and _CORE_FAULT in text


def _rich_status(trailers: aio.Metadata | None) -> status_pb2.Status:
    raw = next((value for key, value in trailers or () if key == _DETAILS_KEY), b"")
    try:
        return status_pb2.Status.FromString(raw if isinstance(raw, bytes) else raw.encode())
    except DecodeError:
        return status_pb2.Status()


def _unpack(detail: Any, into: Message) -> bool:
    try:
        return detail.Unpack(into)
    except DecodeError:
        return False

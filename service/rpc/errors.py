"""The only table from domain errors to statuses, and the last catch: nothing internal ever reaches a caller.

A status carries an `ErrorInfo` (reason, domain `eunoe`, every value the message speaks of), `BadRequest` for fields and `RetryInfo`
where waiting helps, `QuotaFailure` where an instance may no more. It travels in the trailer, whose size is limited, so long values are cut.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn

import grpc
from eunoe.v1 import error_reason_pb2
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.duration_pb2 import Duration
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from service.domain.errors import (
    Aborted,
    AlreadyExists,
    DataLoss,
    DeadlineExceeded,
    EunoeError,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
    QuotaExceeded,
    ResourceExhausted,
    Unauthenticated,
    Unavailable,
)
from service.ops.logging import get_logger
from service.rpc.call import Call

DOMAIN = "eunoe"
CODES: dict[type[EunoeError], grpc.StatusCode] = {
    InvalidArgument: grpc.StatusCode.INVALID_ARGUMENT,
    Unauthenticated: grpc.StatusCode.UNAUTHENTICATED,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    FailedPrecondition: grpc.StatusCode.FAILED_PRECONDITION,
    Aborted: grpc.StatusCode.ABORTED,
    ResourceExhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    QuotaExceeded: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    DeadlineExceeded: grpc.StatusCode.DEADLINE_EXCEEDED,
    DataLoss: grpc.StatusCode.DATA_LOSS,
    EunoeError: grpc.StatusCode.INTERNAL,
}
REASONS = frozenset(name.removeprefix("ERROR_REASON_") for name in dict(error_reason_pb2.ErrorReason.items()))
"""What the wire publishes."""

_LONGEST_MESSAGE = 400
_LONGEST_VALUE = 128
_MOST_FIELDS = 10
_MOST_BYTES = 3000
"""Of the encoded details: clients take 8 KB of trailers, and these travel once encoded and once as text."""

Handler = Callable[[Any, Call], Awaitable[Any]]
log = get_logger(__name__)


class PeerGone(Exception):
    """The client hung up while the service wrote to it: nobody's fault."""


def code_of(error: EunoeError) -> grpc.StatusCode:
    """The status code of an error: that of the nearest class in the table."""
    return next(CODES[kind] for kind in type(error).__mro__ if kind in CODES)


def reason_of(error: EunoeError) -> str:
    """The published reason of an error."""
    if error.reason in REASONS:
        return error.reason
    return type(error).default_reason if type(error).default_reason in REASONS else "INTERNAL"


def public_message(error: EunoeError) -> str:
    """What a caller is told."""
    text = error.message
    return text if len(text) <= _LONGEST_MESSAGE else text[: _LONGEST_MESSAGE - 1] + "…"


def to_status(error: EunoeError) -> status_pb2.Status:
    """The status of an error, small enough for a trailer."""
    status = status_pb2.Status(code=code_of(error).value[0], message=public_message(error))
    info = error_details_pb2.ErrorInfo(reason=reason_of(error), domain=DOMAIN)
    for key, value in error.values.items():
        info.metadata[key] = value if len(value) <= _LONGEST_VALUE else value[: _LONGEST_VALUE - 1] + "…"
    _attach(status, info)
    if error.retry_after is not None:
        delay = Duration()
        delay.FromMicroseconds(int(error.retry_after * 1_000_000))
        _attach(status, error_details_pb2.RetryInfo(retry_delay=delay))
    if error.quota:
        failure = error_details_pb2.QuotaFailure()
        failure.violations.add(subject="instance", description=error.quota)
        _attach(status, failure)
    if error.fields:
        bad = error_details_pb2.BadRequest()
        for violation in error.fields[:_MOST_FIELDS]:
            bad.field_violations.add(field=violation.field[:256], description=violation.description[:256])
        _attach(status, bad)
    while status.ByteSize() > _MOST_BYTES and len(status.details) > 1:
        del status.details[-1]
    return status


def with_errors(handler: Handler) -> Handler:
    """Wrap a handler so that every error becomes a status."""

    async def answer(request: Any, call: Call) -> Any:
        try:
            return await handler(request, call)
        except EunoeError as error:
            await _refuse(call, error)
        except (asyncio.CancelledError, grpc.aio.AbortError):
            raise
        except PeerGone:
            log.debug("peer_gone", rpc=call.rpc, call=call.call_id)
            raise asyncio.CancelledError from None
        except Exception:
            log.exception("call_failed", rpc=call.rpc, call=call.call_id)
            await _abort(call, to_status(internal(call.call_id)))

    return answer


def internal(error_id: str) -> EunoeError:
    """What a caller is told of a fault of the service."""
    return EunoeError(f"internal error {error_id}; the service's log has the details", values={"error_id": error_id})


async def _refuse(call: Call, error: EunoeError) -> NoReturn:
    if code_of(error) is grpc.StatusCode.INTERNAL:
        log.error("call_failed", rpc=call.rpc, call=call.call_id, reason=error.reason, error=error.message, **error.values)
        await _abort(call, to_status(internal(call.call_id)))
    await _abort(call, to_status(error))


async def _abort(call: Call, status: status_pb2.Status) -> NoReturn:
    call.code = grpc_name(status.code)
    await call.context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort returns never")


def grpc_name(code: int) -> str:
    """The canonical name of a status code."""
    return str(code_pb2.Code.Name(code))


def _attach(status: status_pb2.Status, detail: Any) -> None:
    packed = AnyMessage()
    packed.Pack(detail)
    status.details.append(packed)

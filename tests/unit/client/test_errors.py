"""The error tree, and how statuses of the wire find their place in it."""

from __future__ import annotations

import re

import grpc
import pytest
from eunoe.v1 import error_reason_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2
from grpc import aio

from eunoe_client import errors
from eunoe_client._status import build_error, hides_status


def _trailers(*details: Message) -> aio.Metadata:
    status = status_pb2.Status(code=8, message="full")
    for detail in details:
        status.details.add().Pack(detail)
    return aio.Metadata(("grpc-status-details-bin", status.SerializeToString()))


def test_every_status_has_a_class() -> None:
    """No status code falls through the table."""
    codes = {code for code, reason in errors.ERRORS if not reason}
    assert codes == {code.name for code in grpc.StatusCode if code is not grpc.StatusCode.OK}


def test_every_reason_in_the_table_is_published() -> None:
    """The table names no reason that the wire does not have."""
    published = {name.removeprefix("ERROR_REASON_") for name, _ in error_reason_pb2.ErrorReason.items()}
    assert {reason for _, reason in errors.ERRORS if reason} <= published


def test_the_drawn_tree_is_the_real_one() -> None:
    """The picture at the top of the file shows every class under its parent."""
    lines = (re.match(r"^[ │├└─]*(\w+Error)\b", line) for line in (errors.__doc__ or "").splitlines())
    drawn = [(found.start(1), found.group(1)) for found in lines if found]
    parents: dict[str, str] = {}
    for index, (column, name) in enumerate(drawn):
        above = [other for other in drawn[:index] if other[0] < column]
        parents[name] = above[-1][1] if above else "Exception"
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type) and issubclass(kind, Exception) and name == kind.__name__
    }
    assert parents == {name: kind.__bases__[0].__name__ for name, kind in classes.items()}


def test_a_rich_status_arrives_whole() -> None:
    """Code, reason, metadata, fields, waiting time and request id all reach the caller."""
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromMilliseconds(1_500)
    bad = error_details_pb2.BadRequest()
    bad.field_violations.add(field="lane", description="is full")
    info = error_details_pb2.ErrorInfo(reason="BACKLOG_FULL", domain="eunoe", metadata={"lane": "realtime"})
    error = build_error(grpc.StatusCode.RESOURCE_EXHAUSTED, "full", _trailers(info, retry, bad), "r1")
    assert type(error) is errors.BacklogFullError
    assert (error.code, error.reason, error.metadata) == ("RESOURCE_EXHAUSTED", "BACKLOG_FULL", {"lane": "realtime"})
    assert (error.retry_after, error.retry_after_seconds, error.request_id) == (1.5, 1.5, "r1")
    assert error.fields == (errors.FieldViolation("lane", "is full"),)
    assert str(error) == "RESOURCE_EXHAUSTED BACKLOG_FULL: full (request r1)"


@pytest.mark.parametrize("trailers", [None, aio.Metadata(), aio.Metadata(("grpc-status-details-bin", b"\xff\xff"))])
def test_a_bare_status_is_enough(trailers: aio.Metadata | None) -> None:
    """A proxy's status without details, or with broken ones, still becomes the right class."""
    error = build_error(grpc.StatusCode.UNAVAILABLE, "", trailers, "r1")
    assert type(error) is errors.ServiceUnavailableError
    assert (error.retry_after, error.reason, error.message) == (None, "", "unavailable")


def test_a_reason_that_is_newer_than_the_client_falls_back_to_its_status() -> None:
    """Reasons may be added without breaking anybody."""
    info = error_details_pb2.ErrorInfo(reason="INVENTED_LATER", domain="eunoe")
    assert type(build_error(grpc.StatusCode.NOT_FOUND, "x", _trailers(info), "")) is errors.NotFoundError


def test_a_missed_deadline_is_a_timeout() -> None:
    """Code that catches the built-in TimeoutError catches ours."""
    with pytest.raises(TimeoutError):
        raise errors.PositionNotReachedError("late", code="DEADLINE_EXCEEDED")


def test_only_cores_own_stumble_hides_a_status() -> None:
    """An INTERNAL of the service is the service's."""
    assert hides_status(grpc.StatusCode.INTERNAL, "Internal error from Core")
    assert not hides_status(grpc.StatusCode.INTERNAL, "internal error 17; the service's log has the details")
    assert not hides_status(grpc.StatusCode.UNAVAILABLE, "Internal error from Core")

"""The one table from errors to statuses."""

from __future__ import annotations

import ast
from pathlib import Path

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc import error_details_pb2
from hypothesis import given
from hypothesis import strategies as st

import service
from service.domain import errors
from service.domain.errors import EunoeError, FieldViolation, InvalidArgument, ResourceExhausted
from service.rpc.errors import CODES, REASONS, code_of, reason_of, to_status

WITHOUT_CALL = {
    "ADDRESS_IN_USE",
    "BACKUP_REFUSED",
    "VECTORS_REFUSED",
    "ANALYSIS_CHANGED",
    "CATALOG_ELSEWHERE",
    "COPY_DIFFERS",
    "COPY_REFUSED",
    "DATABASE_UNUSABLE",
    "DATA_DIR_IN_USE",
    "DATA_DIR_UNUSABLE",
    "KAFKA_REQUIRED",
    "KAFKA_UNAVAILABLE",
    "MODEL_UNUSABLE",
    "NOT_DRAINED",
    "SCHEMA_NEWER",
    "SCHEMA_OLDER",
    "ISOLATION_FIXED",
    "SHARDS_MISMATCH",
    "TLS_REQUIRED",
    "TLS_UNUSABLE",
    "TOPIC_UNUSABLE",
}
"""Reasons of a start or a command that fails: no call is answered with them."""


def _detail(error: EunoeError, detail: Message) -> bool:
    return any(packed.Unpack(detail) for packed in to_status(error).details)


def test_every_error_has_a_code() -> None:
    """Each class of the tree is in the table by itself."""
    tree = {kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, EunoeError)}

    assert tree == set(CODES)


def test_every_reason_is_published() -> None:
    """No part of the service says a reason that the wire does not know."""
    said = set()
    for path in Path(next(iter(service.__path__))).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "reason" and isinstance(node.value, ast.Constant):
                said.add(str(node.value.value))
            elif isinstance(node, ast.Assign) and any(getattr(target, "id", "") == "default_reason" for target in node.targets):
                assert isinstance(node.value, ast.Constant)
                said.add(str(node.value.value))

    assert {reason for reason in said if reason.isupper()} - WITHOUT_CALL - _PIPELINE_CODES <= REASONS


_PIPELINE_CODES = {"OWNER_DIED", "CHILD_DIED", "CHILD_HUNG", "SOURCE_DELETED"}
"""Codes of ingestion errors, which are no `ErrorReason`."""


def test_subclasses_have_their_family_s_code() -> None:
    """An error that is not in the table gets the code of what it is."""

    class DiskOnFireError(ResourceExhausted):
        default_reason = "STORAGE_FULL"

    assert grpc.StatusCode.RESOURCE_EXHAUSTED is code_of(DiskOnFireError("x"))
    assert reason_of(DiskOnFireError("x")) == "STORAGE_FULL"


def test_details() -> None:
    """Reason, domain, values, fields and the time to wait travel with the status."""
    error = InvalidArgument(
        "no", reason="LIMIT_EXCEEDED", values={"limit": "3"}, fields=[FieldViolation("a.b", "too long")], retry_after=0.25
    )
    info, retry, bad = error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo(), error_details_pb2.BadRequest()

    assert _detail(error, info)
    assert (info.reason, info.domain, dict(info.metadata)) == ("LIMIT_EXCEEDED", "eunoe", {"limit": "3"})
    assert _detail(error, retry)
    assert retry.retry_delay.ToMilliseconds() == 250
    assert _detail(error, bad)
    assert [(found.field, found.description) for found in bad.field_violations] == [("a.b", "too long")]


@given(st.text(max_size=20_000), st.dictionaries(st.text(max_size=20), st.text(max_size=5000), max_size=8), st.integers(0, 50))
def test_a_status_fits_in_a_trailer(message: str, values: dict[str, str], fields: int) -> None:
    """However long the values, the status stays small enough for every client."""
    error = InvalidArgument(message, values=values, fields=[FieldViolation("f" * 300, message)] * fields)

    assert to_status(error).ByteSize() < 6000


@pytest.mark.parametrize("reason", ["", "SOMETHING_NEW"])
def test_unpublished_reasons_do_not_leave(reason: str) -> None:
    """A reason that is not published is replaced by its class's own."""
    assert reason_of(InvalidArgument("x", reason=reason)) == "FIELD_INVALID"

"""The rules of the protos are run, and broken ones are told by path."""

from __future__ import annotations

import pytest
from eunoe.v1 import context_pb2, conversation_pb2, conversation_service_pb2, document_pb2, memory_service_pb2
from google.protobuf.message import Message

from service.domain.errors import InvalidArgument
from service.rpc.validate import assert_rules_run, validate


def _turn(**fields: object) -> conversation_service_pb2.RecordMessageRequest:
    defaults: dict[str, object] = {"conversation_id": "c", "role": conversation_pb2.ROLE_USER, "content": "hi"}
    message = conversation_pb2.MessageInput(**(defaults | fields))  # type: ignore[arg-type]
    return conversation_service_pb2.RecordMessageRequest(message=message)


def test_rules_run() -> None:
    """The installed stubs hold the rules."""
    assert_rules_run()


def test_a_good_message() -> None:
    """What keeps the rules passes."""
    validate(_turn())


@pytest.mark.parametrize(
    ("message", "field", "limit"),
    [
        (_turn(role=0), "message.role", None),
        (_turn(role=7), "message.role", None),
        (_turn(content=""), "message.content", None),
        (_turn(content="x" * 40_000), "message.content", "32768"),
        (_turn(user_id="x" * 257), "message.user_id", "256"),
        (conversation_service_pb2.RecordMessageRequest(), "message", None),
        (
            memory_service_pb2.CreateMemoryRequest(document=document_pb2.DocumentInput(content="x")),
            "document.document_type",
            None,
        ),
        (memory_service_pb2.BatchCreateMemoriesRequest(documents=[document_pb2.DocumentInput()] * 101), "documents", "100"),
        (context_pb2.ContextQuery(search_queries=["ok", "x" * 2049]), "search_queries[1]", "2048"),
        (context_pb2.ContextQuery(search_queries=["x"] * 17), "search_queries", "16"),
        (context_pb2.ContextQuery(types=[99]), "types[0]", None),  # type: ignore[list-item]
        (context_pb2.ContextQuery(max_results=51), "max_results", None),
    ],
)
def test_broken_rules(message: Message, field: str, limit: str | None) -> None:
    """A refusal names the field, and the limit where there is one."""
    with pytest.raises(InvalidArgument) as refused:
        validate(message)

    assert field == refused.value.fields[0].field
    if limit is not None:
        assert refused.value.reason == "LIMIT_EXCEEDED"
        assert limit == refused.value.values["limit"]


def test_all_wrong_fields_are_told() -> None:
    """One answer names everything that is wrong."""
    with pytest.raises(InvalidArgument) as refused:
        validate(_turn(role=0, content="", conversation_id=""))

    assert {"message.role", "message.content", "message.conversation_id"} == {found.field for found in refused.value.fields}


def test_a_bad_document_is_its_own_fault() -> None:
    """A batch is not refused as a whole for one of its documents."""
    validate(memory_service_pb2.BatchCreateMemoriesRequest(documents=[document_pb2.DocumentInput()]))

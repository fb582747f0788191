"""The wire API as it is shipped: rules that are enforced, comments that are there, numbers that agree."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import protovalidate
import pytest
from eunoe.v1 import (
    admin_service_pb2,
    context_pb2,
    conversation_pb2,
    conversation_service_pb2,
    document_pb2,
    error_reason_pb2,
    memory_pb2,
    memory_service_pb2,
)
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorProto, FileDescriptorSet
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

PROTOS = Path(__file__).resolve().parents[2] / "protos"
VALIDATOR = protovalidate.Validator()


def turn(**changes: object) -> conversation_pb2.MessageInput:
    """A turn that keeps all rules, but for the changes."""
    fields = {"conversation_id": "c1", "role": conversation_pb2.ROLE_USER, "content": "Hello.", "user_id": "u1", **changes}
    return conversation_pb2.MessageInput(**fields)  # type: ignore[arg-type]  # the changes are what the test is about


def document(**changes: object) -> document_pb2.DocumentInput:
    """A document that keeps all rules, but for the changes."""
    fields = {"content": "Hello.", "document_type": document_pb2.DOCUMENT_TYPE_NOTE, **changes}
    return document_pb2.DocumentInput(**fields)  # type: ignore[arg-type]  # the changes are what the test is about


def query(**changes: object) -> memory_service_pb2.MemoryServiceFetchContextRequest:
    """A fetch that keeps all rules, but for the changes."""
    return memory_service_pb2.MemoryServiceFetchContextRequest(query=context_pb2.ContextQuery(**changes))  # type: ignore[arg-type]


def broken_rules(message: Message) -> list[tuple[str, str]]:
    """Which field breaks which rule."""
    broken = [violation.proto for violation in VALIDATOR.collect_violations(message)]
    return [(".".join(part.field_name for part in rule.field.elements) if rule.field else "", rule.rule_id) for rule in broken]


GOOD = {
    "a turn": turn(),
    "a turn at its limit": turn(content="é" * 16_384, conversation_id="é" * 256),
    "a document": document(),
    "a document at its limit": document(content="x" * 102_400),
    "a fetch of nothing in particular": memory_service_pb2.MemoryServiceFetchContextRequest(),
    "a fetch at its limits": query(search_queries=["x" * 2048] * 16, max_results=50, types=[context_pb2.ITEM_TYPE_EXCERPT]),
    "an update of confidence to zero": memory_service_pb2.UpdateMemoryRequest(memory_id="mem_1", confidence=0.0),
    "a batch whose one document is bad": memory_service_pb2.BatchCreateMemoriesRequest(documents=[document(content="")]),
}

BAD = {
    "no turn": (conversation_service_pb2.RecordMessageRequest(), "message", "required"),
    "no role": (turn(role=0), "role", "enum.not_in"),
    "another role": (turn(role=7), "role", "enum.defined_only"),
    "nothing said": (turn(content=""), "content", "string.min_len"),
    "too much said, counted in bytes": (turn(content="é" * 16_385), "content", "string.max_bytes"),
    "no conversation": (turn(conversation_id=""), "conversation_id", "string.min_len"),
    "a long id": (turn(message_id="x" * 257), "message_id", "string.max_len"),
    "a time out of reach": (turn(said_time=Timestamp(seconds=2**60)), "said_time", "timestamp.gte_lte"),
    "no document": (memory_service_pb2.CreateMemoryRequest(), "document", "required"),
    "an unknown document type": (document(document_type=99), "document_type", "enum.defined_only"),
    "no document type": (document(document_type=0), "document_type", "enum.not_in"),
    "a long document": (document(content="x" * 102_401), "content", "string.max_bytes"),
    "an empty batch": (memory_service_pb2.BatchCreateMemoriesRequest(), "documents", "repeated.min_items"),
    "a large batch": (
        memory_service_pb2.BatchCreateMemoriesRequest(documents=[document()] * 101),
        "documents",
        "repeated.max_items",
    ),
    "many queries": (query(search_queries=["x"] * 17), "query.search_queries", "repeated.max_items"),
    "a long query": (query(search_queries=["x" * 2049]), "query.search_queries", "string.max_bytes"),
    "many results": (query(max_results=51), "query.max_results", "int32.gte_lte"),
    "fewer than no results": (query(max_results=-1), "query.max_results", "int32.gte_lte"),
    "a negative page": (memory_service_pb2.ListMemoriesRequest(page_size=-1), "page_size", "int32.gte"),
    "more than sure": (memory_service_pb2.UpdateMemoryRequest(memory_id="m", confidence=1.1), "confidence", "float.gte_lte"),
    "an update to nothing": (memory_service_pb2.UpdateMemoryRequest(memory_id="m", content=""), "content", "string.min_len"),
}


@pytest.mark.parametrize("message", GOOD.values(), ids=GOOD)
def test_what_keeps_the_rules_passes(message: Message) -> None:
    """A message that keeps all rules breaks none."""
    assert broken_rules(message) == []


@pytest.mark.parametrize(("message", "field", "rule"), BAD.values(), ids=BAD)
def test_what_breaks_a_rule_is_found_by_field(message: Message, field: str, rule: str) -> None:
    """The shipped stubs carry their rules, and a violation names the field and the rule."""
    assert (field, rule) in broken_rules(message)


def test_shared_fields_of_memories_and_items_agree() -> None:
    """A field that a memory and an item of a context share has the same number and type in both."""
    memory, item = (
        {field.number: (field.name, field.type) for field in message.DESCRIPTOR.fields}
        for message in (memory_pb2.Memory, context_pb2.ContextItem)
    )
    own = {1, 2}  # ids and types, which differ by nature
    shared = (memory.keys() & item.keys()) - own

    assert len(shared) > 10
    assert {number: memory[number] for number in shared} == {number: item[number] for number in shared}


def test_kinds_of_memory_are_kinds_of_items() -> None:
    """Every kind of memory is a kind of item, by the same name and number."""
    kinds = {name.removeprefix("MEMORY_TYPE_"): number for name, number in memory_pb2.MemoryType.items()}
    items = {name.removeprefix("ITEM_TYPE_"): number for name, number in context_pb2.ItemType.items()}

    assert kinds.items() <= items.items()


def test_reasons_fit_an_error_info() -> None:
    """The name of every reason without its prefix is one that `google.rpc.ErrorInfo` allows: at most 63 characters."""
    names = [name.removeprefix("ERROR_REASON_") for name in error_reason_pb2.ErrorReason.keys()]  # noqa: SIM118  (not a dict)

    assert [name for name in names if len(name) > 63 or not name.replace("_", "").isupper()] == []


def test_what_changes_something_can_be_repeated() -> None:
    """Every unary call that changes something takes a `request_id`."""
    services = [
        module.DESCRIPTOR.services_by_name[name]
        for module, name in (
            (memory_service_pb2, "MemoryService"),
            (conversation_service_pb2, "ConversationService"),
            (admin_service_pb2, "AdminService"),
        )
    ]
    reading = ("Get", "List", "Watch", "Fetch", "WhoAmI")
    changing = [
        method.input_type
        for service in services
        for method in service.methods
        if not method.client_streaming and not method.name.startswith(reading)
    ]

    assert changing
    assert [request.name for request in changing if "request_id" not in request.fields_by_name] == []


def test_everything_is_explained_in_sentences() -> None:
    """Every service, call, message, field, oneof, enum and value has a comment that is a sentence."""
    buf = Path(sys.executable).parent / "buf"
    image = subprocess.run(
        [buf, "build", PROTOS, "--path", PROTOS / "eunoe", "--as-file-descriptor-set", "-o", "-"], capture_output=True, check=True
    ).stdout
    files = [file for file in FileDescriptorSet.FromString(image).file if file.package.startswith("eunoe.")]
    comments = [(name, comment) for file in files for name, comment in elements(file)]

    assert len(comments) > 300
    assert [name for name, comment in comments if not comment[:1].isupper() and not comment[:1].isdigit()] == []
    assert [name for name, comment in comments if not comment.endswith(".")] == []


def elements(file: FileDescriptorProto) -> Iterator[tuple[str, str]]:
    """Every element of a file by its name, with its comment.

    Paths are those of `SourceCodeInfo.Location`: field numbers of descriptor.proto and indices, alternating.
    """
    comments = {tuple(location.path): location.leading_comments.strip() for location in file.source_code_info.location}
    for index, service in enumerate(file.service):
        yield service.name, comments.get((6, index), "")
        for place, method in enumerate(service.method):
            yield f"{service.name}.{method.name}", comments.get((6, index, 2, place), "")
    for index, enum in enumerate(file.enum_type):
        yield enum.name, comments.get((5, index), "")
        for place, value in enumerate(enum.value):
            yield value.name, comments.get((5, index, 2, place), "")
    for index, message in enumerate(file.message_type):
        yield message.name, comments.get((4, index), "")
        yield from members(message, (4, index), comments)


def members(message: DescriptorProto, path: tuple[int, ...], comments: dict[tuple[int, ...], str]) -> Iterator[tuple[str, str]]:
    """Every field and oneof of a message by its name, with its comment; the oneofs that `optional` makes have none."""
    hidden = {field.oneof_index for field in message.field if field.proto3_optional}
    for place, field in enumerate(message.field):
        yield f"{message.name}.{field.name}", comments.get((*path, 2, place), "")
    for place, oneof in enumerate(message.oneof_decl):
        if place not in hidden:
            yield f"{message.name}.{oneof.name}", comments.get((*path, 8, place), "")

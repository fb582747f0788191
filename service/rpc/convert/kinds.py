"""Enumerations: wire numbers and domain values by their common names. A value that one side lacks is left out of its table."""

from __future__ import annotations

from enum import Enum
from typing import Any, Generic, TypeVar

from eunoe.v1 import (
    context_pb2,
    conversation_pb2,
    document_pb2,
    ingestion_pb2,
    instance_pb2,
    memory_pb2,
    processing_pb2,
    scope_pb2,
)
from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from service.domain.kinds import (
    DocumentType,
    IngestionMode,
    IngestionStatus,
    Isolation,
    Lane,
    MemoryType,
    Precision,
    Role,
    ScopeKind,
    Stage,
)

E = TypeVar("E", bound=Enum)


class Kinds(Generic[E]):
    """One enumeration on both sides."""

    def __init__(self, domain: type[E], wire: object, prefix: str) -> None:
        """Pair the members whose names are equal but for the wire's prefix. Wire numbers are typed `Any`: each stub has a type of its own."""
        assert isinstance(wire, EnumTypeWrapper)
        numbers = {name.removeprefix(prefix): number for name, number in wire.items()}
        self.to_wire: dict[E, Any] = {member: numbers[member.name] for member in domain if member.name in numbers}
        self.to_domain: dict[int, E] = {number: member for member, number in self.to_wire.items()}
        self._by_value = {member.value: number for member, number in self.to_wire.items()}

    def of_value(self, value: object) -> Any:
        """The wire number of a stored value; 0 where there is none."""
        return self._by_value.get(value, 0)


roles = Kinds(Role, conversation_pb2.Role, "ROLE_")
modes = Kinds(IngestionMode, processing_pb2.IngestionMode, "INGESTION_MODE_")
lanes = Kinds(Lane, processing_pb2.Lane, "LANE_")
document_types = Kinds(DocumentType, document_pb2.DocumentType, "DOCUMENT_TYPE_")
isolations = Kinds(Isolation, instance_pb2.Isolation, "ISOLATION_")
scope_kinds = Kinds(ScopeKind, scope_pb2.ScopeKind, "SCOPE_KIND_")
memory_types = Kinds(MemoryType, memory_pb2.MemoryType, "MEMORY_TYPE_")
item_types = Kinds(MemoryType, context_pb2.ItemType, "ITEM_TYPE_")
precisions = Kinds(Precision, memory_pb2.TimePrecision, "TIME_PRECISION_")
statuses = Kinds(IngestionStatus, ingestion_pb2.IngestionStatus, "INGESTION_STATUS_")
stages = Kinds(Stage, ingestion_pb2.IngestionStage, "INGESTION_STAGE_")

"""The words of the API, as users of the hosted product write them, and the numbers they have on the wire.

A word is the name of the enum's value without its prefix, in lower case; where the hosted product writes hyphens, hyphens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from eunoe.v1 import (
    context_pb2,
    conversation_pb2,
    document_pb2,
    ingestion_pb2,
    instance_pb2,
    memory_pb2,
    memory_service_pb2,
    processing_pb2,
    scope_pb2,
)

from eunoe_client.errors import FieldViolation, InvalidInputError


class _Enum(Protocol):
    def items(self) -> Iterable[tuple[str, int]]: ...


class Words:
    """The words of one enum."""

    def __init__(self, enum: _Enum, *, hyphens: bool = False, also: dict[str, str] | None = None) -> None:
        values = list(enum.items())
        prefix = next(name for name, number in values if number == 0).removesuffix("UNSPECIFIED")
        words = {number: name.removeprefix(prefix).lower() for name, number in values if number}
        self._words = {number: word.replace("_", "-") if hyphens else word for number, word in words.items()}
        self._numbers = {word: number for number, word in self._words.items()}
        self._also = also or {}

    @property
    def all(self) -> tuple[str, ...]:
        """Every word, in the order of the wire."""
        return tuple(self._numbers)

    def number(self, word: str | None, field: str) -> int:
        """The number of a word; 0 for None and the empty string, which leave the choice to the service.

        Raises:
            InvalidInputError: there is no such word.
        """
        if not word:
            return 0
        # str() would give `Kind.X` for an enum that is a string, as some callers use; its value is the word.
        plain = str.__str__(word).lower()
        number = self._numbers.get(self._also.get(plain, plain))
        if number is None:
            raise invalid(field, f"must be one of {', '.join(self.all)}; got {word!r}")
        return number

    def numbers(self, chosen: str | Sequence[str] | None, field: str) -> list[int]:
        """The numbers of several words; none for None, and where `all` is among them.

        Raises:
            InvalidInputError: one of them is no word.
        """
        given = [chosen] if isinstance(chosen, str) else list(chosen or ())
        return [] if "all" in given else [self.number(each, field) for each in given]

    def word(self, number: int) -> str:
        """The word of a number; empty for unspecified. Numbers that are newer than this SDK read `unknown_<number>`."""
        return self._words.get(number, f"unknown_{number}" if number else "")


def invalid(field: str, problem: str) -> InvalidInputError:
    """The error for an argument that cannot be put on the wire."""
    violation = FieldViolation(field, problem)
    return InvalidInputError(f"{field} {problem}", code="INVALID_ARGUMENT", reason="FIELD_INVALID", fields=[violation])


_PLURALS = {
    "facts": "fact",
    "preferences": "preference",
    "episodes": "episode",
    "emotions": "emotion",
    "temporal": "temporal_event",
    "temporal_events": "temporal_event",
    "excerpts": "excerpt",
}

ROLE = Words(conversation_pb2.Role)
DOCUMENT_TYPE = Words(document_pb2.DocumentType, hyphens=True)
INGESTION_MODE = Words(processing_pb2.IngestionMode, hyphens=True, also={"long_range": "long-range"})
LANE = Words(processing_pb2.Lane)
STATUS = Words(ingestion_pb2.IngestionStatus)
STAGE = Words(ingestion_pb2.IngestionStage)
MERGE_STRATEGY = Words(memory_service_pb2.MergeStrategy, hyphens=True, also={"smart_merge": "smart-merge"})
MEMORY_TYPE = Words(memory_pb2.MemoryType, also=_PLURALS)
ITEM_TYPE = Words(context_pb2.ItemType, also=_PLURALS)
FETCH_MODE = Words(context_pb2.FetchMode)
SCOPE_KIND = Words(scope_pb2.ScopeKind)
ENTITY_TYPE = Words(memory_pb2.EntityType)
POLARITY = Words(memory_pb2.Polarity)
PRECISION = Words(memory_pb2.TimePrecision)
ISOLATION = Words(instance_pb2.Isolation)

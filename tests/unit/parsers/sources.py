"""Sources to parse, with everything but the text at a default."""

from __future__ import annotations

from datetime import UTC, datetime

from service.domain.kinds import DocumentType, IngestionMode, Role, SourceKind
from service.domain.source import PreviousTurn, Source

SAID = datetime(2025, 3, 12, 9, 30, tzinfo=UTC)


def document(text: str, kind: DocumentType, *, said: datetime = SAID, time_zone: str = "") -> Source:
    """A document of one type."""
    return Source("0" * 32, SourceKind.DOCUMENT, text, said, time_zone, IngestionMode.FAST, document_type=kind)


def message(
    text: str,
    *,
    role: Role = Role.USER,
    speaker: str = "",
    said: datetime = SAID,
    time_zone: str = "",
    previous: tuple[PreviousTurn, ...] = (),
) -> Source:
    """One recorded message."""
    return Source(
        "0" * 32, SourceKind.MESSAGE, text, said, time_zone, IngestionMode.FAST, role=role, speaker=speaker, previous=previous
    )

"""What a file is: JSON lines of messages, or a document of a certain type. Reads files; sends nothing."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

from service.domain.kinds import DocumentType, IngestionMode, Role, SourceKind
from service.domain.source import Source, Turn
from service.parsers.transcript import transcript_turns

_MESSAGE_SUFFIXES = {".jsonl", ".ndjson"}
_PEEK_BYTES = 65_536
_PDF = b"%PDF-"
_ENCODED_PDF = base64.b64encode(_PDF)[:6].decode()
"""How every PDF file begins in base64."""


class Unreadable(ValueError):
    """The file cannot be sent as it is; the message says why and what to do."""


def holds_messages(path: Path) -> bool:
    """Whether the file is JSON lines of messages: by its suffix, or because its first line is a JSON object with content."""
    if path.suffix.lower() in _MESSAGE_SUFFIXES:
        return True
    with path.open("rb") as file:
        line = file.read(_PEEK_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n").partition(b"\n")[0]
    if not line.startswith(b"{"):
        return False
    try:
        first = json.loads(line)
    except ValueError:
        return False
    return isinstance(first, dict) and "content" in first


def read_document(path: Path, limit: int) -> str:
    """The text of a document; of a PDF file its bytes in base64, as the service takes them.

    Args:
        path: the file.
        limit: bytes a document may have.

    Raises:
        Unreadable: it is too large, empty, or neither UTF-8 text nor PDF.
    """
    with path.open("rb") as file:
        data = file.read(limit + 1)
    if data.startswith(_PDF):
        data = base64.b64encode(data)
    if len(data) > limit:
        raise Unreadable(
            f"{path.stat().st_size:,} bytes are more than a document may have ({limit:,}); split it into files of at most that size"
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"not UTF-8 text (byte {error.start}); convert it to UTF-8 text first") from error
    if "\0" in text:
        raise Unreadable("a binary file; convert it to text first")
    if not text.strip():
        raise Unreadable("the file is empty")
    return text


def document_type(path: Path, text: str) -> DocumentType:
    """The type of a document: mail by its suffix, PDF by how it begins, talks by their speakers, everything else a document."""
    if path.suffix.lower() == ".eml":
        return DocumentType.EMAIL
    if text.startswith(_ENCODED_PDF):
        return DocumentType.PDF
    found = turns(text, datetime.now(UTC))
    if not found:
        return DocumentType.DOCUMENT
    has_agent = any(turn.role is Role.ASSISTANT for turn in found)
    return DocumentType.AI_CHAT_CONVERSATION if has_agent else DocumentType.HUMAN_CHAT_CONVERSATION


def turns(text: str, said: datetime, time_zone: str = "") -> tuple[Turn, ...]:
    """The turns of a talk as the service would read them; none where the text is no talk.

    Args:
        text: the whole text.
        said: what turns without a time of their own get.
        time_zone: of the talk's own dates.
    """
    source = Source(
        source_id="",
        kind=SourceKind.DOCUMENT,
        content=text,
        said_time=said,
        time_zone=time_zone,
        mode=IngestionMode.FAST,
        document_type=DocumentType.DOCUMENT,
    )
    return transcript_turns(source) or ()

"""What is found out about a file before it is sent."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from service.commands.detect import Unreadable, document_type, holds_messages, read_document, turns
from service.domain.kinds import DocumentType, Role

AGENT_CHAT = "User: I moved to Lisbon.\nAssistant: How nice!\nUser: It is warm here.\n"
PEOPLE_CHAT = "Ana: shall we go?\nBen: yes, at five.\nAna: good.\nBen: see you.\n"


@pytest.mark.parametrize(
    ("name", "text", "kind"),
    [
        ("a.txt", AGENT_CHAT, DocumentType.AI_CHAT_CONVERSATION),
        ("a.txt", PEOPLE_CHAT, DocumentType.HUMAN_CHAT_CONVERSATION),
        ("a.md", "# Plans\n\nWe will paint the house.\n", DocumentType.DOCUMENT),
        ("a.txt", "Just a text. Note: it has a colon.\n", DocumentType.DOCUMENT),
        ("a.eml", "From: ana@example.org\n\nHello\n", DocumentType.EMAIL),
        ("a.unknown", "Anything else.", DocumentType.DOCUMENT),
        ("a.pdf", "JVBERi0xLjQK", DocumentType.PDF),
    ],
)
def test_the_type_follows_from_name_and_content(name: str, text: str, kind: DocumentType) -> None:
    """Chats are told by their speakers, mail by its suffix, everything else is a document."""
    assert document_type(Path(name), text) is kind


@pytest.mark.parametrize(
    ("name", "data", "expected"),
    [
        ("a.jsonl", b"", True),
        ("a.ndjson", b"not json", True),
        ("a.txt", b'\xef\xbb\xbf\n {"role": "user", "content": "x"}\n', True),
        ("a.json", b'{"title": "x"}\n', False),
        ("a.json", b'{\n  "role": "user"\n}', False),
        ("a.txt", b"{broken", False),
        ("a.txt", b"", False),
        ("a.bin", b"\xff\xfe\x00", False),
    ],
)
def test_json_lines_are_told_by_suffix_or_first_line(tmp_path: Path, name: str, data: bytes, expected: bool) -> None:
    """A file of messages is recognised without being read to its end."""
    (tmp_path / name).write_bytes(data)
    assert holds_messages(tmp_path / name) is expected


def test_a_pdf_file_is_sent_as_its_bytes(tmp_path: Path) -> None:
    """In base64, in which it must keep within the limit too; what it is called does not matter."""
    (tmp_path / "a.bin").write_bytes(b"%PDF-1.4\n\xff\xfe")
    text = read_document(tmp_path / "a.bin", 100)
    assert base64.b64decode(text) == b"%PDF-1.4\n\xff\xfe"
    assert document_type(tmp_path / "a.bin", text) is DocumentType.PDF
    with pytest.raises(Unreadable, match="more than a document may have"):
        read_document(tmp_path / "a.bin", 12)


def test_a_byte_order_mark_is_no_content(tmp_path: Path) -> None:
    """Files of other systems begin with a mark that nobody wrote."""
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfhello")
    assert read_document(tmp_path / "a.txt", 100) == "hello"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x" * 101, "101 bytes are more than a document may have (100)"),
        (b"caf\xe9", "not UTF-8 text (byte 3)"),
        (b"%PDF\x00\x01", "binary"),
        (b" \n\t", "empty"),
        (b"", "empty"),
    ],
)
def test_a_file_that_cannot_be_sent_is_refused_with_the_way_out(tmp_path: Path, data: bytes, reason: str) -> None:
    """Too large, not text, binary, empty: each is said in words."""
    (tmp_path / "a.txt").write_bytes(data)
    with pytest.raises(Unreadable) as caught:
        read_document(tmp_path / "a.txt", 100)
    assert reason in str(caught.value)


def test_a_file_of_exactly_the_limit_is_read(tmp_path: Path) -> None:
    """The limit itself is allowed."""
    (tmp_path / "a.txt").write_bytes(b"x" * 100)
    assert len(read_document(tmp_path / "a.txt", 100)) == 100


def test_the_turns_of_a_talk_are_those_the_service_would_read() -> None:
    """Roles and texts of a chat, in order."""
    found = turns(AGENT_CHAT, datetime(2026, 1, 1, tzinfo=UTC))
    assert [(turn.role, turn.text) for turn in found][:2] == [(Role.USER, "I moved to Lisbon."), (Role.ASSISTANT, "How nice!")]
    assert turns("no talk at all", datetime(2026, 1, 1, tzinfo=UTC)) == ()

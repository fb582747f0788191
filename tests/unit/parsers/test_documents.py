"""Plain text, Markdown and messages."""

from __future__ import annotations

from service.domain.kinds import DocumentType, Role
from service.parsers.registry import PARSERS, parse
from tests.unit.parsers.sources import document, message


def test_every_document_type_has_a_parser() -> None:
    """A type that the API accepts can be read."""
    assert set(PARSERS) == set(DocumentType)


def test_a_message_is_one_turn() -> None:
    """Whatever it contains, labels included."""
    turns = parse(message("  Ana: hi\n\nBen: hello ", speaker="Zoe"))
    assert [(turn.text, turn.start, turn.end, turn.role, turn.speaker) for turn in turns] == [
        ("Ana: hi\n\nBen: hello", 2, 21, Role.USER, "Zoe")
    ]


def test_blank_text_has_no_turns() -> None:
    """Nothing said is nothing to find."""
    assert parse(message(" \n\t")) == ()
    assert all(parse(document(" \n\n ", kind)) == () for kind in DocumentType)


def test_paragraphs_of_plain_text() -> None:
    """Blank lines separate turns without a speaker; all line ends count."""
    turns = parse(document("one\nmore\r\n\r\ntwo\r\rthree", DocumentType.PDF))
    assert [(turn.text, turn.role, turn.speaker) for turn in turns] == [
        ("one\nmore", None, ""),
        ("two", None, ""),
        ("three", None, ""),
    ]


def test_markdown_sections() -> None:
    """Blocks know the headings above them, and a heading belongs to the first block below it."""
    text = "# Guide\n\nIntro.\n\n## Setup\n\n- one\n- two\n\nAfter.\n\n# Other\nText\n===\nEnd"
    turns = parse(document(text, DocumentType.KNOWLEDGE_ARTICLE))
    assert [(turn.heading, turn.text) for turn in turns] == [
        ("", "# Guide\n\nIntro."),
        ("Guide", "## Setup\n\n- one\n- two"),
        ("Guide > Setup", "After."),
        ("", "# Other\nText\n===\nEnd"),
    ]


def test_code_fences_stay_whole() -> None:
    """Blank lines and hashes in code are code."""
    text = "# Code\n\nSee:\n\n```sh\n# a comment\n\nls\n```\n\nDone."
    turns = parse(document(text, DocumentType.DOCUMENT))
    assert [turn.text for turn in turns] == ["# Code\n\nSee:", "```sh\n# a comment\n\nls\n```", "Done."]
    assert turns[1].heading == "Code"


def test_broken_markup_is_text() -> None:
    """An open fence runs to the end, a heading without text below it is a turn by itself."""
    assert [turn.text for turn in parse(document("a\n\n```\nx\n\ny", DocumentType.NOTE))] == ["a", "```\nx\n\ny"]
    assert [turn.text for turn in parse(document("# only", DocumentType.NOTE))] == ["# only"]

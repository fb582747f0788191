"""Passages: what is served, what full-text search reads, what is embedded."""

from __future__ import annotations

from service.domain.kinds import DocumentType, Role
from service.domain.source import Passage, PreviousTurn, Source
from service.pipeline.parse import parse
from service.pipeline.segment import HEAD_WORDPIECES, segment, wordpieces
from tests.unit.parsers.sources import document, message


def passages(source: Source) -> tuple[Passage, ...]:
    """The passages of a source."""
    return segment(parse(source)).passages


def test_a_short_message_is_one_passage_with_its_context() -> None:
    """Date on the speaker's calendar, 30 words of each of the two turns before, 60 of its own, which count twice."""
    before = (PreviousTurn("Ana", "w " * 50), PreviousTurn("Assistant", "Which one?"))
    source = message("The blue one", speaker="Ana", time_zone="-12:00", previous=before)
    (passage,) = passages(source)
    assert passage.context == "11 March 2025\nAna: " + "w " * 29 + "w\nAssistant: Which one?\nAna: The blue one\nThe blue one"
    assert passage.embed_text == "Ana: The blue one"
    assert passage.is_head


def test_unnamed_speakers_are_labelled_in_context_only() -> None:
    """A role swamps the vector of a short text, but is a word to search for."""
    (passage,) = passages(message("It is late", role=Role.ASSISTANT))
    assert passage.embed_text == "It is late"
    assert passage.context.endswith("\nAssistant: It is late\nIt is late")


def test_a_long_message_is_served_whole_and_has_further_chunks() -> None:
    """Up to 2,000 characters the head shows the full turn; the chunks say where in it they are."""
    text = " ".join(f"Sentence number {number} is about the garden." for number in range(40))
    head, *chunks = passages(message(text))
    assert head.text == text
    assert head.is_head
    assert chunks
    assert not any(chunk.is_head for chunk in chunks)
    assert all(wordpieces(chunk.text) <= HEAD_WORDPIECES and chunk.text.endswith(".") for chunk in chunks)


def test_a_very_long_message_is_served_in_chunks() -> None:
    """The head is then the first chunk, and nothing is lost."""
    text = " ".join(f"Sentence number {number} is about the garden." for number in range(400))
    found = passages(message(text))
    assert [passage.is_head for passage in found] == [True] + [False] * (len(found) - 1)
    assert " ".join(passage.text for passage in found) == text
    assert [passage.ordinal for passage in found] == list(range(len(found)))


def test_one_endless_word_is_cut() -> None:
    """A word longer than the embedder reads is still found in pieces."""
    found = passages(message("x" * 5000))
    assert "".join(passage.text for passage in found) == "x" * 5000
    assert all(wordpieces(passage.text) <= HEAD_WORDPIECES + 1 for passage in found)


def test_headings_join_context_and_vector() -> None:
    """A paragraph is found by the words of its heading."""
    *_, passage = passages(document("# Returns\n\nFirst.\n\nWithin 30 days.", DocumentType.KNOWLEDGE_ARTICLE))
    assert passage.embed_text == "Returns: Within 30 days."
    assert "\nReturns\n" in passage.context


def test_the_turns_before_are_those_of_the_document() -> None:
    """Context in a transcript is what was said just before."""
    *_, last = passages(document("Ana: one\nBen: two\nAna: three\nBen: four", DocumentType.HUMAN_CHAT_CONVERSATION))
    assert last.context == "12 March 2025\nBen: two\nAna: three\nBen: four\nfour"

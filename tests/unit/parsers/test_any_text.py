"""What holds for every text and every document type, and that hostile text takes no longer than other text."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from service.domain.kinds import DocumentType
from service.parsers.registry import parse
from service.pipeline.parse import parse as parse_stage
from service.pipeline.segment import segment
from tests.unit.parsers.sources import document

LABELS = (
    "User:",
    "Assistant: ",
    "Ana: ",
    "[10:32] Ana: ",
    "**Ben:** ",
    "Ana 10:32\n",
    "# ",
    "## B",
    "```",
    "- x",
    "| a |",
    "===",
)
PIECES = st.one_of(
    st.sampled_from((*LABELS, "\n", "\n\n", "\r\n", "hello there. ", " ", "\u2028", "8 May 2023\n")), st.text(max_size=12)
)
TEXTS = st.lists(PIECES, max_size=40).map("".join)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""A busy machine is no failure."""


@UNHURRIED
@given(TEXTS, st.sampled_from(DocumentType))
@example("[a]: b\n", DocumentType.NOTE)
def test_turns_are_slices_in_order(text: str, kind: DocumentType) -> None:
    """Spans give back the text, do not overlap, and follow each other."""
    place = 0
    for turn in parse(document(text, kind)):
        assert place <= turn.start < turn.end
        assert text[turn.start : turn.end] == turn.text == turn.text.strip()
        place = turn.end


@UNHURRIED
@given(TEXTS, st.sampled_from(DocumentType))
def test_passages_cover_what_can_be_read(text: str, kind: DocumentType) -> None:
    """Every character that is not blank and not part of a label is in a passage, and every passage is a slice."""
    source = document(text, kind)
    segmented = segment(parse_stage(source))
    covered: set[int] = set()
    for passage in segmented.passages:
        assert text[passage.start : passage.end] == passage.text
        covered.update(range(passage.start, passage.end))
    turns = {place for turn in segmented.turns for place in range(turn.start, turn.end)}
    assert {place for place in turns if not text[place].isspace()} <= covered
    if not any(turn.role for turn in segmented.turns):
        assert {place for place, letter in enumerate(text) if not letter.isspace()} <= covered


@pytest.mark.parametrize("kind", [DocumentType.AI_CHAT_CONVERSATION, DocumentType.NOTE, DocumentType.SUPPORT_TICKET])
@pytest.mark.parametrize(
    "unit",
    [
        "a",
        "😀",
        ":",
        ". ",
        "A. ",
        "a.",
        "Ana: ",
        "Ana: x\n",
        "10:32 ",
        "[",
        "[a]: x\n",
        ">",
        "- ",
        "- a\n",
        "# a\n",
        "```\n",
        "|a",
        " ",
        "\n",
    ],
)
def test_hostile_text_is_read_in_linear_time(unit: str, kind: DocumentType) -> None:
    """100 KB of anything ends well within the suite's time limit."""
    text = unit * (100_000 // len(unit.encode()))
    segmented = segment(parse_stage(document(text, kind)))
    assert all(passage.text == text[passage.start : passage.end] for passage in segmented.passages)

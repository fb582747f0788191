"""Talks: who said what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from service.domain.kinds import DocumentType, Role
from service.parsers.registry import parse
from tests.unit.parsers.sources import SAID, document

AI = DocumentType.AI_CHAT_CONVERSATION
PEOPLE = DocumentType.HUMAN_CHAT_CONVERSATION


def spoken(text: str, kind: DocumentType) -> list[tuple[Role | None, str, str]]:
    """Role, speaker and text of each turn."""
    return [(turn.role, turn.speaker, turn.text) for turn in parse(document(text, kind))]


def test_role_labels_tell_roles_and_name_nobody() -> None:
    """User and Human are the user, Assistant, AI and Bot the assistant."""
    assert spoken("User: hi\nAssistant: hello\nHuman: fine\nAI: good\nBot: bye", AI) == [
        (Role.USER, "", "hi"),
        (Role.ASSISTANT, "", "hello"),
        (Role.USER, "", "fine"),
        (Role.ASSISTANT, "", "good"),
        (Role.ASSISTANT, "", "bye"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Ana: hi\nBen Cole: hello",
        "[10:32] Ana: hi\n[10:33] Ben Cole: hello",
        "10:32:05 Ana: hi\n10:33:09 Ben Cole: hello",
        "2025-03-01 10:32 - Ana: hi\n2025-03-01 10:33 - Ben Cole: hello",
        "**Ana:** hi\n**Ben Cole:** hello",
        "**Ana**: hi\n**Ben Cole**: hello",
        "Ana (10:32): hi\nBen Cole (10:33): hello",
        "Ana 10:32 AM\nhi\n\nBen Cole 10:33 AM\nhello",
    ],
)
def test_shapes_of_named_labels(text: str) -> None:
    """Names are found in every usual shape of a transcript, and all of them are users."""
    assert spoken(text, PEOPLE) == [(Role.USER, "Ana", "hi"), (Role.USER, "Ben Cole", "hello")]


def test_turns_of_several_lines() -> None:
    """Lines without a label belong to the turn above them, blank lines included."""
    assert spoken("Ana: one\ntwo\n\nthree\nBen: four", PEOPLE) == [
        (Role.USER, "Ana", "one\ntwo\n\nthree"),
        (Role.USER, "Ben", "four"),
    ]


def test_text_before_the_first_label_has_no_speaker() -> None:
    """A title or introduction is a turn of nobody."""
    assert spoken("Weekly call\n\nAna: hi\nBen: hello", PEOPLE)[0] == (None, "", "Weekly call")


def test_text_that_imitates_speakers_stays_with_who_pasted_it() -> None:
    """Where both sides have role labels, other labels are text."""
    text = "User: she wrote\nBob: I hate cats\nNote: odd\nAssistant: I see\nBob: still text"
    assert [turn[2] for turn in spoken(text, AI)] == ["she wrote\nBob: I hate cats\nNote: odd", "I see\nBob: still text"]


def test_stamped_transcripts_ignore_plain_labels() -> None:
    """One shape is used throughout a transcript."""
    text = "[10:32] Ana: list\nMilk: two\n[10:33] Ben: ok\n[10:34] Ana: bye"
    assert [turn[1] for turn in spoken(text, PEOPLE)] == ["Ana", "Ben", "Ana"]


def test_undeclared_text_needs_labels_that_come_back() -> None:
    """A support ticket with a few labelled lines is no talk; agents and customers are roles in one that is."""
    assert {turn[0] for turn in spoken("Printer: broken\nFloor: third", DocumentType.SUPPORT_TICKET)} == {None}
    assert spoken("Agent: hi\nCustomer: it broke", DocumentType.SUPPORT_TICKET) == [
        (Role.ASSISTANT, "", "hi"),
        (Role.USER, "", "it broke"),
    ]


def test_dates_of_sessions() -> None:
    """A date line dates the turns below it, with their clock times, on the source's calendar."""
    text = "8 May 2023\n[10:32] Ana: hi\n[10:33] Ben: hello\n2023-06-01\n[09:00] Ana: again"
    turns = parse(document(text, PEOPLE, time_zone="+02:00"))
    assert [turn.said_time for turn in turns if turn.speaker] == [
        datetime(2023, 5, 8, 8, 32, tzinfo=UTC),
        datetime(2023, 5, 8, 8, 33, tzinfo=UTC),
        datetime(2023, 6, 1, 7, 0, tzinfo=UTC),
    ]


def test_impossible_and_future_dates_are_not_believed() -> None:
    """A turn was not said after its source was written."""
    turns = parse(document("31 February 2023\nAna: hi\nBen: yo\n8 May 2093\nAna: hi", PEOPLE))
    assert {turn.said_time for turn in turns} == {SAID}

"""What the quality commands read and write: every turn, nothing of the labels, and answers as the scorers expect them."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from eunoe_client import Entity, Memory, Scope
from tests.quality.cases import answer, read_cases
from tests.quality.conversations import MOST_BYTES, Talk, read_talks
from tests.quality.verbatim import Echo

TALK = {
    "sample": 7,
    "source": "own",
    "participants": ["Ines", "Tom"],
    "turns": [
        {
            "id": "a",
            "session": 1,
            "at": "2025-01-02T10:00:00",
            "speaker": "Ines",
            "text": "The roof leaks.",
            "caption": "a wet attic",
        },
        {"id": "b", "session": 2, "at": "2025-02-02T10:00:00+02:00", "speaker": "Assistant", "text": "Call a roofer."},
    ],
    "questions": [{"index": 3, "text": "What leaks?", "kind": "single", "evidence": ["a"]}],
}
CASE = {
    "id": "c-1",
    "input": {
        "kind": "conversation",
        "document_type": "ai-chat-conversation",
        "user_id": "ines",
        "timestamp": "2025-01-02T10:00:00+02:00",
        "turns": [{"role": "user", "content": "I moved in May.", "timestamp": "2025-01-02T10:00:05+02:00"}],
    },
    "expected": [{"type": "fact"}],
}


def _talk(tmp_path: Path, **changes: Any) -> Talk:
    path = tmp_path / "talks.jsonl"
    path.write_text(json.dumps(TALK | changes) + "\n", encoding="utf-8")
    return read_talks(path)[0]


def test_a_picture_is_part_of_what_was_said(tmp_path: Path) -> None:
    """The caption stands behind the words, and times without a zone are UTC."""
    first, second = _talk(tmp_path).turns

    assert (first.text, first.speaker, first.role) == ("The roof leaks. [a wet attic]", "Ines", "user")
    assert first.at == datetime(2025, 1, 2, 10, tzinfo=UTC)
    assert (second.speaker, second.role) == ("", "assistant")


def test_compressed_files_read_the_same(tmp_path: Path) -> None:
    """Whether a file is compressed makes no difference."""
    packed = tmp_path / "talks.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(TALK).encode()))

    assert read_talks(packed) == [_talk(tmp_path)]


def test_questions_are_asked_when_the_talk_has_ended(tmp_path: Path) -> None:
    """The last thing said is the time of the question, so that "last month" means something."""
    talk = _talk(tmp_path)

    assert talk.questions == ((3, "What leaks?"),)
    assert talk.ends == talk.turns[1].at


def test_a_turn_of_any_length_is_recorded_whole(tmp_path: Path) -> None:
    """The parts of a turn fit a message each and are the turn together, whatever its script."""
    for text in ("word " * 20_000, "ä" * 50_000, "字" * 30_000 + " x"):
        turn = _talk(tmp_path, turns=[TALK["turns"][0] | {"text": text, "caption": ""}]).turns[0]  # type: ignore[index]
        parts = list(turn.parts())

        assert "".join(parts) == turn.text
        assert all(0 < len(part.encode()) <= MOST_BYTES for part in parts)


def test_nothing_but_the_input_of_a_case_is_read(tmp_path: Path) -> None:
    """A case without what is expected reads the same."""
    with_labels, without = tmp_path / "a.json", tmp_path / "b.json"
    with_labels.write_text(json.dumps([CASE]), encoding="utf-8")
    without.write_text(json.dumps([{"id": "c-1", "input": CASE["input"]}]), encoding="utf-8")

    assert read_cases(with_labels) == read_cases(without)
    assert read_cases(without)[0].zone == "+02:00"


def test_an_answer_dates_by_the_clock_of_its_case(tmp_path: Path) -> None:
    """A date is the day on the speaker's clock, and as exact as the memory knows it."""
    path = tmp_path / "cases.json"
    path.write_text(json.dumps([CASE]), encoding="utf-8")
    midnight = datetime(2025, 5, 3, 23, tzinfo=UTC)
    entity = Entity(entity_id="e", name="Porto", type="place")
    memories = [
        Memory(
            memory_id="m",
            memory_type="fact",
            content="Moved.",
            confidence=0.5,
            scope=Scope(kind="client"),
            entities=(entity,),
            event_date=midnight,
            event_precision=precision,
        )
        for precision in ("day", "month", "year")
    ]

    written = answer(read_cases(path)[0], memories)

    assert [each["event_date"] for each in written["memories"]] == ["2025-05-04", "2025-05", "2025"]
    assert (written["id"], written["memories"][0]["entities"]) == ("c-1", ["Porto"])


def test_an_echo_is_told_from_a_memory(tmp_path: Path) -> None:
    """A whole turn and a run of words as said are told apart, and both from a statement of one's own."""
    echo = Echo.of([_talk(tmp_path)])

    assert echo.is_turn("call a ROOFER") and echo.is_quote("call a ROOFER")
    assert echo.is_quote("roof leaks") and not echo.is_turn("roof leaks")
    assert not echo.is_quote("Ines's roof leaks") and not echo.is_quote("roof leak")

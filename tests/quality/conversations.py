"""Labelled conversations as files hold them: who said what when, and which turns answer which question.

One conversation is one line of JSON: `{"sample", "turns": [{"id", "session", "at", "speaker", "text", "caption"?}], "questions": [{"index",
"text"}]}`. The evidence that stands beside the questions is not read: it is the scorer's.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

MOST_BYTES = 32_000
"""Of one recorded message; longer turns are recorded in several messages that count as the turn."""
_ASSISTANTS = frozenset({"assistant", "ai", "bot", "agent", "system", "chatbot"})
_LABELS = _ASSISTANTS | {"user", "human", "customer"}
"""Speakers that are a role and no name."""


@dataclass(frozen=True, slots=True)
class Said:
    """One turn."""

    turn_id: str
    session: str
    at: datetime
    speaker: str
    """A name; empty where the data name a role only."""
    role: str
    text: str
    """What was said, the description of a picture in brackets behind it."""

    def parts(self) -> Iterator[str]:
        """What was said in pieces that each fit a message; cut at blanks where there are any."""
        rest = self.text.encode()
        while len(rest) > MOST_BYTES:
            head = rest[:MOST_BYTES].decode(errors="ignore")
            cut = head.rfind(" ") + 1 or len(head)
            yield head[:cut]
            rest = rest[len(head[:cut].encode()) :]
        yield rest.decode()


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation with its questions, each an index and a text."""

    sample: str
    turns: tuple[Said, ...]
    questions: tuple[tuple[int, str], ...]

    @property
    def ends(self) -> datetime:
        """When the last turn was said: the questions are asked then."""
        return max(turn.at for turn in self.turns)


def read_talks(path: Path) -> list[Talk]:
    """All conversations of a file, compressed or not."""
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [_talk(json.loads(line)) for line in lines if line.strip()]


def _talk(held: dict[str, Any]) -> Talk:
    return Talk(
        str(held["sample"]),
        tuple(_said(turn) for turn in held["turns"]),
        tuple((int(question["index"]), str(question["text"])) for question in held["questions"]),
    )


def _said(held: dict[str, Any]) -> Said:
    at = datetime.fromisoformat(held["at"])
    label = str(held["speaker"])
    caption = f" [{held['caption']}]" if held.get("caption") else ""
    return Said(
        turn_id=str(held["id"]),
        session=str(held["session"]),
        at=at if at.tzinfo else at.replace(tzinfo=UTC),
        speaker="" if label.casefold() in _LABELS else label,
        role="assistant" if label.casefold() in _ASSISTANTS else "user",
        text=f"{held['text']}{caption}".strip() or "…",
    )

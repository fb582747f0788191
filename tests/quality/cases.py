"""Extraction cases as files hold them, and the lines that answer them.

Of a case only `id` and `input` are read. `input` is `{"kind": "conversation" | "document", "document_type", "user_id", "timestamp", "turns":
[{"role", "speaker"?, "content", "timestamp"}] | "text"}`. An answer is `{"id", "memories": [{"type", "content", "event_date"?, "confidence",
"valid_until"?, "entities": [names]}]}`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from eunoe_client import Memory

_TYPES = {"audio-transcript": "audio", "human-chat": "human-chat-conversation"}
"""What cases call some types of documents."""
_SHOWN = {"year": "%Y", "month": "%Y-%m"}
"""How much of a date its precision lets through; the day, where it is finer."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One turn of a case."""

    role: str
    speaker: str
    content: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Case:
    """What the service is given of one case."""

    case_id: str
    user_id: str
    document_type: str
    at: datetime
    text: str
    """Of a document; empty for a conversation."""
    turns: tuple[Spoken, ...]

    @property
    def zone(self) -> str:
        """The offset of the case's clock, as `+02:00`."""
        return self.at.isoformat()[-6:]


def read_cases(path: Path) -> list[Case]:
    """All cases of a file."""
    return [_case(each) for each in json.loads(path.read_text(encoding="utf-8"))]


def answer(case: Case, memories: list[Memory]) -> dict[str, Any]:
    """The line that answers a case."""
    return {"id": case.case_id, "memories": [_written(memory, case.at.tzinfo) for memory in memories]}


def _case(held: dict[str, Any]) -> Case:
    given = held["input"]
    at = _moment(given["timestamp"])
    kind = str(given.get("document_type") or "document")
    return Case(
        case_id=str(held["id"]),
        user_id=str(given.get("user_id") or held["id"]),
        document_type=_TYPES.get(kind, kind),
        at=at,
        text=str(given.get("text", "")) if given["kind"] == "document" else "",
        turns=tuple(_spoken(turn, at) for turn in given.get("turns", ())),
    )


def _spoken(held: dict[str, Any], at: datetime) -> Spoken:
    said = _moment(held["timestamp"]) if held.get("timestamp") else at
    return Spoken(str(held["role"]), str(held.get("speaker") or ""), str(held["content"]), said)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _written(memory: Memory, zone: tzinfo | None) -> dict[str, Any]:
    written: dict[str, Any] = {
        "type": memory.memory_type,
        "content": memory.content,
        "confidence": round(memory.confidence, 4),
        "entities": [entity.name for entity in memory.entities],
    }
    if memory.event_date:
        written["event_date"] = memory.event_date.astimezone(zone).strftime(_SHOWN.get(memory.event_precision, "%Y-%m-%d"))
    if memory.valid_until:
        written["valid_until"] = memory.valid_until.astimezone(zone).isoformat()
    return written

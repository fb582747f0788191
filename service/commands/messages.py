"""Messages of a conversation from a file: JSON lines, or the turns of a talk. Every message gets an id that is the same the next time."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from service.commands.detect import Unreadable
from service.domain.kinds import Role
from service.domain.source import Turn
from service.domain.zones import zone

KEYS = ("role", "content", "speaker", "said_time", "time_zone", "session_id", "message_id", "metadata")
"""What a JSON line may hold; the first two must be there."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message to send."""

    line: int
    """Where it stands in the file, from 1; for turns of a talk their number."""
    role: Role
    content: str
    speaker: str = ""
    said_time: datetime | None = None
    time_zone: str = ""
    session_id: str = ""
    message_id: str = ""
    metadata: dict[str, Any] = field(default_factory=dict)


def from_json_lines(lines: Iterable[bytes], time_zone: str = "") -> Iterator[Spoken]:
    """The messages of JSON lines, one object per line; blank lines are skipped.

    Args:
        lines: the lines of a file, read as they are needed.
        time_zone: of times that say no zone of their own.

    Raises:
        Unreadable: at the first line that is no message; it names the line, the value and what is allowed.
    """
    for number, line in enumerate(lines, 1):
        if line.strip(b" \t\r\n\xef\xbb\xbf"):
            yield _message(number, line, time_zone)


def from_turns(turns: Iterable[Turn], *, unknown: datetime, said: datetime | None, time_zone: str = "") -> Iterator[Spoken]:
    """The messages of a talk; what stands before the first speaker is nobody's and left out.

    Args:
        turns: as a parser found them.
        unknown: what the parser gave to turns that have no time of their own.
        said: what those get instead.
        time_zone: of the talk.
    """
    for number, turn in enumerate(turns, 1):
        if turn.role is not None:
            own = said if turn.said_time == unknown else turn.said_time
            yield Spoken(number, turn.role, turn.text, turn.speaker, own, time_zone)


def with_ids(messages: Iterable[Spoken]) -> Iterator[Spoken]:
    """Give an id to every message that has none: from what it says, and how many equal ones came before it.

    So a file can be sent again, also after lines were added to it, and nothing is stored twice.
    """
    seen: Counter[bytes] = Counter()
    for message in messages:
        if message.message_id:
            yield message
            continue
        said = message.said_time.isoformat() if message.said_time else ""
        parts = json.dumps([message.role, message.content, message.speaker, said, message.session_id])
        digest = hashlib.blake2b(parts.encode(), digest_size=12)
        seen[digest.digest()] += 1
        yield replace(message, message_id=f"{digest.hexdigest()}-{seen[digest.digest()]}")


def _message(number: int, line: bytes, time_zone: str) -> Spoken:
    try:
        fields = json.loads(line.decode("utf-8-sig"))
    except ValueError as error:
        raise Unreadable(f"line {number}: not a JSON object in UTF-8 ({error})") from error
    if not isinstance(fields, dict):
        raise Unreadable(f"line {number}: not a JSON object")
    unknown = sorted(set(fields) - set(KEYS))
    if unknown:
        raise Unreadable(f"line {number}: {unknown[0]!r} is no key of a message; allowed are {', '.join(KEYS)}")
    if fields.get("role") not in ("user", "assistant"):
        raise Unreadable(f"line {number}: role is {fields.get('role')!r}; it must be 'user' or 'assistant'")
    texts = {key: _text(number, key, fields.get(key)) for key in KEYS if key not in ("role", "said_time", "metadata")}
    if not texts["content"]:
        raise Unreadable(f"line {number}: content is missing or empty")
    texts["time_zone"] = texts["time_zone"] or time_zone
    metadata = fields.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise Unreadable(f"line {number}: metadata is {metadata!r}; it must be an object")
    said = _time(number, fields.get("said_time"), texts["time_zone"])
    return Spoken(number, Role(fields["role"]), said_time=said, metadata=metadata, **texts)


def _text(number: int, key: str, value: object) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unreadable(f"line {number}: {key} is {value!r}; it must be a text")
    return value


def _time(number: int, value: object, time_zone: str) -> datetime | None:
    if value is None:
        return None
    try:
        return parse_time(str(value), time_zone)
    except ValueError as error:
        raise Unreadable(f"line {number}: said_time is {value!r}; {error}") from error


def parse_time(text: str, time_zone: str) -> datetime:
    """A date or time in ISO 8601; without an offset of its own it is of the time zone.

    Raises:
        ValueError: with what is allowed.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("it must be a date or time such as 2026-03-02, 2026-03-02T14:05 or 2026-03-02T14:05:00+01:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone(time_zone))

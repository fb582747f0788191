"""One recorded message is one turn."""

from __future__ import annotations

from service.domain.source import Source, Turn
from service.parsers.spans import trimmed


def parse_message(source: Source) -> tuple[Turn, ...]:
    """The message as a single turn of its role and speaker; no turn when it is blank."""
    start, end = trimmed(source.content, 0, len(source.content))
    if start == end:
        return ()
    return (Turn(source.content[start:end], start, end, source.role, source.speaker, source.said_time),)

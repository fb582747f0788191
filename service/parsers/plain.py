"""Plain text: every paragraph is a turn without a speaker."""

from __future__ import annotations

from collections.abc import Iterator

from service.domain.source import Source, Turn
from service.parsers.spans import lines, trimmed


def parse_plain(source: Source) -> tuple[Turn, ...]:
    """The paragraphs of a text, separated by blank lines."""
    text = source.content
    spans = (trimmed(text, start, end) for start, end in _paragraphs(text))
    return tuple(Turn(text[start:end], start, end, None, "", source.said_time) for start, end in spans)


def _paragraphs(text: str) -> Iterator[tuple[int, int]]:
    start: int | None = None
    end = 0
    for line in lines(text):
        if line.is_blank:
            if start is not None:
                yield start, end
            start = None
            continue
        start = line.start if start is None else start
        end = line.end
    if start is not None:
        yield start, end

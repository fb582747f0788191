"""Exact pieces of a text: a span without the blanks around it, and the lines of a text with their offsets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_LINE_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a text, without its line end."""

    start: int
    end: int
    text: str

    @property
    def is_blank(self) -> bool:
        """Whether nothing can be read in it."""
        return not self.text or self.text.isspace()


def lines(text: str) -> tuple[Line, ...]:
    """The lines of a text; they end as in CommonMark, at a carriage return, a line feed, or both."""
    return tuple(_lines(text))


def _lines(text: str) -> Iterator[Line]:
    start = 0
    for end in _LINE_END.finditer(text):
        yield Line(start, end.start(), text[start : end.start()])
        start = end.end()
    yield Line(start, len(text), text[start:])


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without blanks at both ends; an empty span where nothing is left."""
    piece = text[start:end]
    kept = piece.strip()
    if not kept:
        return start, start
    lead = len(piece) - len(piece.lstrip())
    return start + lead, start + lead + len(kept)

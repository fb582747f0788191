"""Markdown: every block (paragraph, list, table, code fence) is a turn that knows the headings above it.

A heading belongs to the first block below it, because a heading alone answers no question.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice

from markdown_it import MarkdownIt
from markdown_it.token import Token

from service.domain.source import Source, Turn
from service.parsers.plain import parse_plain
from service.parsers.spans import Line, lines, trimmed

_MARKERS = re.compile(r"^(?:#{1,6}\s+\S|```|~~~|>\s|[-*+]\s+\S|\d{1,3}[.)]\s+\S|\|.*\||(?:=+|-{3,})\s*$)", re.MULTILINE)
_STRONG_MARKERS = re.compile(r"^(?:#{1,6}\s+\S|```|~~~|\|[^\n]*\|\s*$)", re.MULTILINE)
_ENOUGH_MARKERS = 3
"""Weak markers (list items, quotes, rules) that make a text Markdown without a strong one."""
_HEADING_MARKS = re.compile(r"^#{1,6}\s*|\s*#+\s*$")

_BLOCKS = MarkdownIt("commonmark").enable("table")
_BLOCKS.core.ruler.enableOnly(["normalize", "block"])


def looks_like_markdown(text: str) -> bool:
    """Whether a text has a heading, a fence or a table, or at least three list items, quotes or rules."""
    if _STRONG_MARKERS.search(text):
        return True
    return len(list(islice(_MARKERS.finditer(text), _ENOUGH_MARKERS))) == _ENOUGH_MARKERS


def parse_markdown(source: Source) -> tuple[Turn, ...]:
    """The blocks of a Markdown text, each with its headings; code fences stay whole."""
    text_lines = lines(source.content)
    outline = _Outline()
    pending: int | None = None
    turns: list[Turn] = []
    for block in _blocks(source.content, text_lines):
        start = block.start if pending is None else pending
        if block.level:
            outline.enter(block.level, block.title)
            pending = start
            continue
        heading = outline.path if pending is None else outline.parents
        turns.extend(_turn(source, start, block.end, heading))
        pending = None
    if pending is not None:
        turns.extend(_turn(source, pending, len(source.content), outline.parents))
    return tuple(turns) if turns else parse_plain(source)


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    level: int = 0
    """1 to 6 for a heading, else 0."""
    title: str = ""


class _Outline:
    """The headings above the current place."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> None:
        self._open = [(depth, text) for depth, text in self._open if depth < level]
        self._open.append((level, title))

    @property
    def path(self) -> str:
        return " > ".join(title for _, title in self._open)

    @property
    def parents(self) -> str:
        return " > ".join(title for _, title in self._open[:-1])


def _blocks(text: str, text_lines: tuple[Line, ...]) -> list[_Block]:
    """Consecutive top-level blocks; what markdown-it gives no token for (link definitions) joins the block before it."""
    starts = [
        (text_lines[token.map[0]].start, token)
        for token in _BLOCKS.parse(text)
        if token.level == 0 and token.nesting >= 0 and token.map
    ]
    blocks = []
    for number, (start, token) in enumerate(starts):
        first = 0 if number == 0 else start
        end = starts[number + 1][0] if number + 1 < len(starts) else len(text)
        level = int(token.tag[1:]) if token.type == "heading_open" else 0
        title = _title(text_lines, token) if level else ""
        blocks.append(_Block(first, end, level, title))
    return blocks


def _title(text_lines: tuple[Line, ...], token: Token) -> str:
    first = text_lines[token.map[0]].text if token.map else ""
    return " ".join(_HEADING_MARKS.sub("", first.strip()).split())


def _turn(source: Source, start: int, end: int, heading: str) -> list[Turn]:
    start, end = trimmed(source.content, start, end)
    if start == end:
        return []
    return [Turn(source.content[start:end], start, end, None, "", source.said_time, heading)]

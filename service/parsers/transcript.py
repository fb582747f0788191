"""Talks written down: `User:` / `Assistant:`, named speakers, time stamps, bold names, names on a line of their own."""

from __future__ import annotations

from collections.abc import Callable

from service.domain.kinds import DocumentType
from service.domain.source import Source, Turn
from service.parsers.labels import (
    AGENT_LABELS,
    ASSISTANT_LABELS,
    CUSTOMER_LABELS,
    USER_LABELS,
    Label,
    find_labels,
    role_of,
)
from service.parsers.markdown import looks_like_markdown, parse_markdown
from service.parsers.plain import parse_plain
from service.parsers.spans import Line, lines, trimmed
from service.parsers.stamps import date_line, said_time

_BETWEEN_PEOPLE = frozenset({DocumentType.HUMAN_CHAT_CONVERSATION, DocumentType.MEETING_TRANSCRIPT})
_DECLARED_TALKS = _BETWEEN_PEOPLE | {DocumentType.AI_CHAT_CONVERSATION}


def parse_transcript(source: Source) -> tuple[Turn, ...]:
    """The turns of a talk; text before the first label is a turn without a speaker. Not a talk: as a written text."""
    turns = transcript_turns(source)
    return parse_prose(source) if turns is None else turns


def parse_any(source: Source) -> tuple[Turn, ...]:
    """A text of unknown shape: a talk, Markdown or plain text, whichever it looks like."""
    turns = transcript_turns(source)
    return parse_prose(source) if turns is None else turns


def parse_prose(source: Source) -> tuple[Turn, ...]:
    """A written text: Markdown when it looks like it, else plain."""
    parse: Callable[[Source], tuple[Turn, ...]] = parse_markdown if looks_like_markdown(source.content) else parse_plain
    return parse(source)


def transcript_turns(source: Source) -> tuple[Turn, ...] | None:
    """The turns of a talk, or None where nobody is labelled as saying anything."""
    text_lines = lines(source.content)
    agents = source.document_type not in _BETWEEN_PEOPLE
    role_labels = ASSISTANT_LABELS | USER_LABELS | (AGENT_LABELS | CUSTOMER_LABELS if agents else frozenset())
    labels = find_labels(text_lines, role_labels=role_labels, declared=source.document_type in _DECLARED_TALKS)
    if not labels:
        return None
    opening = Label(-1, "", "", 0, 0)
    days = _days(text_lines, labels)
    turns = []
    for label, following in zip((opening, *labels), (*labels, None), strict=True):
        end = following.start if following else len(source.content)
        turn = _turn(source, label, end, days.get(label.line), agents)
        if turn:
            turns.append(turn)
    return tuple(turns) if any(turn.role for turn in turns) else None


def _days(text_lines: tuple[Line, ...], labels: tuple[Label, ...]) -> dict[int, tuple[int, int, int]]:
    """For the line of each label, the date line above it."""
    labelled = {label.line for label in labels}
    day: tuple[int, int, int] | None = None
    days = {}
    for number, line in enumerate(text_lines):
        if number in labelled:
            if day:
                days[number] = day
        else:
            day = date_line(line.text) or day
    return days


def _turn(source: Source, label: Label, end: int, day: tuple[int, int, int] | None, agents: bool) -> Turn | None:
    start, end = trimmed(source.content, label.text_start, end)
    if start == end:
        return None
    said = said_time(source, label.stamp, day)
    if label.line < 0:
        return Turn(source.content[start:end], start, end, None, "", said)
    role, speaker = role_of(label.name, agents=agents)
    return Turn(source.content[start:end], start, end, role, speaker, said)

"""Stage 2: turns cut into passages, each with the text that search reads and the text that is embedded.

A passage is one turn. Of a turn too long for the embedder the head is embedded (measured on long chats: one vector of the
head beats the best of all chunks) and the rest becomes further chunks that count less in ranking.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from service.domain.kinds import Role
from service.domain.sentences import sentence_spans
from service.domain.source import Parsed, Passage, PreviousTurn, Segmented, Source, Turn
from service.domain.zones import date_words, local_time

HEAD_WORDPIECES = 256
"""What the embedder reads of a text; longer turns get further chunks."""

WHOLE_TURN = 2000
"""Characters up to which a long turn is served whole by its head."""

_PREVIOUS_TURNS = 2
_PREVIOUS_WORDS = 30
_OWN_WORDS = 60
"""Words of the two turns before and of the turn itself that full-text search reads: more of them drown short turns."""

_OWN_TIMES = 2
"""How often the turn itself stands in what full-text search reads, as its words are nearer than those before it: "shipment 77" is not
the turn after it. (BM25 over weighted fields, Robertson et al. 2004, with whole numbers for weights.)"""

_ASCII_CHARACTERS_PER_WORDPIECE = 4.3
"""English prose has about 190 words or 1,100 characters in 256 wordpieces; other scripts about a character in each."""

_LONGEST_WORD = 40
_WORD = re.compile(r"\S{1,40}")


def segment(parsed: Parsed) -> Segmented:
    """One passage a turn, and further chunks of long turns; together they cover every turn."""
    passages: list[Passage] = []
    turns = parsed.turns
    for number, turn in enumerate(turns):
        previous = _previous(parsed, number)
        spans = _chunks(parsed.source.content, turn)
        if len(spans) > 1 and len(turn.text) <= WHOLE_TURN:
            spans[0] = turn.start, turn.end
        for index, span in enumerate(spans):
            passages.append(_passage(parsed.source, turn, number, len(passages), span, index == 0, previous))
    return Segmented(parsed.source, turns, tuple(passages))


def wordpieces(text: str) -> float:
    """About how many wordpieces the embedder makes of a text."""
    ascii_length = len(text.encode("ascii", "ignore"))
    return ascii_length / _ASCII_CHARACTERS_PER_WORDPIECE + (len(text) - ascii_length)


def speaker_label(role: Role | None, speaker: str) -> str:
    """How a turn's speaker is written in context: the name, else "User" or "Assistant", else nothing."""
    if speaker or role is None:
        return speaker
    return "Assistant" if role is Role.ASSISTANT else "User"


def _passage(
    source: Source,
    turn: Turn,
    number: int,
    ordinal: int,
    span: tuple[int, int],
    is_head: bool,
    previous: Sequence[PreviousTurn],
) -> Passage:
    text = source.content[span[0] : span[1]]
    context = _context(source, turn, text, previous if is_head else ())
    embed_text = ": ".join(part for part in (turn.speaker or turn.heading, text) if part)
    return Passage(ordinal, span[0], span[1], text, turn.role, turn.speaker, turn.said_time, context, embed_text, is_head, number)


def _context(source: Source, turn: Turn, text: str, previous: Sequence[PreviousTurn]) -> str:
    lines = [date_words(local_time(turn.said_time, source.time_zone))]
    lines.extend(_spoken(before.speaker, before.text, _PREVIOUS_WORDS) for before in previous)
    if turn.heading:
        lines.append(turn.heading)
    lines.append(_spoken(speaker_label(turn.role, turn.speaker), text, _OWN_WORDS))
    lines.extend([first_words(text, _OWN_WORDS)] * (_OWN_TIMES - 1))
    return "\n".join(lines)


def _spoken(speaker: str, text: str, words: int) -> str:
    beginning = first_words(text, words)
    return f"{speaker}: {beginning}" if speaker else beginning


def first_words(text: str, count: int) -> str:
    """The first words of a text, separated by single spaces; a run without blanks counts as a word every 40 characters."""
    words = text[: count * _LONGEST_WORD].split(None, count)[:count]
    if any(len(word) > _LONGEST_WORD for word in words):
        words = _WORD.findall(" ".join(words))[:count]
    return " ".join(words)


def _previous(parsed: Parsed, number: int) -> Sequence[PreviousTurn]:
    if parsed.source.document_type is None:
        return parsed.source.previous[-_PREVIOUS_TURNS:]
    before = parsed.turns[max(0, number - _PREVIOUS_TURNS) : number]
    return [PreviousTurn(speaker_label(turn.role, turn.speaker), turn.text) for turn in before]


def _chunks(content: str, turn: Turn) -> list[tuple[int, int]]:
    """Spans of at most `HEAD_WORDPIECES`, cut between sentences where possible."""
    if wordpieces(turn.text) <= HEAD_WORDPIECES:
        return [(turn.start, turn.end)]
    chunks: list[tuple[int, int]] = []
    start = end = turn.start
    size = 0.0
    for piece_start, piece_end in _pieces(content, turn.start, turn.end):
        pieces = wordpieces(content[piece_start:piece_end])
        if size and size + pieces > HEAD_WORDPIECES:
            chunks.append((start, end))
            start, size = piece_start, 0.0
        end = piece_end
        size += pieces
    chunks.append((start, end))
    return chunks


def _pieces(content: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Sentences; one too long by itself is cut at blanks, and where it has none, anywhere."""
    for sentence in sentence_spans(content, start, end):
        first, last = sentence
        while first < last:
            cut = _cut(content, first, last)
            yield first, cut
            first = cut + len(content[cut:last]) - len(content[cut:last].lstrip())


def _cut(content: str, first: int, last: int) -> int:
    """The end of what the embedder reads from `first` on."""
    if wordpieces(content[first:last]) <= HEAD_WORDPIECES:
        return last
    size = 0.0
    for place in range(first, last):
        size += 1 / _ASCII_CHARACTERS_PER_WORDPIECE if content[place] < "\x80" else 1
        if size > HEAD_WORDPIECES:
            blank = content.rfind(" ", first, place)
            return blank if blank > first else place
    return last

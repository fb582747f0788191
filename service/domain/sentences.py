"""Where sentences end, as offsets: cutting long passages and reading statements both need it.

Rules for Latin script with the usual exceptions (titles, decimals, initials), and the full stops of other scripts. Each
rule looks at a bounded window, so the time is linear whatever the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BREAK = re.compile(r"[.!?…]+[\"'”’)\]*_]{0,3}(?=\s|$)|[。！？]+|\n+|\r+")
_ABBREVIATION = re.compile(
    r"(?:\b(?:mr|mrs|ms|dr|prof|st|jr|sr|vs|e\.g|i\.e|etc|no|nr|vol|inc|ltd|co|fig|dept|a\.m|p\.m)|(?:^|[\s(])[A-Z]|\b[A-Z]\.[A-Z])\.$",
    re.IGNORECASE,
)
_STATEMENT = re.compile(r"(?:we|i|i'm|she|he|they|it|my|our)\b", re.IGNORECASE)
"""A new statement begins after an abbreviation: "at Smith & Co. we met"."""

_GERMAN_MONTHS = frozenset("Jan Jän Feb Mär Apr Mai Jun Jul Aug Sep Okt Nov Dez".split())
"""How a month begins behind a German ordinal: "am 3. Mai"."""

_LONGEST_ABBREVIATION = 5
_LOOK_BACK = 12


def sentence_spans(text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
    """Half-open offsets of the sentences in `text[start:end]`, without blanks around them, in order.

    A line end ends a sentence; a full stop after a title, an abbreviation or an initial does not.
    """
    end = len(text) if end is None else end
    begin = start
    for match in _BREAK.finditer(text, start, end):
        if match[0][0] == "." and not _ends_here(text, match, end):
            continue
        yield from _trimmed(text, begin, match.end())
        begin = match.end()
    yield from _trimmed(text, begin, end)


def _ends_here(text: str, match: re.Match[str], end: int) -> bool:
    if text[match.start() - 1 : match.start()].isdigit() and text[match.end() + 1 : match.end() + 4] in _GERMAN_MONTHS:
        return False
    if len(match[0]) > 1 and match[0].startswith(".."):
        return True
    following = text[match.end() : min(match.end() + 6, end)].lstrip()
    before = text[max(0, match.start() - _LOOK_BACK) : match.start() + 1]
    if len(before) > _LONGEST_ABBREVIATION and before[-1 - _LONGEST_ABBREVIATION : -1].isalpha():
        return True
    if not _ABBREVIATION.search(before):
        return True
    if _STATEMENT.match(following):
        return True
    is_time = before[-4:].lower() in {"a.m.", "p.m."}
    return is_time and following[:1].isupper()


def _trimmed(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    piece = text[start:end]
    kept = piece.strip()
    if kept:
        lead = len(piece) - len(piece.lstrip())
        yield start + lead, start + lead + len(kept)

"""A turn cut into clauses: one statement each, with its exact span and a cleaned text that the tables can match."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from service.domain.sentences import sentence_spans
from service.extractors.rules.cleaning import cleaned

_SUBJECT = (
    r"(?:i|i'm|im|i've|ive|i'll|i'd|we|we're|we've|we'll|my|our|she|she's|he|he's|they|they're|it's|that's|there's|that (?:can't|isn't|"
    r"wasn't|is|was|can|will)|please|pls|"
    r"don't|dont)\b"
)
_BOUNDARY = re.compile(
    r";\s|\s[-–—]{1,2}\s|(?<=[a-z])[-–—]\s(?=(?:I|I'm|I've|[Ww]e|[Mm]y|[Ii]t's|[Tt]he)\b)"
    r"|,?\s(?:and|but|so|plus|though|although|because|cos|cuz|coz|while|whereas|since|and also|and then|so then)"
    rf"\s(?=(?:also |then |now |honestly |please |um |uh |er )?{_SUBJECT})"
    r"|,\s(?:and|but|so)\s(?=(?:the|there|no|not|never|always|can|could|it)\b)"
    rf"|,\s(?=(?:also |just |now |please |and )?{_SUBJECT}|here's\s|(?:i |just )?want(?:ed)? to (?:let|tell|say|share|ask)\s)"
    r"|,?\s(?:while|since)\s(?=you\b)"
    r"|,\s(?:(?:and|but|so)\s)?(?=(?-i:[A-Z][a-zà-ÿ]+) (?:is|isn't|has|hasn't|was|wasn't|can't|lives|works|loves|likes|hates)\b)"
    rf"|(?:(?<=first)|(?<=thing)|(?<=things)|(?<=news)|(?<=update)|(?<=context)|(?<=background)|(?<=reason)):\s(?={_SUBJECT})"
    r"|,\s(?:so|but)\s(?=(?:who|god|probably|maybe|perhaps|something|anything|somewhere|some|any|please)\b)"
    r"|\s(?:so|but|and)\s(?=(?:[\w-]+ ){1,5}(?:would|might|could) be\b)|,\s(?=in case\b)"
    r"|,\s(?=the \w+ (?:is|isn't|does|doesn't|was|wasn't|has|hasn't|won't|can't)\b)"
    r"|,\s(?=(?:maybe|perhaps)\s(?:you|we|i|it|that|they)\b)"
    r"|,\s(?=(?:can|could|should|would|do|does|did|is|are|will|didn't|haven't|isn't|wasn't|aren't|won't|doesn't|hasn't|what|how|which|where|why|when|who)\s"
    r"(?:you|u|i|we|it|they|he|she|there|the|is|are|do|does|did|should|would|can|could|might|will)\b)"
    r"|\s(?:but|so)\s(?=(?:no|not|never|always|can|could|what|how|the)\b)",
    re.IGNORECASE,
)
_LEAD = re.compile(
    r"(?:(?:so|and|but|well|oh|also|hey|yeah),? )?(?:just |only |earlier |late |early )?"
    r"(?:yesterday|today|tonight|tomorrow|(?:last|next|this|past)(?: \w+){1,3}|"
    r"(?:on|in|since|during|around|back in) (?:[\w']+ ?){1,4}|(?:a|an|one|two|three|four|five|six|ten|\d+|a few|a couple of) "
    r"(?:day|night|week|month|year)s? ago|the other day)",
    re.IGNORECASE,
)
"""A time before its sentence."""
_REMINDS = re.compile(r"[^?]{12},? (?:remember|you know)\s*\?\W*$", re.IGNORECASE)
"""A statement of which the listener is reminded."""
_SPOKEN_BOUNDARY = re.compile(
    r"(?<!\bif)\s(?:(?:and|but|so|because|plus|um|uh)\s){0,4}(?=(?:i|i'm|i've|we|my|she's|he's|she|he|it's|they|what else|anyway|by the way)\s)"
    r"|\s(?:so|and|but)\s(?:yeah\s)?(?=(?:the|there|that's)\s)",
    re.IGNORECASE,
)
_SPOKEN_WORDS = 25
"""A sentence longer than this without any punctuation comes from speech recognition."""

_LONGEST = 600
"""Characters; a longer stretch without any boundary is no clause, and cleaning it would cost time for nothing."""

_PUNCTUATION = re.compile(r"[,;.!?]")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
WORDS = re.compile(r"[^\W_][\w'.&+-]*[^\W_]|[^\W_]")
"""The words of a lower-case text."""


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a turn."""

    text: str
    """Cleaned, without closing punctuation."""
    lower: str
    """The text in lower case."""
    words: tuple[str, ...]
    """Lower case, in order."""
    start: int
    end: int
    is_first: bool
    """Whether it begins its sentence."""
    is_last: bool
    """Whether it ends its sentence."""
    sentence: int
    """Number of the sentence in the turn; in speech without punctuation every clause is one."""
    ends_with: str
    """The closing mark of the sentence: `?`, `!`, `.` or nothing."""


def with_text(clause: Clause, text: str) -> Clause:
    """A clause in other words."""
    lower = text.lower()
    return replace(clause, text=text, lower=lower, words=tuple(WORDS.findall(lower)))


def clauses(text: str, offset: int = 0) -> Iterator[Clause]:
    """The clauses of a text in order; spans count from `offset`, where the text begins in its source."""
    number = -1
    for first, last in sentence_spans(text):
        number += 1
        sentence = text[first:last].translate(_QUOTES)
        mark = sentence.rstrip("\"')*_")[-1:]
        mark = "." if mark == "?" and _REMINDS.search(sentence) else mark if mark in "?!." else ""
        spoken = _is_spoken(sentence)
        spans = _led_in(sentence, tuple(spans_between(sentence, _SPOKEN_BOUNDARY if spoken else _BOUNDARY)))
        for index, (left, right) in enumerate(spans):
            number += spoken
            if right - left > _LONGEST:
                continue
            raw = sentence[left:right]
            clean = cleaned(raw)
            lower = clean.lower()
            words = tuple(WORDS.findall(lower))
            if words:
                begin = offset + first + left + len(raw) - len(raw.lstrip())
                finish = offset + first + left + len(raw.rstrip())
                yield Clause(clean, lower, words, begin, finish, index == 0, index + 1 == len(spans), number, mark)


def _led_in(sentence: str, spans: tuple[tuple[int, int], ...]) -> tuple[tuple[int, int], ...]:
    """The spans, where a sentence opens with a time ("Last week, I ...") that and what follows as one."""
    if (
        len(spans) > 1
        and sentence[spans[0][1] : spans[1][0]].startswith(",")
        and _LEAD.fullmatch(sentence[: spans[0][1]].strip())
    ):
        return ((spans[0][0], spans[1][1]), *spans[2:])
    return spans


def _is_spoken(sentence: str) -> bool:
    return sentence.count(" ") > _SPOKEN_WORDS and not _PUNCTUATION.search(sentence, 0, len(sentence) - 1)


def spans_between(sentence: str, boundary: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """The pieces of a sentence between matches of a boundary."""
    place = 0
    for match in boundary.finditer(sentence):
        if match.start() > place:
            yield place, match.start()
        place = match.end()
    if place < len(sentence):
        yield place, len(sentence)

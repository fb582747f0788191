"""A turn cut into clauses: one statement each, with its exact span and a cleaned text that the tables can match.

Cleaning drops what carries no statement (greetings, fillers, laughter, repeated words of spoken text) and unifies quotes
and blanks; the span always covers the words as they were said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.sentences import sentence_spans

_SUBJECT = (
    r"(?:i|i'm|im|i've|ive|i'll|i'd|we|we're|we've|we'll|my|our|she|she's|he|he's|they|they're|it's|"
    r"that's|there's|please|pls|don't|dont)\b"
)
_BOUNDARY = re.compile(
    rf"(?P<semi>;\s|\s[-–—]{{1,2}}\s)"
    rf"|,?\s(?:and|but|so|plus|though|although|because|cos|cuz|coz|while|whereas|since|and also|and then|"
    rf"so then)\s(?=(?:also |then |now |honestly |"
    rf"please )?{_SUBJECT})"
    rf"|,\s(?:and|but|so)\s(?=(?:the|there|no|not|never|always|can|could|it)\b)"
    rf"|,\s(?=(?:also |just |please |and )?{_SUBJECT})"
    rf"|,\s(?=(?:can|could|should|would|do|does|did|is|are|will|what|how|which|where|why|when|who)\s(?:you|"
    rf"u|i|we|it|they|he|she|there|the|is|are|do|"
    rf"does|should|would)\b)"
    rf"|\s(?:but|so)\s(?=(?:no|not|never|always|can|could|what|how|the)\b)",
    re.IGNORECASE,
)
_SPOKEN_BOUNDARY = re.compile(
    (
        r"\s(?:(?:and|but|so|because|plus)\s)?(?=(?:i|i'm|i've|we|my|she's|he's|she|he|it's|they|so yeah|"
        r"anyway|what else)\s)|\s(?:uh|um|erm|so yeah|anyway)\s"
    ),
    re.IGNORECASE,
)
_SPOKEN_WORDS = 25
"""A sentence longer than this without any punctuation comes from speech recognition."""

_LONGEST = 600
"""Characters; a longer stretch without any boundary is no clause, and cleaning it would cost time for nothing."""

_FILLER = re.compile(r"\b(?:um+|uh+|erm?|hmm+|uhm)\b,?\s*|\byou know\b,?\s*|\blike,\s", re.IGNORECASE)
_REPEATED = re.compile(r"\b(\w[\w']*(?: \w[\w']*){0,2}) \1\b", re.IGNORECASE)
_CORRECTED = re.compile(
    (
        r"(?:\b(?:on|in|at|by) )?(?:\bthe )?(?:\b[\w']+ )(?:no,? )(?:sorry,? |wait,? |i mean,? |"
        r"not (?:the )?\w+ )+(?:\w+ (?=the\b))?"
    ),
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"(?:(?:hi|hey|hello|hiya|oh|ok|okay|k|well|yeah|yep|yes|yup|nope|nah|ah|aw|haha|lol|omg|ugh|wow|hmm|"
    r"so|and|but|also|btw|by the way|actually|anyway|"
    r"anyways|honestly|tbh|plus|then|great|perfect|thanks|thank you|thx|cool|nice|right|sure|good|alright|"
    r"sorry|fyi|heads up|just so you know|guess what|"
    r"quick update|big news|good news|bad news|well actually|no worries|fair enough|one more thing|"
    r"another thing|first of all|i mean|basically|"
    r"for context|context|for the record|note that|remember that|remember|as you know|turns out|"
    r"apparently|luckily|unfortunately|sadly|thankfully|"
    r"to be honest|in fact|besides|worked|fine|indeed|finally|lately|these days|nowadays|right now|"
    r"currently|at the moment|now)"
    r"(?:[,!.:…]+\s*|\s+(?=(?:i|i'm|im|i've|we|we've|we're|my|our|she|he|they|it|she's|he's|it's|the|"
    r"there|please|no|not|can|could|so|and|but|also|oh|"
    r"actually|btw|yeah|ok|well|that|i'd|i'll|you)\b)))+",
    re.IGNORECASE,
)
_HEDGE = re.compile(
    r"(?:i (?:think|guess|believe|reckon|suppose|know|must say|have to say|should (?:add|mention|say)|"
    r"forgot to (?:say|mention)|wanted to (?:say|mention)|"
    r"just wanted to (?:say|mention))|(?:just )?(?:remember|note)|did i mention|you should know|"
    r"the thing is|thing is|fact is|to be clear)"
    r"(?: that)?,? (?=\S+ \S)",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"(?:[\s,]*(?:\b(?:lol|haha+|hehe|lmao|btw|tbh|though|tho|honestly|to be honest|if i'm honest|"
    r"if im honest|obviously|remember|by the way|xd|ugh|"
    r"i guess|anyway|actually|you know|thank god|innit|or something|or whatever|too|as well)\b|"
    r"[:;]-?[)D(]))+\s*(?=[.!?…]*$)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"(?:[-*•·+]|\d{1,2}[.)]|\[[ x]?\])\s+")
_QUOTES = str.maketrans({"\u2019": "'", "\u2018": "'", "\u201c": '"', "\u201d": '"', "\u00a0": " "})
_BLANKS = re.compile(r"\s+")
_WORDS = re.compile(r"[^\W_][\w'’.&+-]*[^\W_]|[^\W_]")


@dataclass(frozen=True, slots=True)
class Clause:
    """One clause of a turn."""

    text: str
    """Cleaned, without closing punctuation."""
    start: int
    end: int
    words: tuple[str, ...]
    """Lower case, in order."""
    is_first: bool
    """Whether it begins its sentence."""
    sentence: int
    """Number of the sentence in the turn."""
    ends_with: str
    """The closing mark of the sentence: `?`, `!`, `.` or nothing."""

    @property
    def lower(self) -> str:
        """The text in lower case."""
        return self.text.lower()


def clauses(content: str, start: int, end: int) -> Iterator[Clause]:
    """The clauses of `content[start:end]` in order; offsets are those of `content`."""
    for number, (first, last) in enumerate(sentence_spans(content, start, end)):
        sentence = content[first:last].translate(_QUOTES)
        mark = sentence.rstrip("\"')*_")[-1:]
        mark = mark if mark in "?!." else ""
        parts = tuple(_parts(sentence))
        for index, (left, right) in enumerate(parts):
            if right - left > _LONGEST:
                continue
            clause = _clause(sentence[left:right], first + left, index == 0, number, mark)
            if clause:
                yield clause


def _parts(sentence: str) -> Iterator[tuple[int, int]]:
    spoken = sentence.count(" ") > _SPOKEN_WORDS and not any(mark in sentence.rstrip(".!?") for mark in ",;.!?")
    place = 0
    for match in (_SPOKEN_BOUNDARY if spoken else _BOUNDARY).finditer(sentence):
        if match.start() > place:
            yield place, match.start()
        place = match.end()
    if place < len(sentence):
        yield place, len(sentence)


def _clause(raw: str, start: int, is_first: bool, sentence: int, mark: str) -> Clause | None:
    text = cleaned(raw)
    words = tuple(_WORDS.findall(text.lower()))
    if not words:
        return None
    kept = raw.strip()
    lead = len(raw) - len(raw.lstrip())
    return Clause(text, start + lead, start + lead + len(kept), words, is_first, sentence, mark)


def cleaned(raw: str) -> str:
    """A clause without fillers, openings and closing marks."""
    text = _BLANKS.sub(" ", raw).strip()
    lower = text.lower()
    if text[:1] in "-*•·+[" or text[:1].isdigit():
        text = _BULLET.sub("", text, count=1) if _BULLET.match(text) else text
    if " um" in lower or " uh" in lower or "um " in lower[:3] or "you know" in lower or "like," in lower or " er" in lower:
        text = _FILLER.sub("", text)
    text = _REPEATED.sub(r"\1", text)
    if " no " in lower or " no," in lower:
        text = _CORRECTED.sub("", text)
    opening = _OPENING.match(text)
    if opening and opening.end() < len(text):
        text = text[opening.end() :]
    hedge = _HEDGE.match(text)
    if hedge:
        text = text[hedge.end() :]
    ending = _ENDING.search(text)
    if ending and ending.start() > 0:
        text = text[: ending.start()] + text[ending.end() :]
    return text.strip().strip(".!?…,:;").rstrip("\"'(").strip()

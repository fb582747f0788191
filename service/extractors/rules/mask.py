"""What in a turn is not the speaker's own statement: code, quotations, quoted mail, mail headers and signatures, play.

Masked characters become blanks of the same number, so that every offset stays true.
"""

from __future__ import annotations

import re
from itertools import pairwise

_FENCE = re.compile(r"```.*?(?:```|\Z)|~~~.*?(?:~~~|\Z)", re.DOTALL)
_INLINE_CODE = re.compile(r"`[^`\n]{1,300}`")
_QUOTED_LINE = re.compile(r"^[ \t]*>[^\n]*", re.MULTILINE)
_QUOTATION = re.compile(r"[\"“„][^\"”“\n]{2,600}[\"”]")
_STAGE_DIRECTION = re.compile(r"(?:^|(?<=[.!?…\n] )|(?<=[.!?…\n]))\*[^*\n]{2,200}\*(?=\s*(?:$|[.!?\n]|[A-Z]))")
"""An action between asterisks that stands by itself; within a sentence they only stress a word."""
_BRACKETED = re.compile(r"\[(?![ xX]?\])[^\]\n]{2,400}\](?!\()")
"""What stands in brackets describes: a picture, a sound, a gap of the transcript. A link's text is said."""
UNSEEN = dict.fromkeys(map(ord, "\u200b\u200c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"), " ")
"""Marks that turn the direction of text or hide between letters."""
_WRAPPED_FROM = 50
"""Characters from which on a line may have been broken by its mail program."""
_LINK = re.compile(r"\b(?:https?://|www\.)\S+")
_PASTED = re.compile(
    r"\b(?:translate|proofread|summari[sz]e|rewrite|rephrase|correct|edit|paraphrase|check|"
    r"fix)\b[^:\n]{0,60}:|"
    r"\b(?:the following|this) (?:text|email|e-mail|sentence|paragraph|story|letter|message|"
    r"code)\b[^:\n]{0,40}:",
    re.IGNORECASE,
)
_GREETED = re.compile(
    r"(?P<greeting>\b(?:[Hh]ey|[Hh]i|[Hh]ello|[Tt]hanks|[Tt]hank you|[Ww]ow|[Cc]ongrats|[Ss]ure|[Yy]eah|"
    r"[Yy]es|[Nn]o|[Oo]h|[Gg]ood morning)\b),? [A-Z][a-z]{1,20}(?=[,!?.])(?:,(?= ))?"
)
_PLAY = re.compile(
    r"\blet'?s (?:play|pretend|role-?play)|\brole-?play|\bpretend (?:to be|that|you|i|we)|"
    r"\bin[- ]character\b|\bact as (?:a|an|my|if)\b|"
    r"\byou(?:'re| are) (?:a|an|the) \w+ (?:wizard|pirate|detective|knight|dragon)|"
    r"\brolls? (?:a )?\d+|\b(?:d20|saving throw|hit points|npc)\b|\bmy character\b|\bonce upon a time\b|"
    r"\b(?:write|tell|continue) (?:me )?(?:a|the|my|this) (?:short |funny |little )?(?:story|poem|joke|"
    r"song|scene|dialogue|haiku|limerick)\b|"
    r"\bmy turn:|\b(?:here's|got) (?:a|another) (?:joke|riddle)|\bknock knock\b",
    re.IGNORECASE,
)


_GOES_ON = re.compile(r"[ \t>]{0,3}(?:[a-z(\"'£$€\d]|I\b|[A-Z][a-z]+ [a-z])(?!\d*[.)] )")
_PLAY_WORDS = frozenset(
    """let lets role roleplay pretend character act wizard pirate detective knight dragon level roll rolls d20 saving points npc once story poem joke song
    scene dialogue haiku limerick turn riddle knock""".split()
)
"""Words without which a turn is no play."""


def is_play(text: str, words: frozenset[str]) -> bool:
    """Whether a turn is a game, a story or a joke, whose first person is not the speaker.

    Args:
        text: the turn.
        words: its words in lower case.
    """
    return not _PLAY_WORDS.isdisjoint(words) and bool(_PLAY.search(text))


def unwrapped(text: str) -> str:
    """Paragraphs in one line where a mail program or a PDF broke them; same length."""
    if "\n" not in text:
        return text
    lines = text.split("\n")
    joined = [lines[0]]
    for before, line in pairwise(lines):
        goes_on = (
            len(before) >= _WRAPPED_FROM and before.rstrip()[-1:] not in {".", "!", "?", ":", ";", "|"} and _GOES_ON.match(line)
        )
        joined.append((" " if goes_on else "\n") + line)
    return "".join(joined)


def own_words(text: str) -> str:
    """The text with what is not the speaker's statement blanked out, same length."""
    if not text.isascii():
        text = text.translate(UNSEEN)
    if "```" in text or "~~~" in text:
        text = _FENCE.sub(_blank, text)
    if "`" in text:
        text = _INLINE_CODE.sub(_blank, text)
    if ">" in text:
        text = _QUOTED_LINE.sub(_blank, text)
    if '"' in text or "”" in text or "“" in text:
        text = _QUOTATION.sub(_blank_speech, text)
    if "[" in text:
        text = _BRACKETED.sub(_blank, text)
    if "*" in text:
        text = _STAGE_DIRECTION.sub(_blank, text)
    if "://" in text or "www." in text:
        text = _LINK.sub(_blank, text)
    pasted = _PASTED.search(text) if ":" in text else None
    if pasted:
        text = text[: pasted.end()] + " " * (len(text) - pasted.end())
    return text


def unaddressed(text: str, names: frozenset[str]) -> str:
    """The text without the names by which its listeners are addressed, same length: "Nate, I moved", "Thanks, Nate!", "Hey Nate, ..."."""
    if "," not in text and "!" not in text and "?" not in text:
        return text
    text = _GREETED.sub(_blank_name, text)
    for name in names:
        if name in text:
            called = re.escape(name)
            text = re.sub(rf"(?:(?<=[.!?…] )|(?<=\A)|(?<=\n)){called},(?= )|,[ ]{called}(?=[ ]*(?:[.!?…]|\Z))", _blank, text)
    return text


def _blank_name(match: re.Match[str]) -> str:
    return match["greeting"] + " " * (len(match[0]) - len(match["greeting"]))


def _blank(match: re.Match[str]) -> str:
    return " " * len(match[0])


def _blank_speech(match: re.Match[str]) -> str:
    """Quoted speech is blanked; a quoted title or word stays."""
    words = match[0].split()
    return _blank(match) if len(words) > 3 and sum(word.islower() for word in words) > 2 else match[0]

"""Clauses that state nothing: questions, conditions, wishes, jokes, dreams, hearsay, figures of speech.

Each row names a kind of language. A clause of such a kind never becomes an observation, however well it would match.
"""

from __future__ import annotations

import re

from service.extractors.rules.clauses import Clause

_AUXILIARY = (
    r"(?:am|is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|shall|isn't|"
    r"aren't|don't|doesn't|didn't|can't|won't)"
)
_ASKED = (
    r"(?:i|you|u|we|he|she|it|they|there|the|this|that|these|those|my|your|our|his|her|any|anyone|someone|"
    r"a|an)"
)

QUESTION = re.compile(
    rf"(?:and |so |but |or |wait |also )*(?:{_AUXILIARY} {_ASKED}\b|(?:what|why|how|where|who|which|"
    rf"whose)(?:'s|s|'re)?\b(?! i (?:don't|do|want|need|like|love|hate))"
    rf"|when {_AUXILIARY}\b|any (?:idea|ideas|tips|suggestions|advice|chance|recommendations?)\b|(?:what|"
    rf"how) about\b|anyone\b|tell me (?:a|about|what|how|why)\b)"
)

STATES_NOTHING: dict[str, re.Pattern[str]] = {
    "condition": re.compile(
        r"(?:and |but |or |so |only |even )*(?:if|unless|suppose|supposing|imagine|assuming|in case|whether|"
        r"what if|say they|say you|hypothetically|had i|"
        r"were i|lest|provided)\b|.{0,60}\bif (?:i|we|they|he|she|it) (?:ever|could|were|had|win|won)\b"
    ),
    "hypothetical": re.compile(
        r".{0,40}(?:\bi|\bwe|\bhe|\bshe|\bthey|\bit)(?:'d| would| could| might)(?: never| probably| maybe|"
        r" just)? (?!rather|prefer|like|appreciate|love it if)"
        r"|.{0,80}\b(?:would have|could have|should have|might have|would be|could be|might be|hypothetical)\b"
    ),
    "undecided": re.compile(
        r".{0,80}\b(?:maybe|perhaps|might|not sure|thinking (?:about|of)|considering|wondering|i wonder|"
        r"toying with|someday|some day|one day|"
        r"no idea|dunno|don't know|undecided|tempted to|in theory|possibly|\?\?)(?:\b|$)"
    ),
    "wish": re.compile(
        r".{0,30}\b(?:i wish|if only|i hope|hopefully|hoping|fingers crossed|i'd love|would love|i'd kill|"
        r"dream of)\b"
    ),
    "joke": re.compile(
        r".{0,80}\b(?:jk|just kidding|only joking|just joking|kidding|/s|joke|my turn|pun intended)\b"
        r"|.{0,60}\b(?:literally|actually|basically|practically)?\s?(?:dying|dead|starving to death|"
        r"going to die|gonna die)\b(?! of)"
        r"|.{0,30}\b(?:kill me now|shoot me|i'm a (?:potato|zombie|genius|mess|monster|disaster|ghost))\b"
    ),
    "dream": re.compile(r".{0,40}\b(?:dreamt|dreamed|had a (?:\w+ )?dream|in my dream|nightmare)\b"),
    "hearsay": re.compile(
        r".{0,60}\b(?:says?|said|told|tells|reckons|claims?|claimed|heard|rumou?rs?|rumou?red|supposedly|"
        r"allegedly|gossip|according to|word is)\b"
    ),
    "example": re.compile(r".{0,20}\b(?:for example|for instance|e\.g\.?|example|let's say|as if|pretend)\b"),
    "chatter": re.compile(
        r"(?:i (?:see|understand|agree|mean|hope|wonder|bet|swear|promise|suppose)\b(?! (?:better|with|"
        r"when)))|(?:thanks|thank you|cheers|good (?:morning|night|luck)|"
        r"see you|talk (?:soon|later)|no problem|sounds? (?:good|great|fine|perfect)|got it|will do|of course|"
        r"you're welcome|happy birthday|congrat)"
    ),
}

_SARCASM = re.compile(
    r"\boh,? (?:great|wonderful|fantastic|joy|lovely|brilliant)\b|\b(?:just|how) (?:great|wonderful|"
    r"lovely|perfect)[,.!]|\byeah,? right\b|"
    r"\bthanks a lot\b|\btruly my favou?rite\b|\bwhat a (?:surprise|shock)\b|\bas always, (?:great|"
    r"brilliant)"
)


def is_sarcastic(text: str) -> bool:
    """Whether a turn praises what it complains about; then its praise means nothing."""
    return bool(_SARCASM.search(text.lower()))


def states_nothing(clause: Clause) -> str:
    """The kind of language that keeps a clause from being a statement, or nothing."""
    lower = clause.lower
    for name, pattern in STATES_NOTHING.items():
        if pattern.match(lower):
            return name
    return ""


def is_question(clause: Clause) -> bool:
    """Whether a clause asks, with or without a question mark."""
    return bool(QUESTION.match(clause.lower))

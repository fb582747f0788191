"""Clauses that state nothing: questions, conditions, wishes, jokes, dreams, hearsay, figures of speech.

Each row names a kind of language. A clause of such a kind never becomes an observation, however well it would match. A row
is tried only when one of its words is there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.extractors.rules.clauses import Clause

_AUXILIARY = (
    r"(?:am|is|are|was|were|do|does|did|can|could|should|would|will|has|have|had|may|might|shall|isn't|aren't|don't|doesn't|didn't|"
    r"can't|won't|wouldn't|couldn't|shouldn't)"
)
_ASKED = r"(?:i|you|u|we|he|she|it|they|there|the|this|that|these|those|my|your|our|his|her|any|anyone|someone|a|an)"
_ASKING_WORDS = frozenset(
    """am is are was were do does did can could should would will has have had may might shall isn't aren't don't doesn't didn't can't won't wouldn't
    couldn't shouldn't what what's whats why how how's where where's who who's which whose when any anyone tell and so but or wait also""".split()
)
_QUESTION = re.compile(
    rf"(?:and |so |but |or |wait |also )*(?!(?:have|had) (?:a|an|the|my|our|this|that|any)\b)"
    rf"(?:{_AUXILIARY} {_ASKED}\b|(?:what|why|how|where|who|which|whose)(?:'s|s|'re)?\b"
    rf"|when {_AUXILIARY}\b|any (?:idea|ideas|tips|suggestions|advice|chance|recommendations?)\b|anyone\b"
    r"|tell me (?:a|about|what|how|why)\b)"
)

_KNOWING = (
    r"(?:know|knows|sure|certain|remember|recall|ask|asks|asked|asking|check|checks|checking|see|tell|tells|wonder|wonders|find|figure|forgot|forget|"
    r"forgotten|unsure|uncertain|unclear|doubt|confirm|say|says|decide|decides|test|testing|question|idea|clue)"
)
"""Words behind which "if" and "whether" open what is not known."""


@dataclass(frozen=True, slots=True)
class _Mood:
    name: str
    triggers: frozenset[str]
    pattern: re.Pattern[str]
    """Must match at the beginning of the lower-case clause."""


def _mood(name: str, triggers: str, pattern: str) -> _Mood:
    return _Mood(name, frozenset(triggers.split()), re.compile(pattern))


_MOODS = (
    _mood(
        "condition",
        "if unless suppose supposing imagine assuming case whether say had were lest provided",
        r"(?:and |but |or |so |only |even |what )*(?:if|unless|suppose|supposing|imagine|assuming|in case|whether|say they|say you|had i|"
        r"were i|lest|provided)\b|.{0,60}\bif (?:i|we|they|he|she|it) (?:ever|could|were|had|win|won)\b",
    ),
    _mood(
        "hypothetical",
        "would could might i'd we'd he'd she'd they'd should hypothetical hypothetically",
        r".{0,40}(?:\b(?:i|we|he|she|they|it))(?:'d| would| could| might)(?: never| probably| maybe| just)?"
        r" (?!rather|prefer|like|appreciate|love it if)"
        r"|(?:(?! (?:what|which|how|where|who) ).){0,80}\b(?:would|could|might) (?:have|be)\b"
        r"|.{0,80}\bshould (?:have|be)\b(?! (?:here|there|ready|done|back|delivered|arriving|finished))|.{0,80}\bhypothetical",
    ),
    _mood(
        "undecided",
        "maybe perhaps might sure thinking considering wondering wonder toying someday day idea dunno know undecided tempted theory possibly",
        r".{0,80}\b(?:(?:maybe|perhaps)(?! (?:\d|one|two|three|four|five|six|seven|eight|ten|a (?:dozen|couple)))|"
        r"might|not sure|thinking (?:about|of)|considering|wondering|i wonder|toying with|someday|some day|"
        r"one day|no idea|dunno|don't know|undecided|tempted to|in theory|possibly)\b",
    ),
    _mood(
        "unknown",
        "whether if remember recall forgot forget forgotten know unsure uncertain unclear idea clue doubt check checking see testing find out figure say "
        "tell confirm wonder nobody",
        rf".{{0,80}}\b{_KNOWING}(?: (?:me|us|you|him|her|them|out|up|yet|again|exactly|for sure|anymore|any more|to see|to check)){{0,2}} (?:if|whether)\b"
        r"|.{0,40}\b(?:can't|cannot|can not|couldn't|don't|doesn't|didn't|never|not) (?:\w+ )?(?:remember|recall|know|tell|figure out|find out) "
        r"(?:exactly )?(?:when|where|what|who|whose|why|how|which)\b"
        r"|.{0,40}\b(?:forgot|forget|forgotten|unsure|uncertain|no idea|no clue) (?:exactly )?(?:when|where|what|who|whose|why|how|which)\b"
        r"|.{0,30}\b(?:i|we|he|she|they) (?:\w+ )?doubts? (?!about)",
    ),
    _mood(
        "mistaken",
        "thought believed assumed figured convinced mistakenly wrongly meant was were",
        r".{0,30}\b(?:thought|believed|assumed|figured|convinced) (?:that )?(?:i|we|i'd|we'd|he|she|they) (?:was|were|had|'d|would|could|have|had)\b"
        r"|.{0,30}\b(?:mistakenly|wrongly)\b|.{0,20}\b(?:i|we|he|she|they) (?:had |always |really |only )*meant to\b"
        r"|.{0,60}\b(?:was|were) (?:just )?(?:going|about|meant|supposed|planning|hoping) to\b",
    ),
    _mood(
        "wish",
        "wish only hope hopefully hoping fingers i'd love kill dream",
        r".{0,30}\b(?:i wish|if only|i hope|hopefully|hoping|fingers crossed|i'd love|would love|i'd kill|dream of)\b",
    ),
    _mood(
        "joke",
        "jk kidding joking s joke turn pun dying dead starving die me potato zombie genius monster disaster ghost",
        r".{0,80}\b(?:jk|just kidding|only joking|just joking|kidding|joke|my turn|pun intended)\b|.{0,80} /s\b"
        r"|.{0,60}\b(?:i'm|we're|literally|actually|basically|practically|was) (?:\w+ )?(?:dying|dead|starving to death|going to die|gonna die)\b(?! of)"
        r"|.{0,30}\b(?:kill me now|shoot me|i'm a (?:potato|zombie|genius|monster|disaster|ghost))\b",
    ),
    _mood(
        "dream",
        "dreamt dreamed dream nightmare",
        r".{0,40}\b(?:dreamt|dreamed|had a (?:\w+ )?dream|in my dream|nightmare)\b",
    ),
    _mood(
        "hearsay",
        "ask asks asked say says said told tells reckons claim claims claimed heard rumour rumor rumours rumors rumoured rumored supposedly "
        "allegedly gossip according word",
        r".{0,60}\b(?:asks?|asked) (?:whether|if|about|how|what)\b|.{0,60}\b(?:says?|said|told|tells|reckons|claims?|claimed|"
        r"heard(?! (?:a|an|the|some|my|our|his|her|their|so many|lots of|many) [\w' -]{2,40} (?:from|by|at|in)\b)"
        r"|rumou?rs?|rumou?red|supposedly|allegedly|gossip|according to|word is)\b",
    ),
    _mood(
        "example",
        "example instance e.g let's pretend as",
        r".{0,20}\b(?:for example|for instance|e\.g\.?|example|let's say|as if|pretend)\b",
    ),
    _mood(
        "chatter",
        "i thanks thank cheers good see talk no sounds sound got will of you're happy congrats congratulations",
        r"(?:i (?:see|understand|agree|mean|hope|wonder|bet|swear|promise|suppose)\b(?! (?:better|with|when|my|our|her|him|them|a|the)))"
        r"|(?:thanks|thank you|cheers|good (?:morning|night|luck)|see you|talk (?:soon|later)|no problem|sounds? (?:good|great|fine|perfect)|"
        r"got it|will do|of course|you're welcome|happy birthday|congrat)",
    ),
)
_TRIGGERS = frozenset().union(*(mood.triggers for mood in _MOODS))

_SARCASM = re.compile(
    r"\boh,? (?:great|wonderful|fantastic|joy|lovely|brilliant)\b|\b(?:just|how) (?:great|wonderful|lovely|perfect)[,.!]|"
    r"\byeah,? right\b|\bthanks a lot\b|\btruly my favou?rite\b|\bwhat a (?:surprise|shock)\b|\bas always, (?:great|brilliant)"
)


_SARCASM_WORDS = frozenset("oh just how yeah thanks truly what as".split())


def is_sarcastic(text: str, words: frozenset[str]) -> bool:
    """Whether a turn praises what it complains about; then its praise means nothing.

    Args:
        text: the turn.
        words: its words in lower case.
    """
    return not _SARCASM_WORDS.isdisjoint(words) and bool(_SARCASM.search(text.lower()))


def states_nothing(clause: Clause) -> str:
    """The kind of language that keeps a clause from being a statement, or nothing."""
    if _TRIGGERS.isdisjoint(clause.words):
        return ""
    for mood in _MOODS:
        if not mood.triggers.isdisjoint(clause.words) and mood.pattern.match(clause.lower):
            return mood.name
    return ""


def is_question(clause: Clause) -> bool:
    """Whether a clause asks, with or without a question mark."""
    return clause.words[0] in _ASKING_WORDS and bool(_QUESTION.match(clause.lower))

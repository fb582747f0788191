"""What no table knows, but the grammar says that the speaker did it, is at it or means to do it: "we roasted marshmallows", "I've been blogging".

Less sure than anything a table finds. What somebody thinks, feels, says or sees is no deed, nor is what the talk itself does ("I'm just checking").
What is said to an assistant is mostly about the task at hand; so intentions count in talks between people only.
"""

from __future__ import annotations

import re

from service.domain.kinds import MemoryType
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome

_DID = Outcome("did_something", MemoryType.EPISODE, 0.55)
_AT_IT = Outcome("at_something", MemoryType.FACT, 0.55)
_MEANS_TO = Outcome("means_to", MemoryType.FACT, 0.5)
_INNER = frozenset(
    """be know think believe guess mean feel love like enjoy want need hope wish wonder understand forget agree appreciate say tell ask talk chat hear
    mention notice realise realize look seem sound get expect figure consider imagine care bet promise thank laugh smile suppose assume doubt trust
    regret miss hate prefer prove show let keep give make put take use have ignore interest impress inspire amaze love matter happen appear remain
    depend contain include belong cost weigh own deserve relate admit wait check confirm joke kid lie explain suggest recommend offer refer
    reply answer respond send type paste text call click scroll tap login crash come go leave stay sit stand lean head""".split()
)
"""Verbs of mind, speech and state, and those that tables know better."""
_EMPTY = re.compile(
    r"(?:it|this|that|these|those|them|you|your|so|to|what|why|how|if|that|something|anything|everything|nothing|one|some|more|myself|yourself|"
    r"well|good|great|ok|okay|fine|better|alright|my best|all|both|pretty|really|amazing(?:ly)?)\b"
)
_GOES_ON = re.compile(r" (?:(?:just|also|recently|lately|really) )*(?:been|still) \w+ing (?!on (?:for|since|and)\b)")
_INTENT = re.compile(
    r"to (?!(?:know|see|ask|say|share|tell|talk|thank|hear|understand|make sure|check|be|get|do|have|keep|let|give|help|show|thank|it|that)\b)\w+ \w+"
)
_VAGUE_INTENTS = frozenset(
    "keep try see let get be do have take give make help show check think look stay miss need love tell ask talk say go".split()
)
_FEWEST = 2


def otherwise(reading: Reading, *, is_among_people: bool) -> Outcome | None:
    """What the speaker did, is at or means to do, where the words behind the verb say enough to be kept.

    Args:
        reading: a clause that no table knows.
        is_among_people: whether its speaker talks with people, not with an assistant.
    """
    if reading.subject not in {Subject.SELF, Subject.NONE} or reading.negated or not reading.verb:
        return None
    rest = reading.rest.lower()
    if (len(rest.split()) < _FEWEST and not rest.endswith("s")) or _EMPTY.match(rest):
        return None
    if is_among_people and _is_meant(reading, rest):
        return _MEANS_TO
    if reading.modal or reading.verb in _INNER:
        return None
    return _deed(reading)


def _deed(reading: Reading) -> Outcome | None:
    said = f" {reading.predicate.lower()} "
    if reading.subject is Subject.NONE:
        return _AT_IT if reading.tense is Tense.PROGRESSIVE and _GOES_ON.match(said) else None
    if reading.tense is Tense.PROGRESSIVE or (reading.tense is Tense.PERFECT and " been " in said):
        return _AT_IT
    return _DID if reading.tense in {Tense.PAST, Tense.PERFECT} and reading.verb != "do" else None


def _is_meant(reading: Reading, rest: str) -> bool:
    """Whether a clause tells what its speaker is going to do or wants to."""
    if reading.tense is Tense.FUTURE and not reading.modal:
        return reading.verb not in _VAGUE_INTENTS
    return (
        reading.subject is Subject.SELF
        and reading.verb == "want"
        and reading.tense is Tense.PRESENT
        and bool(_INTENT.match(rest))
    )

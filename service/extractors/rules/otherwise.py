"""What no table knows, but the grammar says that the speaker did it or is at it: "we roasted marshmallows", "I've been blogging about politics".

Less sure than anything a table finds. What somebody thinks, feels, says or sees is no deed, nor is what the talk itself does ("I'm just checking").
"""

from __future__ import annotations

import re

from service.domain.kinds import MemoryType
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome

_DID = Outcome("did_something", MemoryType.EPISODE, 0.55)
_AT_IT = Outcome("at_something", MemoryType.FACT, 0.55)
_INNER = frozenset(
    """be know think believe guess mean feel love like enjoy want need hope wish wonder understand forget agree appreciate say tell ask talk chat hear
    mention notice realise realize look seem sound get do expect figure consider imagine care bet promise thank laugh smile suppose assume doubt trust
    regret miss hate prefer prove show let help keep give make put take use have ignore interest impress inspire amaze love matter happen appear remain
    struggle depend contain include belong cost weigh own deserve relate admit wait check confirm joke kid lie explain suggest recommend offer refer
    reply answer respond write send type paste text call click scroll tap login crash fail come go leave stay sit stand text lean head""".split()
)
"""Verbs of mind, speech and state, and those that tables know better."""
_EMPTY = re.compile(
    r"(?:it|this|that|these|those|them|you|your|so|to|what|why|how|if|that|something|anything|everything|nothing|one|some|more|myself|yourself)\b"
)
_FEWEST = 2


def otherwise(reading: Reading) -> Outcome | None:
    """What the speaker did or is at, where the words behind the verb say enough to be kept."""
    if reading.subject is not Subject.SELF or reading.negated or reading.modal or reading.verb in _INNER or not reading.verb:
        return None
    rest = reading.rest.lower()
    if (len(rest.split()) < _FEWEST and not rest.endswith("s")) or _EMPTY.match(rest):
        return None
    if reading.tense is Tense.PROGRESSIVE or (reading.tense is Tense.PERFECT and " been " in f" {reading.predicate.lower()} "):
        return _AT_IT
    return _DID if reading.tense in {Tense.PAST, Tense.PERFECT} else None

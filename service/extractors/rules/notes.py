"""Notes: short lines to oneself. "Call Ines about the lease" is something to do, "car: oil 5W-30" a fact under its word."""

from __future__ import annotations

import re

from service.domain.kinds import MemoryType
from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import Reading, Subject
from service.extractors.rules.table import Outcome

_ERRANDS = frozenset(
    """call ring phone email text write send buy get pick collect return renew book order pay cancel check ask tell bring take fix repair clean wash
    prepare finish submit sign print confirm schedule arrange reserve register apply update review reply respond visit meet invite transfer deposit
    charge download install replace sell donate drop post ship research plan organise organize water feed""".split()
)
_COPULAS = frozenset("is are was were has had will with from at".split())
"""Words behind which "call" and "order" are nouns."""
_KEYED = re.compile(r"(?P<key>[A-Za-z][A-Za-z' /-]{1,30}?)(?::\s|\s?=\s?)(?P<value>\S.{0,120})$")
_TELLING = re.compile(r"\d|[A-Z][a-z]")
_NO_KEYS = re.compile(
    r"(?:to ?-?do|note|notes|remember|reminder|idea|ideas|maybe|ps|re|http|https|update|todo list|shopping|agenda|question)\b",
    re.IGNORECASE,
)


def to_do(clause: Clause, reading: Reading, speaker: str) -> Outcome | None:
    """What somebody writes down to do; the date makes it an event."""
    begins = clause.words[0] in _ERRANDS and len(clause.words) > 1 and clause.words[1] not in _COPULAS
    if not begins or reading.subject not in {Subject.NONE, Subject.NOUN} or reading.negated or clause.ends_with == "?":
        return None
    return Outcome("to_do", MemoryType.FACT, 0.65, statement=f"{speaker} has to {clause.text[0].lower()}{clause.text[1:]}")


def keyed(clause: Clause, speaker: str) -> Outcome | None:
    """A line with a word, a colon and something to remember."""
    match = _KEYED.match(clause.text)
    if not match or _NO_KEYS.match(match["key"]) or not _TELLING.search(match["value"]) or clause.ends_with == "?":
        return None
    return Outcome("keyed", MemoryType.FACT, 0.65, statement=f"{speaker}'s note on {match['key']}: {match['value']}")

"""The two kinds of row in the tables of rules, and how a clause finds its row.

A verb row looks at the grammar of a clause, a phrase row at its words. Rows are found by word, so a clause is tried against
a handful of them; within a table the first that matches wins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

from service.domain.kinds import MemoryType
from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import Reading, Subject, Tense

TOLD = frozenset({Tense.PRESENT, Tense.PROGRESSIVE, Tense.PERFECT, Tense.PAST, Tense.FUTURE})
NOW = frozenset({Tense.PRESENT, Tense.PROGRESSIVE})
THEN = frozenset({Tense.PAST, Tense.PERFECT})
ANYBODY = frozenset({Subject.SELF, Subject.MINE, Subject.PRONOUN, Subject.NOUN, Subject.NONE})
SPEAKER = frozenset({Subject.SELF, Subject.NONE})
OTHERS = frozenset({Subject.MINE, Subject.PRONOUN, Subject.NOUN})


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a row makes of a clause."""

    rule: str
    type: MemoryType
    confidence: float
    attribute: str = ""
    value: str = ""
    polarity: int = 1
    strength: float | None = None
    emotion: str = ""
    intensity: float | None = None
    reword: str = ""
    """How the statement begins instead of its own grammar: "wants"; empty: as it reads."""
    statement: str = ""
    """The whole statement, where it is not the clause itself."""


@dataclass(frozen=True, slots=True)
class VerbRule:
    """A row that asks for a verb, in some tenses, of some subjects, with some rest."""

    name: str
    type: MemoryType
    verbs: str
    """Base forms, separated by blanks."""
    rest: re.Pattern[str] | None = None
    """Must match at the beginning of what follows the verb; its group `value` fills the attribute."""
    unless: re.Pattern[str] | None = None
    """Must not be found in what follows the verb."""
    tenses: frozenset[Tense] = TOLD
    subjects: frozenset[Subject] = ANYBODY
    negated: bool | None = None
    """What the verb must be; None: either."""
    confidence: float = 0.8
    attribute: str = ""
    polarity: int = 1
    strength: float | None = None

    def outcome(self, reading: Reading) -> Outcome | None:
        """What the row makes of a reading of one of its verbs, tenses and subjects, or None."""
        negated = reading.negated or (self.type is MemoryType.PREFERENCE and "never" in reading.adverbs)
        if self.negated is not None and negated is not self.negated:
            return None
        rest = reading.rest.lower()
        match = self.rest.match(rest) if self.rest else None
        if (self.rest and not match) or (self.unless and self.unless.search(rest)):
            return None
        value = match.groupdict().get("value") if match else None
        polarity = -self.polarity if negated else self.polarity
        written = reading.rest[match.start("value") : match.end("value")] if match and value else ""
        return Outcome(
            self.name, self.type, self.confidence, self.attribute if value else "", written.strip(" ,."), polarity, self.strength
        )


@dataclass(frozen=True, slots=True)
class PhraseRule:
    """A row that asks for words in a clause, whatever its grammar."""

    name: str
    type: MemoryType
    triggers: str
    """Words, separated by blanks, one of which must be there."""
    pattern: re.Pattern[str]
    """Must be found in the lower-case clause."""
    unless: re.Pattern[str] | None = None
    confidence: float = 0.75
    polarity: int = 1
    strength: float | None = None
    reword: str = ""

    def outcome(self, lower: str) -> Outcome | None:
        """What the row makes of a clause, or None."""
        if not self.pattern.search(lower) or (self.unless and self.unless.search(lower)):
            return None
        return Outcome(self.name, self.type, self.confidence, polarity=self.polarity, strength=self.strength, reword=self.reword)


class Table:
    """Rows in order, found by their words."""

    def __init__(self, phrases: Iterable[PhraseRule] = (), verbs: Iterable[VerbRule] = ()) -> None:
        self._verbs: dict[tuple[str, Tense, Subject], list[VerbRule]] = {}
        for rule in verbs:
            for place in product(rule.verbs.split(), rule.tenses, rule.subjects):
                self._verbs.setdefault(place, []).append(rule)
        self._phrases: dict[str, list[PhraseRule]] = {}
        for phrase_rule in phrases:
            for word in phrase_rule.triggers.split():
                self._phrases.setdefault(word, []).append(phrase_rule)

    def match(self, clause: Clause, reading: Reading) -> Outcome | None:
        """The outcome of the first row that fits: phrases before verbs."""
        for word in clause.words:
            for phrase in self._phrases.get(word, ()):
                outcome = phrase.outcome(clause.lower)
                if outcome:
                    return outcome
        return self.match_verb(reading)

    def match_verb(self, reading: Reading) -> Outcome | None:
        """The outcome of the first verb row that fits."""
        for rule in self._verbs.get((reading.verb, reading.tense, reading.subject), ()):
            outcome = rule.outcome(reading)
            if outcome:
                return outcome
        return None


def p(pattern: str) -> re.Pattern[str]:
    """A compiled pattern of a row."""
    return re.compile(pattern)

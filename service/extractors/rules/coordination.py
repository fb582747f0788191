"""Two statements in one clause: "I live in Tampere and work as a welder" has one subject and two predicates."""

from __future__ import annotations

import re
from collections.abc import Iterator

from service.extractors.rules.clauses import Clause, with_text
from service.extractors.rules.grammar import read, read_text
from service.extractors.rules.reading import ADVERBS, Reading, Subject, Tense
from service.extractors.rules.subject import INVARIANT
from service.extractors.rules.verbs import FORMS, NOUNS_TOO, Form

_JOINT = re.compile(r",? (?:and|but)(?: then| also)? (?=[a-z])")
_SPEAKERS = frozenset({Subject.SELF, Subject.MINE, Subject.PRONOUN, Subject.NOUN})
_HANGING = frozenset(
    {"that", "which", "who", "where", "when", "if", "because", "to", "let", "help", "make", "either", "both", "between"}
)
"""Words after which "and" joins something smaller than a predicate, or which keep the clause from standing alone."""
_AFTER_A_VERB = frozenset(
    "a an the my our in at on for as with to from about every some no not her his their it them up off into near by".split()
)
_OPENS_A_SUBJECT = frozenset("the my our this his her their its".split())
_AUXILIARIES = frozenset(
    "can can't cannot could couldn't won't will don't doesn't didn't am is was isn't wasn't has hasn't haven't must mustn't".split()
)
_FEWEST_WORDS = 2
_NO_LONE_VERBS = frozenset({"go", "come", "try", "stop", "be", "get"})
"""Verbs whose "and" joins no second statement: "go and see"."""


def statements(clause: Clause) -> Iterator[Clause]:
    """The clause, or one clause per predicate, each with the common subject."""
    if " and " not in clause.lower and " but " not in clause.lower:
        yield clause
        return
    reading = read(clause)
    joint = _joint(reading)
    if joint is None:
        yield clause
        return
    left, right = joint
    yield with_text(clause, left)
    yield from statements(with_text(clause, right))


def _joint(reading: Reading) -> tuple[str, str] | None:
    """The texts left and right of the conjunction that joins two predicates."""
    if reading.subject not in _SPEAKERS or reading.negated or not reading.subject_text or not reading.verb:
        return None
    for match in _JOINT.finditer(reading.text, len(reading.subject_text)):
        left, right = reading.text[: match.start()], reading.text[match.end() :]
        inner = left[len(reading.subject_text) :].lower().split()
        if len(inner) < _FEWEST_WORDS or not _HANGING.isdisjoint(inner) or inner[-1] in _NO_LONE_VERBS:
            continue
        if _continues(reading, right.lower().split()):
            return left.rstrip(","), f"{reading.subject_text} {right}"
        if _has_own_subject(right):
            return left.rstrip(","), right
    return None


def _has_own_subject(text: str) -> bool:
    """Whether the second half says something about something else: "... and the blender arrived broken"."""
    if text.split(" ", 1)[0].lower() not in _OPENS_A_SUBJECT:
        return False
    reading = read_text(text)
    return reading.subject in {Subject.NOUN, Subject.MINE} and bool(reading.verb and reading.rest)


def _continues(reading: Reading, words: list[str]) -> bool:
    """Whether words begin with a verb in the form that the subject asks for."""
    place = 0
    while place < len(words) and words[place] in ADVERBS:
        place += 1
    if len(words) - place < _FEWEST_WORDS:
        return False
    forms = FORMS.get(words[place], {})
    if words[place] in NOUNS_TOO and words[place + 1] not in _AFTER_A_VERB:
        return False
    if words[place] in _AUXILIARIES:
        return True
    if reading.tense is Tense.PAST:
        return Form.PAST in forms and (Form.BASE not in forms or forms[Form.BASE] in INVARIANT)
    if reading.tense not in {Tense.PRESENT, Tense.PROGRESSIVE}:
        return False
    is_plain = reading.subject is Subject.SELF or reading.subject_text.lower() == "they"
    return (Form.BASE if is_plain else Form.THIRD) in forms

"""Subject, verb and tense of plain English clauses, and the third person."""

from __future__ import annotations

import pytest

from service.extractors.rules.clauses import clauses
from service.extractors.rules.grammar import read
from service.extractors.rules.person import statement
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.verbs import FORMS, Form


def reading(text: str) -> Reading:
    """The reading of a text of one clause."""
    (clause,) = clauses(text)
    return read(clause)


@pytest.mark.parametrize(
    ("text", "subject", "verb", "tense", "negated"),
    [
        ("I'm a baker in Gent", Subject.SELF, "be", Tense.PRESENT, False),
        ("I've switched to decaf", Subject.SELF, "switch", Tense.PERFECT, False),
        ("we used to own a boat", Subject.SELF, "use", Tense.PAST, False),
        ("I no longer eat fish", Subject.SELF, "eat", Tense.PRESENT, True),
        ("my sister no longer lives in Rome", Subject.MINE, "live", Tense.PRESENT, True),
        ("my old cat is called Otso", Subject.MINE, "be", Tense.PRESENT, False),
        ("the heater's broken", Subject.NOUN, "be", Tense.PRESENT, False),
        ("her uncle isn't coming", Subject.NOUN, "come", Tense.PROGRESSIVE, True),
        ("the night crew runs the ovens", Subject.NOUN, "run", Tense.PRESENT, False),
        ("finished the fence last night", Subject.NONE, "finish", Tense.PAST, False),
        ("please don't ring me", Subject.NONE, "ring", Tense.IMPERATIVE, True),
        ("I'm going to move to Spain", Subject.SELF, "move", Tense.FUTURE, False),
        ("I have to renew my visa", Subject.SELF, "renew", Tense.MODAL, False),
        ("In April we rowed two hours", Subject.SELF, "row", Tense.PAST, False),
        ("eye check on the 8th", Subject.NONE, "", Tense.PRESENT, False),
        ("that is the point", Subject.PRONOUN, "be", Tense.PRESENT, False),
    ],
)
def test_readings(text: str, subject: Subject, verb: str, tense: Tense, negated: bool) -> None:
    """The main verb is found behind adverbs and auxiliaries."""
    found = reading(text)
    assert (found.subject, found.verb, found.tense, found.negated) == (subject, verb, tense, negated)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I'm leaving my job", "Ana is leaving their job"),
        ("I really like tea", "Ana really likes tea"),
        ("we have two cats", "Ana has two cats"),
        ("I don't eat fish because I hate it", "Ana doesn't eat fish"),
        ("I've been there", "Ana has been there"),
        ("I no longer eat fish", "Ana no longer eats fish"),
        ("finished my book", "Ana finished their book"),
    ],
)
def test_third_person(text: str, expected: str) -> None:
    """What Ana says of herself becomes a statement about Ana."""
    first = next(iter(clauses(text)))
    assert statement(read(first), "Ana", "Ana") == expected


@pytest.mark.parametrize(
    ("form", "kind", "base"),
    [
        ("went", Form.PAST, "go"),
        ("running", Form.PROGRESSIVE, "run"),
        ("studies", Form.THIRD, "study"),
        ("making", Form.PROGRESSIVE, "make"),
        ("planned", Form.PARTICIPLE, "plan"),
        ("carried", Form.PAST, "carry"),
        ("watches", Form.THIRD, "watch"),
        ("lying", Form.PROGRESSIVE, "lie"),
        ("are", Form.THIRD, "be"),
    ],
)
def test_verb_forms(form: str, kind: Form, base: str) -> None:
    """Regular and irregular forms lead to their verb."""
    assert FORMS[form][kind] == base

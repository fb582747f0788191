"""People and animals of a talk: found by how they are related to the speaker, and what "she" or "they" then means."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from service.domain.source import Mention, Relation

_FEMALE = (
    "sister mother mum mom mam wife girlfriend daughter aunt auntie grandmother grandma gran granny nan "
    "niece fiancée stepmother stepmum ex-wife"
).split()
_MALE = (
    "brother father dad husband boyfriend son uncle grandfather grandad grandpa granddad nephew fiancé "
    "stepfather stepdad ex-husband"
).split()
_EITHER = (
    "partner friend neighbour neighbor boss manager colleague coworker co-worker cousin teacher landlord "
    "landlady flatmate roommate housemate doctor "
    "therapist child kid baby toddler mate bestie ex twin fiance spouse parent grandchild client "
    "supervisor mentor coach tutor assistant stepson "
    "stepdaughter godson goddaughter dentist vet".split()
)
_PLURAL = (
    "parents kids children twins sons daughters sisters brothers cousins friends grandparents "
    "grandchildren grandkids colleagues neighbours neighbors"
).split()
_ANIMALS = (
    "dog cat rabbit hamster horse parrot puppy kitten pony budgie goldfish guinea-pig tortoise pup bird snake lizard"
).split()

GENDERS: dict[str, str] = (
    dict.fromkeys(_FEMALE, "she")
    | dict.fromkeys(_MALE, "he")
    | dict.fromkeys(_EITHER, "")
    | dict.fromkeys(_PLURAL, "they")
    | dict.fromkeys(_ANIMALS, "")
)
"""Words for somebody close, and the pronoun they settle; empty where any will do."""

_ANIMAL_WORDS = frozenset(_ANIMALS)
_RELATION = "|".join(sorted((re.escape(word) for word in GENDERS), key=len, reverse=True))
_NAME = r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?"
_ADJECTIVES = (
    r"(?:(?:best|old|older|younger|little|big|elder|eldest|youngest|new|ex|late|twin|guide|step|half|good|"
    r"close|oldest|"
    r"upstairs|downstairs|three[- ]legged|rescue|seven|\w+-year-old) ){0,3}"
)

_INTRODUCTIONS = tuple(
    re.compile(pattern)
    for pattern in (
        (
            rf"\b(?:[Mm]y|[Oo]ur) (?P<relation>{_ADJECTIVES}(?P<word>{_RELATION})),? (?:is |are )?(?:called|named|"
            rf"whose name is) (?P<name>[\w'’-]+(?: [A-Z][\w'’-]+)?)"
        ),
        (
            rf"\b(?:[Mm]y|[Oo]ur) (?P<relation>{_ADJECTIVES}(?P<word>{_RELATION}))(?:'s name is|"
            rf",)? (?P<name>{_NAME})"
        ),
        rf"\b(?P<name>{_NAME}),? \(?(?:is )?my (?P<relation>{_ADJECTIVES}(?P<word>{_RELATION}))\b",
        (
            rf"\b(?:adopted|got|have|has|had|own) (?:a|an|"
            rf"one) (?:[\w-]+ ){{0,3}}(?P<relation>(?P<word>{_RELATION}))[\w ]{{0,20}}(?:called|"
            rf"named) (?P<name>[\w'’-]+)"
        ),
        (
            rf"\b(?:a|an) (?:[\w-]+ ){{0,3}}(?P<relation>(?P<word>{'|'.join(_ANIMALS)})) (?:called|"
            rf"named) (?P<name>{_NAME})"
        ),
    )
)
_UNNAMED = re.compile(rf"\b(?:[Mm]y|[Oo]ur) (?P<relation>{_ADJECTIVES}(?P<word>{_RELATION}))\b(?!'s)")
_SPOKEN_NAME = re.compile(
    rf"\bmy (?P<relation>(?P<word>{_RELATION})) (?P<name>[a-z]+)(?= (?:she|he|they|who|is|has|works|lives))"
)
_NOT_SPOKEN_NAMES = frozenset("is and was who has does did said in at on from that can will just also really says thinks".split())

RELATION_WORDS = frozenset(GENDERS) | {"called", "named"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody or some animal close to the speaker."""

    label: str
    """How statements call them: "User's sister Ana", "Ana" once known by name."""
    key: str
    """Lower-case name; "user's sister" where the name is unknown."""
    pronoun: str
    """she, he, they; empty where any will do."""
    name: str = ""
    relation: str = ""
    is_animal: bool = False


@dataclass(slots=True)
class People:
    """Who was spoken of so far, the latest last."""

    speaker: str
    known: list[Person] = field(default_factory=list)

    def hear(self, text: str) -> None:
        """Takes note of everybody introduced in a text."""
        named: set[int] = set()
        for pattern in _INTRODUCTIONS:
            for match in pattern.finditer(text):
                named.add(match.start("relation"))
                self._know(match["relation"], match["word"], match["name"].removesuffix("'s"))
        for match in _SPOKEN_NAME.finditer(text):
            if match["name"] not in _NOT_SPOKEN_NAMES:
                named.add(match.start("relation"))
                self._know(match["relation"], match["word"], match["name"].capitalize())
        for match in _UNNAMED.finditer(text):
            if match.start("relation") not in named:
                self._know(match["relation"], match["word"], "")

    def _know(self, relation: str, word: str, name: str) -> None:
        if not name:
            same = [person for person in self.known if person.relation.endswith(word)]
            if same:
                self.known.remove(same[-1])
                self.known.append(same[-1])
                return
        label = f"{self.speaker}'s {relation}" + (f" {name}" if name else "")
        key = name.lower() or f"{self.speaker.lower()}'s {relation}"
        self.known.append(Person(label, key, GENDERS[word], name, relation, word in _ANIMAL_WORDS))

    def meant_by(self, pronoun: str) -> Person | None:
        """The latest person a pronoun can mean."""
        for person in reversed(self.known):
            if person.pronoun in {"", pronoun}:
                return person
        return None

    def named(self, text: str) -> Person | None:
        """The person whose name or relation a subject is."""
        lower = text.lower()
        for person in reversed(self.known):
            if person.name and lower.startswith(person.name.lower()):
                return person
            if not person.name and person.relation and lower.endswith(person.relation):
                return person
        for person in reversed(self.known):
            if person.relation and lower.endswith(person.relation.split()[-1]):
                return person
        return None

    def in_text(self, text: str) -> list[Person]:
        """Everybody with a name that stands in a text."""
        return [person for person in self.known if person.name and person.name in text]


def mention(person: Person) -> Mention:
    """The entity a person is."""
    return Mention(person.name, "animal" if person.is_animal else "person")


def relation(person: Person, speaker: str) -> Relation:
    """How a person is related to the speaker."""
    return Relation(person.name, person.relation.replace(" ", "_") + "_of", speaker)

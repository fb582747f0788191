"""People and animals of a talk: found by how they are related to the speaker, and what "she" or "they" then means."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field, replace
from enum import IntEnum

from service.domain.source import Mention, Relation
from service.extractors.rules.appointments import KINDS
from service.extractors.rules.reading import ADVERBS
from service.extractors.rules.subject import BE, DO, HAVE, MODALS

_FEMALE = (
    "sister mother mum mom mam wife girlfriend daughter aunt auntie grandmother grandma gran granny nan "
    "niece fiancée stepmother stepmum ex-wife mother-in-law sister-in-law daughter-in-law godmother half-sister step-sister stepsister"
).split()
_MALE = (
    "brother father dad husband boyfriend son uncle grandfather grandad grandpa granddad nephew fiancé "
    "stepfather stepdad ex-husband father-in-law brother-in-law son-in-law godfather half-brother step-brother stepbrother"
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
    "grandchildren grandkids colleagues neighbours neighbors in-laws"
).split()
_ANIMALS = [
    *"dog cat rabbit hamster horse parrot puppy kitten pony budgie goldfish guinea-pig tortoise pup bird snake lizard".split(),
    "guinea pig",
]

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
_NAME = r"(?:(?:Dr|Mr|Mrs|Ms|Prof)\.? )?[A-Z][\w'’-]+(?: [A-Z][\w'’-]+)?"
_TITLES = {"Mr": "he", "Mrs": "she", "Ms": "she"}
_ADJECTIVES = (
    r"(?:(?:best|old|older|younger|little|big|elder|eldest|youngest|new|ex|late|twin|step|half|good|"
    r"close|oldest|"
    r"upstairs|downstairs|rescue|\w+-year-old) ){0,3}"
)

_OWNER = "(?P<owner>[Mm]y|[Oo]ur|[Hh]is|[Hh]er|[Tt]heir)"
_RELATED = rf"(?P<relation>{_ADJECTIVES}(?P<word>{_RELATION}))(?![\w-]|'s \w)"
_ANY_NAME = r"(?P<name>[\w'\u2019-]+(?: [A-Z][\w'\u2019-]+)?)"
_POSSESSIVES = frozenset("my our his her their".split())
_CALLED = frozenset({"called", "named", "name"})
_INDEFINITE = frozenset({"a", "an", "another"})

_INTRODUCTIONS = tuple(
    (frozenset(triggers), re.compile(pattern))
    for triggers, pattern in (
        (_CALLED, rf"\b{_OWNER} {_RELATED},? (?:is |are )?(?:called|named|whose name is) {_ANY_NAME}"),
        (_POSSESSIVES, rf"\b{_OWNER} {_RELATED}(?:'s name is|,)? (?P<name>{_NAME})"),
        (
            _POSSESSIVES,
            rf"\b{_OWNER} {_RELATED} (?:on|in|at|from|across|over|next|down|up|of) [\w' -]{{2,40}}, (?P<name>{_NAME})(?=[,.;!?)])",
        ),
        (_POSSESSIVES, rf"\b(?P<name>{_NAME})(?:,? (?:who )?is | \()my {_RELATED}\b"),
        (_POSSESSIVES, rf"\b(?P<name>{_NAME}), my {_RELATED}(?= *(?:[,.;:!?]|$|and\b|who\b))"),
        (
            _CALLED,
            (
                rf"\b(?:adopted|got|have|has|had|own) (?:a|an|one) (?:[\w-]+ ){{0,3}}(?P<relation>(?P<word>{_RELATION}))"
                rf"[\w ]{{0,20}}(?:called|named) {_ANY_NAME}"
            ),
        ),
        (
            frozenset({"name"}),
            (
                rf"\b(?:adopted|got|rescued|bought|fostered|have|had|welcomed) (?:a|an) (?:[\w-]+ ){{0,3}}?(?P<relation>(?P<word>[a-z-]{{3,20}}))"
                rf"[.!,;]+ (?:and )?(?P<pronoun>[Hh]er|[Hh]is) name(?:'s| is) (?P<name>{_NAME})"
            ),
        ),
        (
            _CALLED,
            rf"\b(?:a|an) (?:[\w-]+ ){{0,3}}(?P<relation>(?P<word>{'|'.join(_ANIMALS)})) (?:called|named) (?P<name>{_NAME})",
        ),
    )
)
"""How somebody is introduced by name, and the words one of which must be there."""

_BY_NAME = re.compile(
    r"\b(?:bring|bringing|brought|with|meet|met|invite[ds]?|married|call|called|told|ask|asked|see|seeing|saw|visit|visited|know|date|dating|miss|for|from) "
    r"(?P<name>[A-Z][a-z]{2,20})(?=[?.,!;]| (?:and|who|because|so|but|yesterday|today|last|on)\b)"
)
_WHO_IS = re.compile(rf"\b[Ww]ho(?:'s| is| was) (?P<name>{_NAME})\?")
_IS_MINE = re.compile(rf"(?:(?:[Oo]h|[Ww]ell|[Aa]h),? )?(?:(?:[Ss]he|[Hh]e|[Tt]hat|[Ii]t)(?:'s| is) )?{_OWNER} {_RELATED}\b")
"""Who somebody asked after is."""
_NAME_ALONE = re.compile(r"(?P<name>[A-Z][\w'-]{1,20})(?=[.!,;])")
_ASKS_NAME = re.compile(r"\b(?:who|whose name|(?:his|her|their|its) name|(?:called|named))\b[^?]{0,80}\?|\bname\?", re.IGNORECASE)
_ASKED_AFTER = re.compile(rf"\byour (?:[\w-]+ )?(?P<word>{_RELATION})\b")
_NAMED_WITHIN = re.compile(
    r"(?<![.!?:] )(?<!^)(?<!\b[IiAa][nt] )(?<!\bto )(?<!\bfrom )(?<!\bnear )(?<!\bof )\b(?P<name>[A-Z][a-zà-ÿ]{2,20})(?:'s)?\b"
)
"""A name in the midst of a sentence that is no place."""
_UNNAMED = re.compile(rf"\b{_OWNER} {_RELATED}\b(?!'s)")
_POSSESSOR = re.compile(
    rf"\b{_OWNER} (?P<relation>{_ADJECTIVES}(?P<word>{'|'.join(map(re.escape, [*_FEMALE, *_MALE]))}))'s (?!(?:{_RELATION}|name)\b)\w"
)
"""Whose something is: "at my sister's place"."""
_SPOKEN_NAME = re.compile(
    rf"\bmy (?P<relation>(?P<word>{_RELATION})) (?P<name>[a-z]+)(?= (?:she|he|they|who|is|has|works|lives))"
)
_NAMED_NOW = re.compile(rf"\b(?:called|named) (?P<name>{_NAME})")
_IS_CALLED = re.compile(rf"\b(?P<pronoun>[Hh]e|[Ss]he)(?:'s| is) (?:called|named) {_NAME}")
_NEW_ANIMAL = re.compile(
    rf"\b(?:adopted|got|rescued|bought) (?:a|an|another) (?:[\w-]+ ){{0,2}}(?P<relation>(?P<word>{'|'.join(_ANIMALS)}))\b(?! (?:called|named))"
)
_NOT_SPOKEN_NAMES = (
    frozenset("is and was who has does did said in at on from that can will just also really says thinks".split()) | KINDS
)
_ENDS = r"(?= ?[.,;!?]|$| (?:who|called|named|now|and|in|at|on|from|for|here|since|because|that|with|yesterday|today|last|this|of mine|of ours)\b)"
_NEWLY_OWN = (
    re.compile(
        r"\b(?:[Ii]|[Ww]e)(?:'ve)? (?:(?:also|just|now|finally|recently|have|even) )*(?:have|got|had|get|hired|found|gained|married) (?:got )?"
        rf"(?:a|an|another) {_RELATED}{_ENDS}"
    ),
    re.compile(rf"\b(?:[Aa]|[Aa]n|[Aa]nother) {_RELATED} of (?:mine|ours)\b"),
    re.compile(
        rf"\b(?:[Ii]|[Ww]e) (?:\w+ )?(?:met|meet|saw|see) (?:a|an|another) "
        rf"(?P<relation>{_ADJECTIVES}(?P<word>friend|colleague|neighbou?r|co-?worker|cousin)){_ENDS}"
    ),
)
"""Somebody of the speaker's who comes up for the first time."""
_STRANGERS = {
    "man": "he",
    "guy": "he",
    "lad": "he",
    "bloke": "he",
    "chap": "he",
    "boy": "he",
    "woman": "she",
    "girl": "she",
    "lady": "she",
}
_STRANGER = re.compile(rf"\b(?:an?|another|some|this) (?:[\w-]+ ){{0,2}}(?P<word>{'|'.join(_STRANGERS)})\b", re.IGNORECASE)
_IS_ONE = re.compile(r"(?:\b(?:is|was|are|were|be|been|as|like|such|became|become|not)|(?<!there)'s|'m|'re),? $", re.IGNORECASE)
"""Behind it a description stands, nobody new."""

_ROLES = (
    "cto ceo cfo coo director doctor surgeon nurse teacher professor landlord landlady plumber electrician mechanic recruiter interviewer lawyer solicitor "
    "accountant receptionist neighbour neighbor boss manager consultant vet dentist therapist coach tutor tenant buyer seller agent builder architect "
    "photographer caterer cleaner babysitter nanny childminder trainer physio driver inspector owner headmaster principal midwife "
    "tiler painter decorator carpenter roofer gardener handyman locksmith courier postman waiter waitress tailor barber"
).split()
_BY_ROLE = re.compile(rf"\bthe (?P<role>(?:other |new |old )?(?:{'|'.join(_ROLES)}))\b(?!')")
_ROLE_WORDS = frozenset(_ROLES)
_SINGLE_NAME = re.compile(r"[A-Z][a-zà-ÿ'-]{2,20}$")
_NO_PERSON = frozenset(
    """this that there these those yesterday today tomorrow everything everyone everybody someone somebody something nothing nobody anyone
    work school dinner lunch breakfast traffic weather money sleep music food coffee tea people
    monday tuesday wednesday thursday friday saturday sunday january february march april june july august september october november december
    christmas easter legal finance marketing sales support engineering management
    what which who when where why how mine yours not both all most some many few one two three first second next last also please not the last""".split()
)
_NOT_NAMES = (
    _NO_PERSON
    | ADVERBS
    | BE
    | DO
    | HAVE
    | frozenset(MODALS)
    | frozenset(
        """i he she it they we you me him her us them himself herself a an and but or so if because since after before while though although as with for
        from to in on at by about of up out off back again into over hi hello hey oh ok okay yes yeah yep no well thanks please dear poor sorry sure
        my our his their your here now names""".split()
    )
)
"""Words that stand where a name would, most often because a sentence begins with them: "Yesterday, my boss, ...", "my boss called me"."""

RELATION_WORDS = frozenset(GENDERS) | _ROLE_WORDS | {"called", "named", "name", "ex", "co", "guinea"} | _STRANGERS.keys()


class Heard(IntEnum):
    """When somebody was last spoken of; a pronoun means the nearest."""

    LATER = 0
    """After the turn: that tells a name, but no pronoun means them yet."""
    BEFORE = 1
    JUST_BEFORE = 2
    """In the turn before, whoever said it."""
    NOW = 3


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
    owner: str = ""
    """Whose relation they are."""
    is_animal: bool = False
    span: tuple[int, int] = (-1, -1)
    """Where in the turn they were introduced; (-1, -1) around it."""
    heard: Heard = Heard.BEFORE

    @property
    def within(self) -> str:
        """How they are called within a sentence."""
        return "the" + self.label[3:] if self.label.startswith("The ") else self.label


@dataclass(slots=True)
class People:
    """Who was spoken of so far, the latest last."""

    speaker: str
    known: list[Person] = field(default_factory=list)
    _heard: Heard = Heard.BEFORE

    def hear(self, text: str, words: frozenset[str], heard: Heard) -> None:
        """Takes note of everybody introduced in a text.

        Args:
            text: a turn.
            words: its words in lower case.
            heard: when it was said.
        """
        self._heard = heard
        named: set[int] = set()
        for triggers, pattern in _INTRODUCTIONS:
            if triggers.isdisjoint(words):
                continue
            for match in pattern.finditer(text):
                if match.start("relation") not in named and not _is_no_name(match):
                    named.add(match.start("relation"))
                    self._know(match, match["relation"], match["word"], match["name"].removesuffix("'s"))
        if "my" in words:
            for match in _SPOKEN_NAME.finditer(text):
                if match["name"] not in _NOT_SPOKEN_NAMES:
                    named.add(match.start("relation"))
                    self._know(match, match["relation"], match["word"], match["name"].capitalize())
        for triggers, pattern in ((_POSSESSIVES, _UNNAMED), (_POSSESSIVES, _POSSESSOR), (_ANIMAL_WORDS, _NEW_ANIMAL)):
            if not triggers.isdisjoint(words):
                for match in pattern.finditer(text):
                    if match.start("relation") not in named:
                        self._know(match, match["relation"], match["word"], "")
        for pattern in () if _INDEFINITE.isdisjoint(words) else _NEWLY_OWN:
            for match in pattern.finditer(text):
                self._know(match, match["relation"], match["word"], "")
        if not _ROLE_WORDS.isdisjoint(words):
            self._hear_roles(text)
        if not _STRANGERS.keys().isdisjoint(words):
            self._hear_strangers(text)
        # In the turn itself the clause that says so tells the name.
        for match in () if heard is Heard.NOW or _CALLED.isdisjoint(words) else _IS_CALLED.finditer(text):
            meant = self.meant_by(match["pronoun"].lower())
            if meant is not None and not meant.name:
                self.named_now(meant, match[0])

    def _hear_roles(self, text: str) -> None:
        for match in _BY_ROLE.finditer(text.lower()):
            role = text[match.start("role") : match.end("role")]
            self.known.append(Person(f"The {role}", role.lower(), "", span=self._span(match), heard=self._heard))

    def _hear_strangers(self, text: str) -> None:
        """Takes note of people of whom nothing more is known, so that what is said of them is said of nobody else."""
        for match in _STRANGER.finditer(text):
            if not _IS_ONE.search(text, 0, match.start()):
                word = match["word"]
                self.known.append(Person("", word, _STRANGERS[word], span=self._span(match), heard=self._heard))

    def hear_other(self, text: str, answer: str) -> None:
        """Takes note of whom somebody else spoke of just before: those known already, and whom the answer to "who's that?" names."""
        self._heard = Heard.JUST_BEFORE
        asked, told = _WHO_IS.search(text), _IS_MINE.match(answer)
        if asked and told:
            self._know(told, told["relation"], told["word"], asked["name"])
        for match in _ASKED_AFTER.finditer(text.lower()):
            self._know(match, match["word"], match["word"], "")
        words = set(text.lower().replace("?", " ").replace(",", " ").replace(".", " ").split())
        for person in tuple(self.known):
            if (person.name and person.name in text) or (person.relation and person.relation.split()[-1] in words):
                self._speak_again_of(person)

    def hear_name(self, question: str, answer: str) -> Person | None:
        """Who it is that an answer names first, where a question asked for a name: "what was her name?" "Figa. She died"."""
        name = _NAME_ALONE.match(answer)
        if not name or not _ASKS_NAME.search(question):
            return None
        asked = list(_ASKED_AFTER.finditer(question.lower()))
        word = asked[-1]["word"] if asked else ""
        label = f"{self.speaker}'s {word} {name['name']}" if word else name["name"]
        owner = self.speaker if word else ""
        found = Person(
            label,
            name["name"].lower(),
            GENDERS.get(word, ""),
            name["name"],
            word,
            owner,
            word in _ANIMAL_WORDS,
            name.span(),
            Heard.NOW,
        )
        self.known.append(found)
        return found

    def names_unknown(self, text: str) -> bool:
        """Whether a text names somebody, or perhaps something, that is nobody known here: "poor Kuba"."""
        known = {word for person in self.known for word in person.name.split()} | set(self.speaker.split())
        return any(
            match["name"] not in known and match["name"].lower() not in _NOT_NAMES for match in _NAMED_WITHIN.finditer(text)
        )

    def _speak_again_of(self, person: Person) -> None:
        self.known.remove(person)
        self.known.append(replace(person, heard=max(person.heard, self._heard)))

    def _span(self, match: re.Match[str]) -> tuple[int, int]:
        return match.span() if self._heard is Heard.NOW else (-1, -1)

    def _know(self, match: re.Match[str], relation: str, word: str, name: str) -> None:
        owner = self._owner(match.groupdict().get("owner") or "")
        if not owner:
            return
        if not name:
            same = [person for person in self.known if person.relation.endswith(word)]
            if same:
                self._speak_again_of(same[-1])
                return
        label = f"{owner}'s {relation}" + (f" {name}" if name else "")
        key = name.lower() or f"{owner.lower()}'s {relation}"
        pronoun = _TITLES.get(name.split(" ", 1)[0].rstrip("."), "") or GENDERS.get(
            word, match.groupdict().get("pronoun") or ""
        ).lower().replace("her", "she").replace("his", "he")
        is_animal = word in _ANIMAL_WORDS or word not in GENDERS
        self.known.append(Person(label, key, pronoun, name, relation, owner, is_animal, self._span(match), self._heard))

    def _owner(self, word: str) -> str:
        """Whose relation somebody is: the speaker's, or that of who "his" and "her" mean."""
        if word.lower() not in {"his", "her", "their"}:
            return self.speaker
        person = self.meant_by({"his": "he", "her": "she"}.get(word.lower(), "they"))
        return (person.name or person.label) if person else ""

    def said_by_name(self, text: str) -> Person | None:
        """Whom a text spoke of by a name alone, last: "can I bring Lotte?"."""
        found = [match["name"] for match in _BY_NAME.finditer(text) if match["name"].lower() not in _NO_PERSON]
        return self.named(found[-1]) or self.note(found[-1]) if found else None

    def note(self, text: str) -> Person | None:
        """Takes a subject that is a single capitalised name for somebody: "Nico will eat that"."""
        if not _SINGLE_NAME.match(text) or text.endswith("s") or text.lower() in _NO_PERSON:
            return None
        person = Person(text, text.lower(), "", text)
        self.known.append(person)
        return person

    def meant_by(self, pronoun: str, reached: int = sys.maxsize) -> Person | None:
        """The latest person a pronoun can mean: of those just spoken of anybody, of others first who it must mean.

        Args:
            pronoun: she, he or they.
            reached: where in the turn it stands.
        """
        spoken_of = [one for one in reversed(self.known) if one.heard is not Heard.LATER and one.span[0] < reached]
        near = (one for one in spoken_of if one.heard >= Heard.JUST_BEFORE and one.pronoun in {"", pronoun})
        sure = (one for one in spoken_of if one.pronoun == pronoun)
        return next((one for group in (near, sure, (one for one in spoken_of if not one.pronoun)) for one in group), None)

    def named_now(self, person: Person, rest: str) -> Person:
        """The same person with the name that "is a parrot called Otto" gives them."""
        match = None if person.name else _NAMED_NOW.search(rest)
        if not match:
            return person
        name = match["name"]
        label = f"{person.label} {name}".strip()
        self.known[self.known.index(person)] = named = replace(person, label=label, key=name.lower(), name=name)
        return named

    def settled(self, person: Person, pronoun: str) -> Person:
        """The same person, of whom it is known from now on that they are a "she" or a "he"."""
        if person.pronoun or pronoun == "they" or person not in self.known:
            return person
        settled = replace(person, pronoun=pronoun)
        self.known[self.known.index(person)] = settled
        return settled

    def is_another(self, person: Person, rest: str) -> bool:
        """Whether "is called Pepper" says that somebody else is meant."""
        match = _NAMED_NOW.search(rest) if person.name else None
        return match is not None and match["name"] != person.name

    def named(self, text: str) -> Person | None:
        """The person whose name or relation a subject is."""
        lower = text.lower()
        for person in reversed(self.known):
            if lower.removeprefix("the ") == person.key:
                return person
            if person.name and (lower.startswith(person.name.lower()) or lower.endswith(" " + person.name.lower())):
                return person
            if not person.name and person.relation and lower.endswith(person.relation):
                return person
        for person in reversed(self.known):
            if person.relation and lower.endswith(person.relation.split()[-1]):
                return person
        return None

    def is_only_one(self, person: Person) -> bool:
        """Whether nobody else is related in the same way, so that "my brother" can only be him."""
        word = person.relation.split()[-1]
        return all(
            other.name == person.name for other in self.known if other.relation.endswith(word) and other.owner == person.owner
        )

    def in_text(self, text: str) -> list[Person]:
        """Everybody whose name stands in a text."""
        return [person for person in self.known if person.name and person.name in text]


def _is_no_name(match: re.Match[str]) -> bool:
    """Whether what stands for a name is a common word; one that is capitalised behind "my sister" is none (Will, May)."""
    is_surely_one = match.start("name") > match.start("relation") and match["name"][0].isupper()
    return not is_surely_one and match["name"].split()[0].lower().removesuffix("'s") in _NOT_NAMES


def mention(person: Person) -> Mention:
    """The entity a person is."""
    return Mention(person.name, "animal" if person.is_animal else "person")


def relation(person: Person) -> Relation:
    """How a person is related to whom."""
    return Relation(person.name, person.relation.replace(" ", "_") + "_of", person.owner)

"""One turn as the rules see it: who speaks, when, of whom, and what was said just before."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from service.domain.source import Turn
from service.extractors.rules.clauses import Clause, with_text
from service.extractors.rules.people import Heard, People, Person
from service.extractors.rules.person import possessive
from service.extractors.rules.reading import Reading, Subject


@dataclass(frozen=True, slots=True)
class About:
    """Who a clause is about."""

    key: str
    """ "user" or a lower-case name."""
    label: str
    """How the statement calls them; empty where nobody can be made out."""


_BRINGS_IN = frozenset(
    """get buy have adopt rent order own drive build make write paint use lease start run launch create receive install join read watch book
    find sell plan""".split()
)
"""Verbs whose object the talk goes on about."""
_THINGS = re.compile(
    r"\b(?:the|my|our|these|those) (?:[\w-]+ ){0,2}?[\w-]{3,}s(?= ?[.,;?!]| (?:as well|too|again|now|anymore|but|and|because)\b)"
)
"""Several things, named at the end of what is said of them."""
_HIM_OR_HER = re.compile(r"\bhim\b|\bher(?=$|[.,;!]| (?:and|but|so|for|to|about|on|at|in|with|by|from|again|very|a lot)\b)")
_TOPIC = re.compile(r"[A-Z][\w'-]{2,30}(?: [A-Z0-9][\w'-]{0,30}){0,2}")
_NO_TOPICS = frozenset(
    "yes yeah yep no nope sure ok okay well oh hi hello hey thanks sorry right great cool wow today tomorrow tonight yesterday".split()
)
_OBJECT_IT = re.compile(r"(?<=[\w'] )it\b(?!')")
_MAKES_OWN = frozenset("get buy have adopt rent order own drive lease build".split())
_OBJECT = re.compile(
    r"(?:just |finally |also )?(?:for |on |up )?(?:(?P<own>[Mm]y|[Oo]ur)|an?|the|another|this) (?P<what>(?:new )?[\w'-]+(?: [\w'-]+){0,3}?)"
    r"(?=[,.;(]|$| (?:in|at|on|from|with|for|called|named|which|that|and|to|because|so|last|this|next|yesterday|today|by|about)\b)"
)
_EXPLETIVE = re.compile(
    r"(?:(?:not|so|really|very|always|such|just|pretty|quite|a|an|the) )*(?!(?:moved|postponed|rescheduled|pushed|brought|shifted|delayed|changed)\b)[\w-]+ "
    r"(?:to \w|that\b|how\b|when\b|if\b|\w+ing\b)|"
    r"(?:like|as if|up to|about time|time to)\b|(?:me|us) (?:mad|crazy|nuts|insane|up the wall|round the bend)\b"
)
_NO_THINGS = frozenset(
    "a-few sure one some most all both everyone everybody everything nothing people somebody someone what life same nature".split()
)
"""First words of a subject that "it" cannot mean."""
_AFTERTHOUGHT = re.compile(r",? (?:btw|by the way)\b,?", re.IGNORECASE)
_EXPLETIVE_VERBS = frozenset(
    {"be", "feel", "seem", "look", "take", "mean", "help", "sound", "rain", "snow", "turn", "depend", "drive"}
)

NOBODY = About("", "")


@dataclass(slots=True)
class Talk:
    """What is known while a turn is read; grows clause by clause."""

    turn: Turn
    text: str
    """The turn's own words, everything else blanked."""
    speaker: str
    said: datetime
    """On the speaker's clock."""
    people: People
    is_sarcastic: bool
    is_impersonal: bool
    is_minutes: bool
    is_note: bool = False
    publisher: str = ""
    """Whose document it is, which "we" means."""
    served_by: str = ""
    """The organisation that the other side speaks for: "thank you for calling"."""
    addressees: tuple[str, ...] = ()
    """To whom a mail goes."""
    topic: tuple[int, str] = (-1, "")
    """The sentence and the name that it begins with: "Routine, we've used it for years"."""
    reached: int = 0
    """Where in the turn the clause begins that is being read."""
    last_thing: str = ""
    """What "it" means: the latest subject that is a thing."""
    last_text: str = ""
    """The clause before, as a statement where it made one."""
    last_person: Person | None = None
    is_another_named: bool = False
    """Whether one of the two turns before named somebody unknown, whom "he" and "she" may mean."""
    last_ended: str = ""
    """The attribute whose end the clause before told: "I don't work there any more"."""
    said_before: tuple[str, ...] = ()
    """What the speaker said before the turn."""

    @property
    def is_among_people(self) -> bool:
        """Whether others speak of people too, so that who was spoken of longer ago may not be who is meant."""
        return bool(self.turn.speaker)

    @property
    def self(self) -> About:
        """The speaker."""
        return About(self.speaker.lower(), self.speaker)

    def about(self, reading: Reading) -> About:
        """Who a clause is about, taking note of it for the clauses that follow."""
        kind = reading.subject
        if self.is_impersonal and (kind is Subject.YOU or reading.subject_text.lower().startswith("we")):
            return About(reading.subject_text.lower(), reading.subject_text[:1].upper() + reading.subject_text[1:])
        if kind in {Subject.SELF, Subject.NONE}:
            return About(self.speaker.lower(), self.speaker)
        if kind is Subject.YOU:
            return NOBODY
        if kind is Subject.PRONOUN:
            return self._pronoun(reading)
        return self._noun(reading.subject_text, reading.rest)

    def take_note_of_thing(self, text: str) -> None:
        """A thing named by itself is what the next "it" means: "New phone! It's a Pixel"."""
        self.last_thing = f"{self.speaker}'s {text[0].lower()}{text[1:]}" if text.lower().startswith("new ") else text

    def with_people(self, text: str, reading: Reading) -> str:
        """A statement of the speaker's with the person in place of "him" or "her"."""
        if reading.subject is not Subject.SELF or self.is_impersonal:
            return text
        match = _HIM_OR_HER.search(text)
        person = self.people.meant_by("he" if match[0] == "him" else "she") if match else None
        if not match or person is None or person.label in text or (self.is_among_people and person.heard < Heard.JUST_BEFORE):
            return text
        return text[: match.start()] + person.within + text[match.end() :]

    def on_topic(self, clause: Clause) -> Clause:
        """A clause with the name in front of its sentence in place of "it"; takes note of such a name."""
        if clause.is_first and not clause.is_last and _TOPIC.fullmatch(clause.text) and clause.lower not in _NO_TOPICS:
            self.topic = clause.sentence, clause.text
        if self.topic[0] != clause.sentence or " it" not in clause.lower:
            return clause
        return with_text(clause, _OBJECT_IT.sub(self.topic[1], clause.text, count=1))

    def take_note_of_object(self, reading: Reading) -> None:
        """What somebody got, made or has is what the next "it" means: "we bought a flat, it's on the third floor"."""
        match = _OBJECT.match(reading.rest) if reading.verb in _BRINGS_IN and not reading.negated else None
        if match:
            is_own = match["own"] or (reading.subject is Subject.SELF and reading.verb in _MAKES_OWN)
            self.last_thing = f"{self.speaker}'s {match['what']}" if is_own else f"The {match['what']}"

    def felt_by(self, reading: Reading) -> About:
        """Who feels something: of "it's so frustrating" the speaker."""
        if reading.subject is Subject.PRONOUN and reading.subject_text.lower() in {"it", "that", "this"}:
            return About(self.speaker.lower(), self.speaker)
        return self.about(reading)

    def _noun(self, text: str, rest: str) -> About:
        text = _AFTERTHOUGHT.sub("", text)
        if text.lower().startswith("new ") and not self.is_impersonal:
            text = f"my {text[0].lower()}{text[1:]}"  # "New phone, ...": an announcement is about one's own
        person = self.people.named(text) or (None if self.is_impersonal else self.people.note(text))
        label = text if self.is_impersonal else self._owned(text)
        label = label[:1].upper() + label[1:]
        if person:
            person = self.people.named_now(person, rest)
            if (
                person.name
                and person.name not in rest
                and person.relation
                and label.endswith(person.relation.split()[-1])
                and self.people.is_only_one(person)
            ):
                label = f"{label} {person.name}"
            self.last_person = person
            return About(person.key, label)
        if text.split(" ", 1)[0].lower() not in _NO_THINGS:
            self.last_thing = label.split(",", 1)[0]
        return About(label.lower().removeprefix("the "), label)

    def _things(self) -> About:
        """The things named last before a "they" that is nobody."""
        found = list(_THINGS.finditer(self.text, 0, self.reached))
        if not found:
            return NOBODY
        label = possessive(found[-1][0], self.speaker)
        return About(label.lower().removeprefix("the "), label[:1].upper() + label[1:])

    def _owned(self, text: str) -> str:
        """A thing with its owner by name: "his teacher" is "User's son's teacher"."""
        first, _, rest = text.partition(" ")
        owner = (
            self.people.meant_by(first.lower().replace("his", "he").replace("her", "she"))
            if first.lower() in {"his", "her"}
            else None
        )
        called = (owner.name or owner.label) if owner else ""
        return f"{called}'s {rest}" if called and rest else possessive(text, self.speaker)

    def _meant_by(self, word: str) -> Person | None:
        """Whom "she", "he" or "they" means: somebody of the turn or just before it, else a name said in it, else anybody before."""
        person = self.people.meant_by(word, self.reached)
        if person is not None and person.heard >= Heard.JUST_BEFORE:
            return person
        by_name = None if word == "they" else self.people.said_by_name(self.text[: self.reached])
        return by_name or (None if self.is_another_named else person)

    def _pronoun(self, reading: Reading) -> About:
        word = reading.subject_text.lower()
        if word == "there":
            return About(self.speaker.lower(), "There")
        if word == "it" and reading.verb in _EXPLETIVE_VERBS and _EXPLETIVE.match(reading.rest.lower()):
            return NOBODY
        if word == "it":
            return About(self.last_thing.lower().removeprefix("the "), self.last_thing)
        if word not in {"she", "he", "they"}:
            return NOBODY
        last = self.last_person
        person = last if last and last.pronoun in {"", word} else self._meant_by(word)
        if person is None:
            return self._things() if word == "they" else NOBODY
        if self.people.is_another(person, reading.rest):
            return NOBODY
        person = self.people.settled(person, word)
        self.last_person = self.people.named_now(person, reading.rest)
        # "She's called Mette" is said of "User's boss", not yet of Mette.
        return About(self.last_person.key, self.last_person.label if self.last_person is person else person.label)

"""One turn as the rules see it: who speaks, when, of whom, and what was said just before."""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from service.domain.kinds import DocumentType, IngestionMode, Role
from service.domain.source import PreviousTurn, Segmented, Turn
from service.domain.zones import local_time
from service.extractors.rules.appointments import latest_named
from service.extractors.rules.clauses import WORDS, Clause
from service.extractors.rules.mail import sender_of
from service.extractors.rules.mask import UNSEEN, is_play, own_words, unaddressed, unwrapped
from service.extractors.rules.moods import is_sarcastic
from service.extractors.rules.people import RELATION_WORDS, People, Person
from service.extractors.rules.person import possessive
from service.extractors.rules.reading import Reading, Subject

_IMPERSONAL = frozenset(
    {
        DocumentType.DOCUMENT,
        DocumentType.PDF,
        DocumentType.KNOWLEDGE_ARTICLE,
        DocumentType.IMAGE,
        DocumentType.MEETING_TRANSCRIPT,
    }
)
"""Documents whose "we" and "you" are nobody in particular; their statements stay as they are written."""

_MINUTES = frozenset({DocumentType.MEETING_TRANSCRIPT, DocumentType.NOTE, DocumentType.DOCUMENT, DocumentType.EMAIL})
"""Documents in which tasks are handed out."""

_PUNCTUATION = UNSEEN | str.maketrans(dict.fromkeys(string.punctuation + "\u2019\u2018\u201c\u201d\u2026\u2014\u2013", " "))
_ALL_TURNS = 60
_TURNS_BEFORE = 4
"""Turns of a document that can say who "she" is; a message brings its two."""


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
_PUBLISHER = re.compile(
    r"(?P<name>[A-Z][\w&'-]+(?: [A-Z&][\w&'-]*){0,3}) (?:help ?(?:cent(?:er|re)|desk)|support(?: cent(?:er|re))?|knowledge base|customer (?:service|care)|"
    r"FAQ|Help Cent(?:er|re)|Support|Knowledge Base)\b"
)
_SERVES = re.compile(
    r"\b(?:thank(?:s| you) for (?:calling|contacting|choosing|phoning|ringing)|you've reached|you're through to|welcome to) "
    r"(?!the |our |my |us\b|me\b|this |back)(?P<name>[A-Za-z][\w&'-]*(?: [\w&'-]+){0,3}?)"
    r"(?=[,.;!?]|$| (?:this|my|you're|you|how|can|may|i|what|we|support|speaking)\b)",
    re.IGNORECASE,
)
_GREETS = re.compile(
    r"\b(?:meet|welcome|hear from|speak (?:to|with)|talk (?:to|with)) (?:everyone |all of you )?(?:at|from|the) "
    r"(?P<name>[A-Z][\w&'-]+(?: [A-Z&][\w&'-]*){0,2}) (?:team|folks|crew|people)\b"
)
_SERVICE = frozenset({"Assistant", "Agent", "Operator", "Representative", "Support", "Advisor", "Adviser", "Receptionist"})
"""Whose turns speak for an organisation."""
_GREETING = 200
"""Characters of a turn in which a greeting stands."""
_BEGINNING = 600
"""Characters of a document in which it says whose it is."""
_TO = re.compile(r"^(?:To|An|Para|À)[ \t]*:[ \t]*(?P<names>[^\r\n]{2,300})$", re.MULTILINE)
_ADDRESSEE = re.compile(r"\"?(?P<name>[A-Z][\w.'-]+(?: [A-Z][\w.'-]+){0,3})\"?(?= ?<| ?,|$)")
_MAKES_OWN = frozenset("get buy have adopt rent order own drive lease build".split())
_OBJECT = re.compile(
    r"(?:just |finally |also )?(?:(?P<own>[Mm]y|[Oo]ur)|an?|the|another|this) (?P<what>(?:new )?[\w'-]+(?: [\w'-]+){0,3}?)"
    r"(?=[,.;(]|$| (?:in|at|on|from|with|for|called|named|which|that|and|to|because|so|last|this|next|yesterday|today|by|about)\b)"
)
_EXPLETIVE = re.compile(
    r"(?:(?:not|so|really|very|always|such|just|pretty|quite|a|an|the) )*[\w-]+ (?:to \w|that\b|how\b|when\b|if\b|\w+ing\b)|"
    r"(?:like|as if|up to|about time|time to)\b"
)
_NO_THINGS = frozenset(
    "a-few sure one some most all both everyone everybody everything nothing people somebody someone what life same nature".split()
)
"""First words of a subject that "it" cannot mean."""
_AFTERTHOUGHT = re.compile(r",? (?:btw|by the way)\b,?", re.IGNORECASE)
_EXPLETIVE_VERBS = frozenset({"be", "feel", "seem", "look", "take", "mean", "help", "sound", "rain", "snow", "turn", "depend"})

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
        return (
            text[: match.start()] + person.label + text[match.end() :] if match and person and person.label not in text else text
        )

    def on_topic(self, clause: Clause) -> Clause:
        """A clause with the name in front of its sentence in place of "it"; takes note of such a name."""
        if clause.is_first and not clause.is_last and _TOPIC.fullmatch(clause.text) and clause.lower not in _NO_TOPICS:
            self.topic = clause.sentence, clause.text
        if self.topic[0] != clause.sentence or " it" not in clause.lower:
            return clause
        text = _OBJECT_IT.sub(self.topic[1], clause.text, count=1)
        lower = text.lower()
        return replace(clause, text=text, lower=lower, words=tuple(WORDS.findall(lower)))

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
        return f"{owner.name or owner.label}'s {rest}" if owner and rest else possessive(text, self.speaker)

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
        person = last if last and last.pronoun in {"", word} else self.people.meant_by(word)
        if person is None:
            return self._things() if word == "they" else NOBODY
        person = self.people.named_now(person, reading.rest)
        self.last_person = person
        return About(person.key, person.label)


def open_talk(segmented: Segmented, number: int) -> Talk | None:
    """What is known before the first clause of a turn; None where it is a game or a story."""
    turn = segmented.turns[number]
    kind = segmented.source.document_type
    text = unaddressed(own_words(turn.text if kind is None else unwrapped(turn.text)), _others(segmented, turn.speaker))
    before = [(earlier, words_of(earlier)) for earlier in earlier_turns(segmented, number)]
    words = words_of(text)
    if is_play(text, words) or any(is_play(earlier, words_of(earlier)) for earlier in _just_before(segmented, number)):
        return None
    speaker = turn.speaker or "User"
    said = local_time(turn.said_time, segmented.source.time_zone)
    impersonal = kind in _IMPERSONAL and turn.role is None
    talk = Talk(turn, text, speaker, said, People(speaker), is_sarcastic(text, words), impersonal, kind in _MINUTES)
    talk.is_note = kind is DocumentType.NOTE
    talk.served_by = _served_by(segmented, number)
    talk.publisher = _addressed(segmented, number)
    _introduce_document(talk, segmented)
    for earlier, earlier_words in before:
        talk.last_thing = possessive(latest_named(earlier), speaker) or talk.last_thing
        if not RELATION_WORDS.isdisjoint(earlier_words):
            talk.people.hear(earlier, earlier_words)
    if not RELATION_WORDS.isdisjoint(words):
        talk.people.hear(text, words, is_current=True)
    return talk


def before(segmented: Segmented, number: int) -> PreviousTurn | None:
    """The turn before, whoever said it."""
    if segmented.source.document_type is None:
        return segmented.source.previous[-1] if segmented.source.previous else None
    if number == 0:
        return None
    turn = segmented.turns[number - 1]
    return PreviousTurn(turn.speaker or (turn.role.value.capitalize() if turn.role else ""), turn.text)


def words_of(text: str) -> frozenset[str]:
    """The words of a text in lower case."""
    return frozenset(text.lower().translate(_PUNCTUATION).split())


def _introduce_document(talk: Talk, segmented: Segmented) -> None:
    """What the beginning of a document tells of all of it."""
    kind, content = segmented.source.document_type, segmented.source.content
    if talk.is_impersonal:
        found = _PUBLISHER.search(content[:_BEGINNING])
        talk.publisher = found["name"] if found else ""
    if kind is DocumentType.EMAIL:
        to = _TO.search(content[:_BEGINNING])
        talk.addressees = tuple(match["name"] for match in _ADDRESSEE.finditer(to["names"])) if to else ()
        talk.publisher = sender_of(content)


def _served_by(segmented: Segmented, number: int) -> str:
    """For whom an assistant said to speak."""
    for said in _said_by_assistants(segmented, number):
        found = _SERVES.search(said[:_GREETING])
        if found:
            name = found["name"]
            return name.title() if name.islower() else name
    return ""


def _addressed(segmented: Segmented, number: int) -> str:
    """As whose people somebody else greeted the speaker."""
    found = (_GREETS.search(said[:_GREETING]) for said in _said_by_others(segmented, number))
    return next((match["name"] for match in found if match), "")


def _others(segmented: Segmented, speaker: str) -> frozenset[str]:
    """Names of those who speak too."""
    names = {each.speaker for each in segmented.source.previous} | {turn.speaker for turn in segmented.turns}
    return frozenset(names - {speaker, "", "User", "Assistant"})


def _said_by_others(segmented: Segmented, number: int) -> Iterator[str]:
    turn = segmented.turns[number]
    if not turn.speaker:
        return iter(())
    if segmented.source.document_type is None:
        return (each.text for each in segmented.source.previous if each.speaker != turn.speaker)
    return (each.text for each in segmented.turns[:number] if each.speaker and each.speaker != turn.speaker)


def _said_by_assistants(segmented: Segmented, number: int) -> Iterator[str]:
    if segmented.source.document_type is None:
        return (each.text for each in segmented.source.previous if each.speaker in _SERVICE)
    return (turn.text for turn in segmented.turns[:number] if turn.role is Role.ASSISTANT)


def _just_before(segmented: Segmented, number: int) -> list[str]:
    """What the same speaker said a moment ago: a game or a story goes on for a few turns."""
    if segmented.source.document_type is None:
        return _spoken_by(segmented.turns[number], segmented.source.previous[-2:])
    return _written_by(segmented.turns[number], segmented.turns[max(0, number - _TURNS_BEFORE) : number])


def earlier_turns(segmented: Segmented, number: int) -> list[str]:
    """What the same speaker said before, the nearest last; in a document read at long range also what comes later, first."""
    turn, source = segmented.turns[number], segmented.source
    if source.document_type is None:
        return _spoken_by(turn, source.previous)
    if source.mode is not IngestionMode.LONG_RANGE:
        return _written_by(turn, segmented.turns[max(0, number - _TURNS_BEFORE) : number])
    later = segmented.turns[number + 1 : number + 1 + _ALL_TURNS]
    return _written_by(turn, (*later, *segmented.turns[max(0, number - _ALL_TURNS) : number]))


def _spoken_by(turn: Turn, previous: Sequence[PreviousTurn]) -> list[str]:
    return [each.text for each in previous if each.speaker == (turn.speaker or "User")]


def _written_by(turn: Turn, others: Sequence[Turn]) -> list[str]:
    return [each.text for each in others if (each.role, each.speaker) == (turn.role, turn.speaker)]

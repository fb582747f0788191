"""From what a table found in a clause to an observation with everything it carries."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, time

from service.domain.kinds import MemoryType
from service.domain.slots import DATE, DOSE, is_slot
from service.domain.source import Mention, Observation, Relation
from service.domain.zones import date_words
from service.extractors.rules import events
from service.extractors.rules.appointments import appointment, corrects, is_cancelled
from service.extractors.rules.attributes import attribute_of
from service.extractors.rules.clauses import Clause
from service.extractors.rules.dates import When, local_moment
from service.extractors.rules.events import Times
from service.extractors.rules.keys import key_of
from service.extractors.rules.names import mentions
from service.extractors.rules.people import Person, mention, relation
from service.extractors.rules.person import about_self, possessive, statement
from service.extractors.rules.presumed import Presumed
from service.extractors.rules.reading import Reading, Subject
from service.extractors.rules.table import Outcome
from service.extractors.rules.talk import About, Talk

_WITH_PEOPLE = frozenset({MemoryType.EPISODE, MemoryType.TEMPORAL_EVENT})
_POLITE = re.compile(r"^(?:(?:please|pls|just|can you|can u|can we|could you|would you|will you),? )+", re.IGNORECASE)
_POINTERS = frozenset({"it", "this", "that", "them", "one", "some", "something"})
_VAGUE = 0.2
"""Taken off the confidence of a statement whose object only the talk around it tells."""
_THINGS = frozenset({"it", "that", "this"})
_NAMES = {"name": "person", "home": "place", "employer": "organisation", "school": "organisation"}
"""Attributes whose value is a name."""
_LONGEST_NAME = 4
_WITHIN = re.compile(r",| in ")
_PARTS_PLAYED = frozenset("caller customer client patient guest candidate interviewee student visitor speaker".split())
"""What transcripts call somebody whose name they do not know."""
_ACCOUNTS = frozenset("policy order account contract subscription booking claim membership reservation invoice tariff".split())
"""What somebody has with an organisation."""
_WE = frozenset("we our us we're we've we'll ours".split())
_NO_NAMES = frozenset("a an the my our their his her this that same old new".split())
_LONGEST_CONTEXT = 400
"""Characters of the span that full-text search reads with a statement."""


def observe(talk: Talk, clause: Clause, reading: Reading, found: Outcome, about: About, times: Times) -> Observation:
    """The observation of one clause."""
    kind = events.kind_of(talk, reading, found, times.time)
    text = talk.with_people(_statement(talk, clause, reading, found, about, times.time), reading)
    attribute, value = (
        (found.attribute, found.value) if found.attribute else attribute_of(reading, about.label, clause.lower, talk.speaker)
    )
    is_off = attribute.startswith(DATE) and found.polarity < 0
    attribute = attribute if is_slot(attribute) and (value or is_off) else ""
    if not attribute and not times.recurrence and kind is MemoryType.TEMPORAL_EVENT:
        attribute, value = appointment(text, times.time)
    is_own = attribute and not found.attribute and (about.label.startswith(talk.speaker + "'s ") or _is_thing(attribute, reading))
    known = talk.people.in_text(text)
    said = talk.turn.text[clause.start - talk.turn.start : clause.end - talk.turn.start]
    return Observation(
        type=kind,
        statement=text,
        key=key_of(text),
        start=clause.start,
        end=clause.end,
        confidence=found.confidence - (_VAGUE if reading.rest.lower().split(" ", 1)[0] in _POINTERS else 0),
        said_time=talk.turn.said_time,
        subject=talk.speaker.lower() if is_own or attribute.startswith(DATE) else about.key,
        attribute=attribute,
        value=value if attribute else "",
        corrects=is_off
        or (bool(attribute) and corrects(talk.text, clause.start - talk.turn.start, clause.end - talk.turn.start)),
        polarity=-1 if is_off or (attribute.startswith(DATE) and is_cancelled(clause.lower)) else found.polarity,
        strength=found.strength,
        emotion=found.emotion,
        intensity=found.intensity,
        event_start=local_moment(times.time, talk.said).astimezone(UTC) if times.time else None,
        event_end=_end(talk, times.time),
        precision=times.time.precision if times.time else None,
        recurrence=times.recurrence,
        participants=tuple(one.name for one in known) if kind in _WITH_PEOPLE else (),
        mentions=(
            *mentions(text, (*_speaker(talk), *map(mention, known), *_valued(attribute, value))),
            *_around(talk, clause, text, found),
        ),
        relations=tuple(relation(one) for one in known if one.relation),
        context=f"{date_words(talk.said)}\n{text}\n{said[:_LONGEST_CONTEXT]}",
    )


def _is_thing(attribute: str, reading: Reading) -> bool:
    """Whether the subject is the medicine itself: "the ramipril is 5 mg" is about who takes it."""
    return attribute.startswith(DOSE) and reading.subject is Subject.NOUN


def _speaker(talk: Talk) -> tuple[Mention, ...]:
    return (Mention(talk.speaker, "person"),) if talk.turn.speaker and talk.speaker.lower() not in _PARTS_PLAYED else ()


def _around(talk: Talk, clause: Clause, text: str, found: Outcome) -> tuple[Mention, ...]:
    """Who a statement concerns without naming them: those a request goes to, who "we" are in a document, with whom an account is held."""
    named = tuple(Mention(name, "person") for name in talk.addressees) if found.reword else ()
    if talk.publisher and not _WE.isdisjoint(clause.words) and talk.publisher.lower() not in clause.lower:
        named = (*named, Mention(talk.publisher, "organisation"))
    if talk.served_by and not _ACCOUNTS.isdisjoint(text.lower().split()):
        named = (*named, Mention(talk.served_by, "organisation"))
    return named


def _valued(attribute: str, value: str) -> tuple[Mention, ...]:
    """What an attribute names, also where speech recognition or haste wrote it small."""
    kind = _NAMES.get(attribute, "")
    value = _WITHIN.split(value)[0] if kind == "place" else value
    return (
        (Mention(value, kind),)
        if kind and len(value.split()) <= _LONGEST_NAME and value[:1].isalpha() and value.split(maxsplit=1)[0] not in _NO_NAMES
        else ()
    )


def introduce(talk: Talk, person: Person) -> Observation:
    """The observation that somebody named is somebody of the speaker's, where no statement of the turn says so."""
    text = f"{person.owner}'s {person.relation} is called {person.name}"
    return _aside(talk, text, person.span, person.key, mention(person), (relation(person),))


def place(talk: Talk, found: Presumed) -> Observation | None:
    """The observation of what a sentence takes for granted of the speaker's things; None where nobody owns them."""
    owner = talk.publisher if talk.is_impersonal else talk.speaker
    if not owner:
        return None
    span = found.start, found.end
    if found.is_job:
        named = Mention(found.place, "organisation")
        told = _aside(talk, f"{owner} works at {found.place}", span, owner.lower(), named, ())
        return replace(told, attribute="employer", value=found.place)
    text = f"{owner}'s {found.site} is in {found.place}"
    return _aside(talk, text, span, f"{owner}'s {found.site}".lower(), Mention(found.place, "place"), ())


def _aside(
    talk: Talk, text: str, span: tuple[int, int], subject: str, named: Mention, relations: tuple[Relation, ...]
) -> Observation:
    """A fact that a turn tells by the way."""
    return Observation(
        type=MemoryType.FACT,
        statement=text,
        key=key_of(text),
        start=span[0] + talk.turn.start,
        end=span[1] + talk.turn.start,
        confidence=0.75,
        said_time=talk.turn.said_time,
        subject=subject,
        mentions=(*_speaker(talk), named),
        relations=relations,
        context=f"{date_words(talk.said)}\n{text}\n{talk.turn.text[span[0] : span[1]]}",
    )


def _end(talk: Talk, when: When | None) -> datetime | None:
    if when is None or when.end is None:
        return None
    return datetime.combine(when.end, time(0), tzinfo=talk.said.tzinfo).astimezone(UTC)


def _statement(talk: Talk, clause: Clause, reading: Reading, found: Outcome, about: About, time: When | None) -> str:
    if found.statement:
        return found.statement
    if found.reword and (
        reading.subject in {Subject.NONE, Subject.YOU} or not about.label or reading.subject_text.lower().startswith("no ")
    ):
        return f"{talk.speaker} {found.reword}: {about_self(_POLITE.sub('', clause.text))}"
    if talk.is_impersonal and (about.label != talk.speaker or reading.subject is Subject.NONE):
        return clause.text[:1].upper() + clause.text[1:]
    if found.type is MemoryType.EMOTION and reading.subject is Subject.PRONOUN and reading.subject_text.lower() in _THINGS:
        return f"{talk.speaker} feels {found.emotion}: {possessive(clause.text, talk.speaker)}"
    if not about.label:
        return possessive(clause.text[:1].upper() + clause.text[1:], talk.speaker)
    if reading.verb:
        return statement(reading, about.label, talk.speaker)
    if found.type is MemoryType.EMOTION:
        return f"{talk.speaker} is {about_self(clause.text[:1].lower() + clause.text[1:])}"
    if talk.last_text and events.is_only_a_date(clause, time):
        return possessive(f"{talk.last_text}; {clause.text}", talk.speaker)
    return statement(reading, about.label, talk.speaker)

"""The rules put together: turn by turn, clause by clause, the first table that fits makes the observation."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from service.domain.kinds import MemoryType, Precision, Role
from service.domain.slots import ATTRIBUTES, FAVOURITE
from service.domain.source import Observation, Segmented, Source, StageError, Turn
from service.domain.zones import date_words, local_time
from service.extractors.rules import emotions, episodes, facts, preferences
from service.extractors.rules.attributes import attribute_of
from service.extractors.rules.clauses import Clause, clauses
from service.extractors.rules.dates import When, find_date, find_recurrence, local_moment, may_have_date
from service.extractors.rules.grammar import Reading, Subject, Tense, read
from service.extractors.rules.keys import key_of
from service.extractors.rules.mask import is_play, own_words
from service.extractors.rules.moods import is_question, is_sarcastic, states_nothing
from service.extractors.rules.names import mentions
from service.extractors.rules.people import RELATION_WORDS, People, Person, mention, relation
from service.extractors.rules.person import possessive, statement
from service.extractors.rules.table import Outcome

MOST_PER_SOURCE = 400
"""Observations of one source; a longer list is cut and told as an error."""

MOST_PER_TURN = 8
"""Observations of one message; a paragraph of many clauses rarely has more worth keeping."""

_SHORTEST = 2
_LONGEST = 60
"""Words of a clause that the grammar reads well; longer ones are lists or unpunctuated text."""


class RuleExtractor:
    """Deterministic rules for plain English."""

    version = "rules-1"

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """The observations of a source, each statement once, in the order of the text."""
        found: dict[tuple[MemoryType, str, str], Observation] = {}
        for number, turn in enumerate(segmented.turns):
            if turn.role is Role.ASSISTANT:
                continue
            for observation in _TurnReader(segmented, number).observations():
                found.setdefault((observation.type, observation.subject, observation.key), observation)
                if len(found) >= MOST_PER_SOURCE:
                    error = StageError(
                        "extract", "TOO_MANY_OBSERVATIONS", f"only the first {MOST_PER_SOURCE} statements were kept"
                    )
                    return tuple(found.values()), (error,)
        return tuple(found.values()), ()


@dataclass(slots=True)
class _Context:
    """What is known while a turn is read."""

    source: Source
    turn: Turn
    speaker: str
    said: datetime
    people: People
    sarcastic: bool
    last_subject: str = ""
    last_person: Person | None = None
    mentioned: list[Person] = field(default_factory=list)


class _TurnReader:
    def __init__(self, segmented: Segmented, number: int) -> None:
        self._segmented = segmented
        self._turn = segmented.turns[number]
        self._number = number

    def observations(self) -> Iterator[Observation]:
        turn = self._turn
        text = own_words(turn.text)
        if is_play(text) or any(is_play(before) for before in self._before()):
            return
        content = " " * turn.start + text if turn.start else text
        speaker = turn.speaker or "User"
        said = local_time(turn.said_time, self._segmented.source.time_zone)
        context = _Context(self._segmented.source, turn, speaker, said, People(speaker), is_sarcastic(text))
        for before in self._before(same_speaker=True):
            _hear(context, before)
        _hear(context, text)
        count = 0
        skipped = -1
        for clause in clauses(content, turn.start, turn.end):
            if clause.sentence == skipped:
                continue
            if _kills_sentence(clause):
                skipped = clause.sentence
                continue
            for observation in _read_clause(context, clause):
                yield observation
                count += 1
            if count >= MOST_PER_TURN and turn.role is not None:
                return

    def _before(self, *, same_speaker: bool = False) -> list[str]:
        source = self._segmented.source
        if source.document_type is None:
            label = self._turn.speaker or "User"
            return [turn.text for turn in source.previous if not same_speaker or turn.speaker == label]
        earlier = self._segmented.turns[max(0, self._number - 4) : self._number]
        return [turn.text for turn in earlier if not same_speaker or turn.speaker == self._turn.speaker]


def _hear(context: _Context, text: str) -> None:
    words = set(text.lower().replace("'s", " ").split())
    if not RELATION_WORDS.isdisjoint({word.strip(".,!?()") for word in words}):
        context.people.hear(text)


def _kills_sentence(clause: Clause) -> bool:
    """Whether nothing from here to the end of the sentence is a statement."""
    if is_question(clause):
        return True
    if clause.is_first and states_nothing(clause) == "condition":
        return True
    return clause.ends_with == "?" and not clause.is_first


def _read_clause(context: _Context, clause: Clause) -> Iterator[Observation]:
    if not _SHORTEST <= len(clause.words) <= _LONGEST:
        return
    reading = read(clause)
    if clause.ends_with == "?" or states_nothing(clause):
        return
    subject, label, person = _subject(context, reading)
    if not label:
        return
    feeling = emotions.feel(clause, reading)
    outcome = None
    if not (feeling and reading.verb in {"be", "feel", ""}):
        outcome = _outcome(clause, reading)
    when, recurrence = _when(context, clause, reading)
    if outcome is None and feeling is None:
        outcome = _dated(context, reading, when)
    for found in (outcome, feeling):
        if found and not (context.sarcastic and found.type is MemoryType.PREFERENCE and found.polarity > 0):
            yield _observation(context, clause, reading, found, (subject, label, person), when, recurrence)


def _outcome(clause: Clause, reading: Reading) -> Outcome | None:
    if reading.subject is Subject.YOU:
        return None
    for table in (preferences.TABLE, facts.TABLE, episodes.TABLE):
        found = table.match(clause, reading)
        if found:
            return found
    return None


def _subject(context: _Context, reading: Reading) -> tuple[str, str, Person | None]:
    """Key and label of who a clause is about, and the person if known; an empty label where nobody can be made out."""
    kind = reading.subject
    if kind in {Subject.SELF, Subject.NONE}:
        return context.speaker.lower(), context.speaker, None
    if kind is Subject.YOU:
        return "", "", None
    if kind is Subject.PRONOUN:
        return _pronoun(context, reading.subject_text.lower())
    person = context.people.named(reading.subject_text)
    if person:
        context.last_person = person
        return person.key, possessive(reading.subject_text, context.speaker), person
    label = possessive(reading.subject_text, context.speaker)
    label = label[:1].upper() + label[1:]
    context.last_subject = label
    return label.lower().removeprefix("the "), label, None


def _pronoun(context: _Context, word: str) -> tuple[str, str, Person | None]:
    pronoun = word.split("'", maxsplit=1)[0].rstrip("s") if word.startswith(("she", "he", "they")) else ""
    pronoun = {"the": "they", "hes": "he", "shes": "she"}.get(pronoun, pronoun)
    if not pronoun:
        return context.last_subject.lower(), context.last_subject, None
    person = (
        context.last_person
        if context.last_person and context.last_person.pronoun in {"", pronoun}
        else context.people.meant_by(pronoun)
    )
    if person is None:
        return "", "", None
    context.last_person = person
    return person.key, person.label, person


def _when(context: _Context, clause: Clause, reading: Reading) -> tuple[When | None, str]:
    lower = clause.lower
    if not may_have_date(frozenset(clause.words), lower) and "every" not in lower and " a " not in lower:
        return None, ""
    recurrence = find_recurrence(lower)
    rest = lower.replace(recurrence, " ") if recurrence else lower
    return find_date(rest, context.said.date(), past=reading.is_past), recurrence


def _dated(context: _Context, reading: Reading, when: When | None) -> Outcome | None:
    """A clause that no table knows but that says when: an event, unless it is only an instruction."""
    if when is None or reading.tense is Tense.IMPERATIVE or reading.subject is Subject.YOU:
        return None
    if when.precision is Precision.YEAR:
        return None
    if reading.is_past and when.start <= context.said.date():
        return Outcome("dated_past", MemoryType.EPISODE, 0.6)
    if reading.tense is Tense.MODAL:
        return None
    return Outcome("dated", MemoryType.TEMPORAL_EVENT, 0.7)


def _type(context: _Context, reading: Reading, found: Outcome, when: When | None) -> MemoryType:
    """A fact or episode that lies ahead is a temporal event."""
    if found.type not in {MemoryType.FACT, MemoryType.EPISODE} or when is None or found.attribute:
        return found.type
    ahead = when.start > context.said.date() or (when.start == context.said.date() and not reading.is_past)
    exact = when.precision in {Precision.DAY, Precision.MINUTE, Precision.WEEK}
    if ahead and exact and not reading.is_past:
        return MemoryType.TEMPORAL_EVENT
    return found.type


def _observation(
    context: _Context,
    clause: Clause,
    reading: Reading,
    found: Outcome,
    about: tuple[str, str, Person | None],
    when: When | None,
    recurrence: str,
) -> Observation:
    subject, label, _ = about
    kind = _type(context, reading, found, when)
    text = _statement(context, clause, reading, found, label)
    attribute, value = (found.attribute, found.value) if found.attribute else attribute_of(reading)
    if attribute not in ATTRIBUTES and not attribute.startswith(FAVOURITE):
        attribute, value = "", ""
    start = local_moment(when, context.said).astimezone(UTC) if when else None
    known = context.people.in_text(text)
    said = context.turn.text[clause.start - context.turn.start : clause.end - context.turn.start]
    is_event = kind is MemoryType.TEMPORAL_EVENT
    return Observation(
        type=kind,
        statement=text,
        key=key_of(text),
        start=clause.start,
        end=clause.end,
        confidence=found.confidence,
        said_time=context.turn.said_time,
        subject=subject,
        attribute=attribute,
        value=value,
        polarity=found.polarity,
        strength=found.strength,
        emotion=found.emotion,
        intensity=found.intensity,
        event_start=start,
        event_end=_end(context, when),
        precision=when.precision if when else None,
        recurrence=recurrence,
        participants=tuple(one.name for one in known) if is_event or kind is MemoryType.EPISODE else (),
        mentions=mentions(text, tuple(mention(one) for one in known)),
        relations=tuple(relation(one, context.speaker) for one in known if one.relation),
        context=f"{date_words(context.said)}\n{text}\n{said}",
    )


def _end(context: _Context, when: When | None) -> datetime | None:
    if when is None or when.end is None:
        return None
    return datetime(when.end.year, when.end.month, when.end.day, tzinfo=context.said.tzinfo).astimezone(UTC)


def _statement(context: _Context, clause: Clause, reading: Reading, found: Outcome, label: str) -> str:
    if found.reword and reading.subject is Subject.NONE:
        return f"{context.speaker} {found.reword}: {possessive(clause.text, context.speaker)}"
    return statement(reading, clause.text, label, context.speaker)

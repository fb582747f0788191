"""The rules put together: turn by turn, clause by clause, the first table that fits makes the observation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from service.domain.kinds import DocumentType, MemoryType, Precision, Role
from service.domain.refining import Known, Refined
from service.domain.slots import ATTRIBUTES
from service.domain.source import Observation, Segmented, StageError
from service.extractors.rules import (
    VERSION,
    answers,
    changes,
    emotions,
    episodes,
    events,
    facts,
    notes,
    preferences,
    refinement,
    tasks,
)
from service.extractors.rules.answers import Answer
from service.extractors.rules.appointments import called_off
from service.extractors.rules.around import before, words_of
from service.extractors.rules.attributes import attribute_of
from service.extractors.rules.clauses import Clause, clauses
from service.extractors.rules.coordination import statements
from service.extractors.rules.events import Times
from service.extractors.rules.grammar import read
from service.extractors.rules.languages.detect import language_of
from service.extractors.rules.languages.reader import reader
from service.extractors.rules.mail import is_advertising
from service.extractors.rules.moods import is_question, states_nothing
from service.extractors.rules.observe import introduce, observe, place
from service.extractors.rules.opening import open_talk
from service.extractors.rules.otherwise import otherwise
from service.extractors.rules.person import possessive
from service.extractors.rules.presumed import presumed
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome
from service.extractors.rules.talk import About, Talk
from service.extractors.rules.tasks import Task
from service.extractors.rules.worth import is_worth_keeping

MOST_PER_SOURCE = 400
"""Observations of one source; a longer list is cut and told as an error."""

MOST_PER_TURN = 8
"""Observations of one turn of a talk; more clauses than that rarely say more worth keeping."""

_SHORTEST = 2
_LONGEST = 60
"""Words of a clause that the grammar reads well; longer ones are lists or unpunctuated text."""

_LONGEST_TITLE = 8
_MINUTED = re.compile(r"(?:action|decision|decided|agreed|resolved|to-?do|next step)s?\b|\w+(?: \w+)? to \w+ ")
"""Short lines of minutes that say something: decisions and tasks."""
_ISSUED = re.compile(
    r"(?:last |page )?(?:updated|modified|reviewed|published|revised|printed|created|effective|version|copyright|©)\b.{0,12}\b(?:on |of )?.*\d{4}$"
)
_DANGLING = frozenset("a an the my our of is was are and or i'm".split())
"""Last words of a clause that its speaker gave up."""
_DETERMINERS = frozenset({"the", "a", "an", "my", "our", "new", "another", "one"})
_TABLES = (preferences.TABLE, facts.TABLE, episodes.TABLE)


class RuleExtractor:
    """Deterministic rules: English by a small grammar, five more languages by their words."""

    version = VERSION

    def extract(self, segmented: Segmented) -> tuple[tuple[Observation, ...], tuple[StageError, ...]]:
        """The observations of a source, each statement once, in the order of the text."""
        found: dict[tuple[MemoryType, str, str], Observation] = {}
        for number in _turns_to_read(segmented):
            for observation in _of_turn(segmented, number):
                found.setdefault((observation.type, observation.subject, observation.key), observation)
                if len(found) >= MOST_PER_SOURCE:
                    message = f"only the first {MOST_PER_SOURCE} statements were kept"
                    return tuple(found.values()), (StageError("extract", "TOO_MANY_OBSERVATIONS", message),)
        return tuple(found.values()), ()

    def refine(self, talk: Sequence[Segmented], known: Known) -> tuple[Refined, ...]:
        """The observations of a session's sources, each read with all others in mind."""
        return refinement.refine(talk, known, lambda one: self.extract(one)[0])


def _turns_to_read(segmented: Segmented) -> Iterator[int]:
    """Turns of people; in a talk or a mail what nobody says (titles, headers, signatures) is left out, advertising all."""
    turns = segmented.turns
    if segmented.source.document_type is DocumentType.EMAIL and is_advertising(segmented.source.content):
        return
    is_talk = any(turn.role for turn in turns)
    for number, turn in enumerate(turns):
        if turn.role is Role.USER or (turn.role is None and not is_talk):
            yield number


def _of_turn(segmented: Segmented, number: int) -> Iterator[Observation]:
    """English by its grammar, five languages by their words, others not at all: their passages stay findable."""
    text = segmented.turns[number].text
    language = language_of(text, words_of(text))
    if language == "en":
        return _observations(segmented, number)
    return islice(reader(language).read(segmented, number), _most(segmented, number)) if language else iter(())


def _most(segmented: Segmented, number: int) -> int:
    return MOST_PER_SOURCE if segmented.turns[number].role is None else MOST_PER_TURN


def _observations(segmented: Segmented, number: int) -> Iterator[Observation]:
    talk = open_talk(segmented, number)
    if talk is None:
        return
    yield from _by_reply(segmented, number, talk)
    said = ""
    count = 0
    for clause in _statements(changes.corrected(talk, map(talk.on_topic, clauses(talk.text, talk.turn.start)))):
        if talk.is_impersonal and _is_title(clause):
            continue
        for statement in (one for half in changes.halves(clause) for one in statements(half)):
            for observation in _read(talk, statement):
                yield observation
                said += observation.statement + "\n"
                count += 1
        if count >= MOST_PER_TURN and talk.turn.role is not None:
            return
    for person in talk.people.known:
        if person.span[0] >= 0 and person.name and person.owner == talk.speaker and person.name not in said:
            yield introduce(talk, person)
    for found in presumed(talk.text):
        placed = None if found.place in said else place(talk, found)
        if placed:
            yield placed


def _by_reply(segmented: Segmented, number: int, talk: Talk) -> Iterator[Observation]:
    """What a turn says by replying: a task taken on, an appointment agreed to, a detail that was asked for."""
    request = before(segmented, number)
    clause = next(clauses(talk.text, talk.turn.start), None)
    if request is None or clause is None or request.speaker in {"", talk.speaker} or talk.turn.role is None:
        return
    reading = read(clause)
    task = tasks.taken_on(talk.speaker, talk.text, request.text) if request.speaker != "Assistant" and talk.turn.speaker else None
    if task:
        yield _task(talk, clause, reading, replace(task, what=possessive(task.what, request.speaker)))
    proposal = answers.agreed(talk.text, request.text)
    when = events.ahead(talk, proposal.lower()) if proposal else events.NEVER
    if when.time and when.time.precision in {Precision.DAY, Precision.MINUTE}:
        found = Outcome("agreed", MemoryType.TEMPORAL_EVENT, 0.65, statement=f"{talk.speaker} has agreed to: {proposal}")
        yield observe(talk, clause, reading, found, talk.self, when)
    answer = answers.answered(talk.text, request.text)
    if answer:
        yield observe(talk, clause, reading, _detail(talk, answer), talk.self, events.NEVER)


def _detail(talk: Talk, answer: Answer) -> Outcome:
    is_slot = answer.what in ATTRIBUTES
    statement = f"{talk.speaker}'s {answer.what} is {answer.value}"
    return Outcome(
        "answers", MemoryType.FACT, 0.75, answer.what if is_slot else "", answer.value if is_slot else "", statement=statement
    )


def _task(talk: Talk, clause: Clause, reading: Reading, task: Task) -> Observation:
    when = events.ahead(talk, task.statement.lower())
    kind = MemoryType.TEMPORAL_EVENT if when.time else MemoryType.FACT
    found = Outcome("task", kind, 0.75, statement=task.statement)
    return observe(talk, clause, reading, found, About(task.owner.lower(), task.owner), when)


def _is_title(clause: Clause) -> bool:
    """Whether a line of a document is a title or a date of issue rather than a sentence."""
    is_line = clause.is_first and clause.is_last and not clause.ends_with and len(clause.words) <= _LONGEST_TITLE
    is_line = is_line and not _MINUTED.match(clause.lower)
    return is_line or bool(_ISSUED.match(clause.lower))


def _statements(found: tuple[Clause, ...]) -> Iterator[Clause]:
    """The clauses that can state or ask for something: what follows a question or hangs on a condition is left out."""
    asking = {clause.sentence for clause in found if clause.is_last and clause.ends_with == "?" and _is_asked_apart(clause)}
    silent = -1
    for clause in found:
        if clause.sentence == silent or not _SHORTEST <= len(clause.words) <= _LONGEST or clause.words[-1] in _DANGLING:
            continue
        if is_question(clause):
            yield clause
            silent = clause.sentence
        elif clause.ends_with == "?" and (clause.sentence not in asking or clause.is_last):
            silent = clause.sentence
        else:
            mood = states_nothing(clause)
            if not mood:
                yield clause
            elif mood == "condition" and clause.is_first:
                silent = clause.sentence


def _is_asked_apart(clause: Clause) -> bool:
    """Whether only this clause of its sentence asks: an inverted question, or one with a tag."""
    return is_question(clause) or clause.words[-1] in {"right", "correct", "yeah", "okay", "huh"}


def _read(talk: Talk, clause: Clause) -> Iterator[Observation]:
    reading = read(clause)
    talk.reached = clause.start - talk.turn.start
    task = tasks.handed_out(clause, is_minutes=talk.is_minutes)
    if task:
        yield _task(talk, clause, reading, task)
        return
    about = talk.about(reading)
    when = events.when(talk, clause, reading)
    feeling = None if is_question(clause) else emotions.feel(clause, reading)
    if talk.is_note and not is_question(clause):
        noted = notes.to_do(clause, reading, talk.speaker)
        noted = noted or (None if when.time or when.recurrence else notes.keyed(clause, talk.speaker))
        if noted:
            yield observe(talk, clause, reading, noted, talk.self, when)
            talk.last_text = noted.statement
            return
    off = None if is_question(clause) else called_off(clause, reading, when.time, talk.said.date(), talk.speaker)
    outcome = off or (None if feeling and _only_feels(reading) else _outcome(talk, clause, reading, when))
    outcome = changes.in_its_place(reading, talk.last_ended) or (outcome and changes.as_told(reading, outcome))
    talk.last_ended = ""
    if outcome is None and attribute_of(reading, about.label, clause.lower, talk.speaker)[0] and not is_question(clause):
        outcome = facts.POSSESSION
    if outcome is None and feeling is None and not is_question(clause):
        outcome = events.habit(when, reading) or events.dated(talk, clause, reading, when)
        outcome = outcome or (None if talk.is_impersonal else otherwise(reading, is_among_people=talk.is_among_people))
    said = clause.text
    for found in (outcome, feeling):
        who = talk.felt_by(reading) if found is feeling else talk.self if off and off.statement else about
        if found and is_worth_keeping(talk, clause, reading, found, who):
            observation = observe(talk, clause, reading, found, who, when)
            said = observation.statement
            talk.last_ended = observation.attribute if observation.polarity < 0 else ""
            yield observation
    talk.last_text = said
    talk.take_note_of_object(reading)
    if not reading.verb and 2 <= len(clause.words) <= 4 and clause.words[0] in _DETERMINERS:
        talk.take_note_of_thing(clause.text)


def _only_feels(reading: Reading) -> bool:
    """Whether a clause that tells a feeling tells nothing else."""
    return reading.verb in {"be", "feel", "feed", ""} or (reading.subject is Subject.NONE and not reading.is_past)


def _outcome(talk: Talk, clause: Clause, reading: Reading, when: Times) -> Outcome | None:
    if is_question(clause):
        return preferences.STANDING_REQUEST if preferences.is_standing_request(clause) else events.requested(clause, when)
    if reading.subject is Subject.YOU and not talk.is_impersonal:
        return None
    for table in _TABLES:
        found = table.match(clause, reading)
        if found:
            return found
    if talk.is_impersonal and reading.verb and reading.tense in {Tense.PRESENT, Tense.MODAL} and len(clause.words) >= 5:
        return facts.STATED
    return None

"""When a clause is about: its date, how often, and what a clause is that no table knows but that says when."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import timedelta

from service.domain.kinds import MemoryType, Precision
from service.extractors.rules.appointments import is_cancelled, kind_named
from service.extractors.rules.calendar import WEEKDAYS
from service.extractors.rules.clauses import Clause
from service.extractors.rules.dates import When, find_date, find_recurrence, may_have_date
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome
from service.extractors.rules.talk import Talk
from service.extractors.rules.verbs import FORMS

_HABIT = Outcome("habit", MemoryType.FACT, 0.7)
_NEVER = Outcome("never", MemoryType.FACT, 0.7, polarity=-1)
_OFTEN = frozenset("always never usually often rarely seldom normally mostly typically".split())
_NO_HABITS = frozenset(
    "be know think feel see find get mean seem wonder understand remember forget believe want hear say".split()
)
_PAST = Outcome("dated_past", MemoryType.EPISODE, 0.6)
_LASTING = Outcome("lasting", MemoryType.FACT, 0.6)
_SINCE = re.compile(
    r"\b(?:since|ever since)\b|\bfor (?:a|an|one|two|three|four|five|six|ten|\d+|several|many) (?:day|week|month|year)s?\b"
)
_AHEAD = Outcome("dated", MemoryType.TEMPORAL_EVENT, 0.7)
_LOOSE = frozenset(
    """a an the on at in by for to from of with and or then so still just only next this last until till before after about around ish is it
    i me my we our morning afternoon evening night am pm please pls yes no ok first""".split()
)
_ASKED_FOR = frozenset(
    "make book move change set schedule push put remind cancel reschedule call text send try do add pick".split()
)
"""First words of what the listener is to do: no event until it is done."""
_AT = frozenset("at in on during with by from through since for".split())
_BINDING = frozenset({"have to", "must", "should"})
"""Modals of what will be: "I have to renew it by Friday"."""
_REQUESTED = Outcome("requested", MemoryType.TEMPORAL_EVENT, 0.6, reword="asks")
_DAY_AHEAD = (
    r"(?:the |next |this |early |late )*(?:\d|tomorrow|(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|"
    r"september|october|november|december|week|month|year)"
)
_MOVED = re.compile(
    r"\b(?:moved|postponed|rescheduled|pushed|brought|shifted|delayed|changed) (?:[\w']+ ){0,4}?(?:to|until|till) (?="
    + _DAY_AHEAD
    + ")"
)
"""A new day for what was arranged: behind it stands the day that counts."""
_ARRANGED = re.compile(
    r"\b(?:booked|scheduled|arranged|set|planned|confirmed|reserved|registered|signed up|invited)\b.{0,60}\b(?:for|to) "
    + _DAY_AHEAD
)
"""What was arranged in the past lies ahead: "we booked a table for Friday"."""
_ASKED_OF_US = re.compile(r"(?:and |so |but |also )*(?:can|could|would|will) (?:you|u)\b.*\b(?:by|before|until|on) ")
_NO_EVENT = re.compile(r"\b(?:you|your|you're|you've)\b|^(?:it|that|this|there|what|how)(?:'s| is| was)?\b|\?$")
"""What the clause before says is not what a date behind it is of."""
_LASTS = re.compile(r"\bin (?:a (?:few|couple of|while|long time)|\w+) ?(?:days|weeks|months|years|ages|hours)?\b")
_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_CORRECTED_DAY = re.compile(r"\bthe (?P<right>\d{1,2}(?:st|nd|rd|th)),? not (?:on )?the (?P<wrong>\d{1,2})(?:st|nd|rd|th)\b")
_EXACT = frozenset({Precision.MINUTE, Precision.DAY, Precision.WEEK, Precision.MONTH})


@dataclass(frozen=True, slots=True)
class Times:
    """What a clause says about time."""

    time: When | None
    recurrence: str


NEVER = Times(None, "")


def when(talk: Talk, clause: Clause, reading: Reading) -> Times:
    """The date of a clause on the speaker's calendar, and how often it is."""
    words = frozenset(clause.words)
    if not may_have_date(words, clause.lower) and words.isdisjoint(
        {"every", "each", "daily", "weekly", "monthly", "twice", "once"}
    ):
        return NEVER
    moved = _MOVED.search(clause.lower)
    there = _new_day(talk, clause.lower, clause.lower[moved.end() :]) if moved else None
    if there:
        return Times(there, "")
    recurrence = find_recurrence(clause.lower)
    if reading.negated and reading.tense is Tense.PERFECT and _LASTS.search(clause.lower):
        return NEVER  # "haven't swum for two years" tells how long
    rest = clause.lower.replace(recurrence, " ") if recurrence else clause.lower
    past = reading.is_past and not (moved or _ARRANGED.search(clause.lower) or is_cancelled(clause.lower))
    return Times(find_date(_with_month(talk, rest), talk.said.date(), past=past), recurrence)


def _new_day(talk: Talk, lower: str, behind: str) -> When | None:
    """The day to which something was moved; a bare weekday is the one next to the old day."""
    today = talk.said.date()
    there, kind = find_date(behind, today, past=False), kind_named(lower)
    if there is None or not kind or behind.split(maxsplit=1)[0].strip(",.") not in WEEKDAYS:
        return there
    told = (find_date(text.lower(), today, past=False) for text in reversed(talk.said_before) if kind in text.lower())
    old = next((when for when in told if when), there)
    if old.start <= there.start or old.precision not in _EXACT:
        return there
    days = (there.start.weekday() - old.start.weekday()) % 7
    return replace(there, start=old.start + timedelta(days=days - 7 if "forward" in lower else days))


def _with_month(talk: Talk, lower: str) -> str:
    """A corrected day with the month of the one that it corrects: "on the 30th, not the 31st", where the 31st of October was spoken of."""
    match = _CORRECTED_DAY.search(lower)
    if not match:
        return lower
    spoken_of = re.compile(
        rf"\b{match['wrong']}(?:st|nd|rd|th)?(?: of)? (?P<month>{_MONTHS})\b|\b(?P<first>{_MONTHS}) {match['wrong']}\b"
    )
    months = [found["month"] or found["first"] for text in talk.said_before for found in spoken_of.finditer(text.lower())]
    return f"{lower[: match.start()]}the {match['right']} of {months[-1]}{lower[match.end() :]}" if months else lower


def ahead(talk: Talk, lower: str) -> Times:
    """The date of a text that tells what will be."""
    return Times(find_date(lower, talk.said.date(), past=False), "")


def dated(talk: Talk, clause: Clause, reading: Reading, times: Times) -> Outcome | None:
    """A clause that no table knows but that says when: an event, or an episode where it is told as past."""
    time = times.time
    if time is None or time.precision not in _EXACT or reading.subject is Subject.YOU:
        return None
    if reading.verb == "be" and reading.subject is Subject.NOUN and reading.subject_text.lower() in time.phrase:
        return None  # "last week was wild" says nothing of anything
    if reading.tense is Tense.MODAL and reading.modal not in _BINDING and not (reading.modal == "can" and reading.negated):
        return None
    if (
        reading.tense is Tense.IMPERATIVE
        or clause.words[0] in _ASKED_FOR
        or clause.words[0] in {"except", "besides", "apart", "unlike"}
        or (is_only_a_date(clause, time) and (not talk.last_text or _NO_EVENT.search(talk.last_text.lower())))
    ):
        return None
    if reading.tense is Tense.PERFECT and _SINCE.search(clause.lower):
        return _LASTING
    if not reading.verb and (time.end or time.start) < talk.said.date():
        return None if clause.words[0] in _AT else _PAST  # "at a pottery class last November" says where, not what
    return _PAST if reading.is_past and time.start <= talk.said.date() else _AHEAD


def requested(clause: Clause, times: Times) -> Outcome | None:
    """A question that asks for something by a day: "can you send it by Monday?"."""
    exact = times.time is not None and times.time.precision in {Precision.DAY, Precision.MINUTE}
    return _REQUESTED if exact and _ASKED_OF_US.match(clause.lower) else None


def habit(times: Times, reading: Reading) -> Outcome | None:
    """What is done again and again, or never, is a fact."""
    if reading.subject is not Subject.SELF or reading.tense not in {Tense.PRESENT, Tense.PERFECT} or not reading.verb:
        return None
    if times.recurrence:
        return _HABIT
    often = reading.tense is Tense.PRESENT and reading.verb not in _NO_HABITS and _OFTEN.intersection(reading.adverbs)
    return (_NEVER if reading.negated else _HABIT) if often else None


def is_only_a_date(clause: Clause, time: When | None) -> bool:
    """Whether a clause has hardly a word of its own beside the date, so that it needs the clause before it.

    "Friday at 9 with the tiler" and "ends 11.05." do, "dentist on Thursday" does not.
    """
    dated_words = set(time.phrase.replace(",", " ").split()) if time else set()
    own = [word for word in clause.words if word not in _LOOSE and word not in dated_words and not word[0].isdigit()]
    return not own or (len(own) == 1 and (own[0] != clause.words[0] or own[0] in FORMS or len(own[0]) < 4))


def kind_of(talk: Talk, reading: Reading, found: Outcome, time: When | None) -> MemoryType:
    """The type of an outcome: a fact or episode that lies ahead, to the day, is a temporal event."""
    if time is None or found.attribute or found.type not in {MemoryType.FACT, MemoryType.EPISODE}:
        return found.type
    if reading.is_past and time.start <= talk.said.date():
        return found.type
    if _MOVED.search(reading.text.lower()):
        return MemoryType.TEMPORAL_EVENT
    exact = time.precision in {Precision.DAY, Precision.MINUTE, Precision.WEEK}
    return MemoryType.TEMPORAL_EVENT if exact and time.start >= talk.said.date() else found.type

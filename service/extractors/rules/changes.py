"""An end and what came in its place: "used to work at Nokia, now at Ericsson" says two things, and the first ends what was true.

The two halves become clauses of their own; the rows of facts then read them. What was nearly done was not done and changes nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from service.domain.kinds import MemoryType
from service.extractors.rules import facts
from service.extractors.rules.appointments import kind_named
from service.extractors.rules.clauses import Clause, with_text
from service.extractors.rules.grammar import read, read_text
from service.extractors.rules.person import conjugated
from service.extractors.rules.reading import Reading, Subject, Tense
from service.extractors.rules.table import Outcome
from service.extractors.rules.talk import Talk

_USED_TO = re.compile(
    r"to (?P<verb>\w+) (?P<old>.+?),? (?:and |but )?(?:now|these days|nowadays|today|currently),? (?P<new>.+)", re.IGNORECASE
)
_NOT_BUT = re.compile(r".+?,? but (?:now |rather )?(?P<new>.+)", re.IGNORECASE)
_ANY_MORE = re.compile(r"\bany ?more\b")
_ELLIPTIC = re.compile(r"(?:at|in|for|with|as|on|near|a|an|the|my) \w", re.IGNORECASE)
_NEARLY = frozenset({"almost", "nearly"})
_IS_THERE = re.compile(
    r"(?:now |currently |already )*(?:at|in|with|for) (?P<value>[^,.;()]{2,40}?)(?: now| these days| instead)?$", re.IGNORECASE
)
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_TAKEN_BACK = r"(?:(?:no|oh|sorry|oops|wait|hang on|hold on|actually|scratch that|correction|i mean|i meant|make that|make it|rather|or)[,.]? )+"
_DAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b", re.IGNORECASE)
_DAY_INSTEAD = re.compile(rf"{_TAKEN_BACK}(?:it's |on )*(?P<day>{_DAY.pattern})", re.IGNORECASE)
_NUMBER_INSTEAD = re.compile(
    rf"{_TAKEN_BACK}(?:it's |to be |more like )?[£$€]?(?P<number>{_NUMBER.pattern})(?: \w+)?",
    re.IGNORECASE,
)
_NO_MORE = re.compile(r"(?:he|she|it|i|we|they) (?:was|were|used to)\b")
_IT_IS_OFF = re.compile(
    r"(?:[\w' ]{1,30} (?:cancelled|canceled|called off|scrapped) it|it (?:was|got|has been|is) (?:cancelled|canceled|called off|scrapped))\b"
)
_LASTING = frozenset({"home", "employer", "school"})
"""Attributes that say where somebody is."""


def halves(clause: Clause) -> Iterator[Clause]:
    """The clause, or what was and what is as two."""
    found = _halves(clause) if " now " in clause.lower or " but " in clause.lower or "used to " in clause.lower else None
    yield from (clause,) if found is None else (with_text(clause, text) for text in found)


def corrected(talk: Talk, found: Iterable[Clause]) -> tuple[Clause, ...]:
    """Clauses without what the next one takes back.

    A number ("12,000 at most. No wait, 14,000"), a present ("he's a DJ, well, he was one"), an appointment ("it was on Tuesday, but she cancelled it").
    """
    kept: list[Clause] = []
    for clause in found:
        raw = talk.text[clause.start - talk.turn.start : clause.end - talk.turn.start].strip(" .!")
        righted = _put_right(kept[-1], clause, raw) if kept else None
        if righted:
            kept[-1] = righted
        else:
            kept.append(clause)
    return tuple(kept)


def _put_right(before: Clause, clause: Clause, raw: str) -> Clause | None:
    """What a clause leaves of the one before, where it takes that back; None where it does not."""
    number, numbers = _NUMBER_INSTEAD.fullmatch(raw), _NUMBER.findall(before.text)
    if number and len(numbers) == 1:
        return with_text(before, before.text.replace(numbers[0], number["number"]))
    day, days = _DAY_INSTEAD.fullmatch(raw), _DAY.findall(before.text)
    if day and len(days) == 1:
        return with_text(before, before.text.replace(days[0], day["day"]))
    if before.sentence != clause.sentence:
        return None
    if before.lower.endswith(", well") and _NO_MORE.match(clause.lower):
        return clause
    subject = read(before).subject_text if _IT_IS_OFF.match(clause.lower) else ""
    return with_text(before, f"{subject} was cancelled") if subject and kind_named(subject.lower()) else None


def _halves(clause: Clause) -> tuple[str, str] | None:
    reading = read(clause)
    if reading.verb == "use" and reading.tense is Tense.PAST and not reading.negated:
        match = _USED_TO.fullmatch(reading.rest)
        if not match:
            return None
        was = f"{reading.subject_text} used to {match['verb']} {match['old']}"
        return was, _new(reading, match["verb"], match["new"])
    is_over = reading.negated and ("no longer" in reading.adverbs or _ANY_MORE.search(reading.rest))
    match = _NOT_BUT.fullmatch(reading.rest) if is_over else None
    if not match or not _ELLIPTIC.match(match["new"]):
        return None
    end = reading.text.lower().rindex(match["new"].lower())
    return re.sub(r",? but(?: now| rather)? $", "", reading.text[:end]), _new(reading, reading.verb, match["new"])


def _new(reading: Reading, verb: str, rest: str) -> str:
    """What is now, with the subject and verb that it leaves out."""
    subject = reading.subject_text
    if _ELLIPTIC.match(rest):
        rest = f"{verb} {rest}"
    elif read_text(rest).subject is not Subject.NONE:
        return rest
    if verb == "be" and rest.startswith("be "):
        return f"{subject} {_be(reading)} now {rest[3:]}"
    is_plain = reading.subject is Subject.SELF or subject.lower() == "they"
    return f"{subject} now {rest if is_plain else conjugated(rest)}"


def _be(reading: Reading) -> str:
    lower = reading.subject_text.lower()
    return "am" if lower == "i" else "are" if lower in {"we", "they"} else "is"


def as_told(reading: Reading, found: Outcome) -> Outcome | None:
    """An outcome as far as it came true: what was nearly done fills no attribute, what used to be is the end of one."""
    if not _NEARLY.isdisjoint(reading.adverbs) and reading.is_past and reading.verb != "be":
        if found.type is MemoryType.PREFERENCE:
            return None
        return replace(found, type=MemoryType.EPISODE, attribute="", value="", polarity=1)
    if reading.verb == "use" and found.rule == "used_to":
        was = facts.TABLE.match_verb(read_text(f"I {reading.rest.removeprefix('to ')}"))
        if was and was.attribute:
            return replace(found, attribute=was.attribute, value=was.value, polarity=-1)
    return found


def in_its_place(reading: Reading, ended: str) -> Outcome | None:
    """What takes the place of the home, employer or school whose end was just told: "... any more, I'm at Ericsson now"."""
    if ended not in _LASTING or reading.verb != "be" or reading.tense is not Tense.PRESENT or reading.negated:
        return None
    match = _IS_THERE.match(reading.rest)
    return Outcome("in_its_place", MemoryType.FACT, 0.8, ended, match["value"]) if match else None

"""Appointments as slots: "the hearing is on Friday, not Thursday" gives the interview another date, and cancelling ends it.

A second appointment of the same kind is no correction; what tells them apart is that people say when they correct themselves.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

from service.domain.kinds import MemoryType, Precision
from service.domain.slots import DATE
from service.extractors.rules.clauses import Clause
from service.extractors.rules.dates import When
from service.extractors.rules.person import possessive
from service.extractors.rules.reading import Reading, Subject
from service.extractors.rules.table import Outcome

KINDS = frozenset(
    """appointment interview meeting exam test flight party wedding call dentist checkup check-up delivery deadline trip concert rehearsal lesson
    class surgery operation scan viewing inspection visit recital ceremony funeral dinner lunch session demo presentation review launch
    release hearing workshop conference webinar marathon race physio vet haircut handover kickoff standup retro audition graduation screening
    reservation booking pickup collection reunion picnic barbecue gig festival tournament tryout consultation therapy blood-test mri
    ultrasound vaccination training orientation ceremony housewarming quiz seminar lecture retreat""".split()
)
_GENERAL = frozenset("appointment booking reservation session meeting collection pickup".split())
"""Kinds that say less than another word beside them: "dentist appointment"."""
_KIND = "|".join(sorted(KINDS))
_NAMED = re.compile(
    rf"\b(?P<own>my|our|the|a|an) (?P<what>(?:[\w'-]+ ){{0,2}}?(?:{_KIND})(?: (?:{_KIND}))?)\b|"
    r"\b(?P<mine>my|our) (?P<thing>(?:new |old )?"
    r"(?:laptop|computer|phone|mobile|car|bike|motorbike|tablet|flat|apartment|house|boat|camera|van|printer|router))\b",
    re.IGNORECASE,
)
_BEFORE_A_VERB = frozenset("is are am be been was were will would to can should not".split())
"""Words behind which "meeting" and "test" are no nouns."""
_WORD = re.compile(r"[a-z][a-z'-]*")
_CORRECTING = re.compile(
    r"\b(?:actually|correction|sorry|oops|mistake|misspoke|misread|(?:got|had|said) (?:that|it|this) wrong|scratch that|hang on|hold on|no,? wait|i meant|"
    r"not (?:on |at |until )?(?:the )?(?:\w+day|\d)|moved (?:to|from|forward|back|up)|rescheduled|postponed|pushed|brought forward|shifted|"
    r"changed (?:to|from)|delayed|now (?:on|at|in)|(?:new|other|different) (?:date|time|day)|rather than|instead)\b"
)
_PUT_OFF = r"(?:postponed|put off|put on hold)(?! (?:to|until|till|for|from)\b)"
_CALLED_OFF = r"(?:cancell?ed|called off|scrapped|had to (?:cancel|call off|postpone))"
_UNLIKE = r"\w*(?:not|n't|no longer) (?:happening|going ahead|taking place)"
_CANCELLED = re.compile(
    rf"\b(?:{_CALLED_OFF}|{_PUT_OFF}|{_UNLIKE}|called (?:[\w'-]+ ){{1,4}}off|fell through|until further notice|indefinitely|"
    r"(?:is|are|was|been) (?:now |all )?off(?=$|[,.]| (?:now|again|because|since|as)\b))"
)
"""Says that something will not be, or not when it was to be."""
_OFFS = frozenset(
    "cancelled canceled cancel called call scrapped off postponed postpone hold happening ahead place through notice indefinitely".split()
)
_OBJECT = re.compile(
    rf"\b(?:{_CALLED_OFF}|{_PUT_OFF}) (?P<what>(?:my|our|the|this|that) .+)|\bcalled (?P<between>(?:my|our|the|this|that) .+) off\b",
    re.IGNORECASE,
)
_AROUND = 60
"""Characters before and behind a statement in which a correction shows."""


def appointment(statement: str, when: When | None) -> tuple[str, str]:
    """The slot of an appointment and its date as the value; two empty strings where a statement gives none."""
    moment = _moment(when)
    kind = kind_named(statement.lower()) if moment else ""
    return (DATE + kind, moment) if kind else ("", "")


def kind_named(lower: str) -> str:
    """The kind of appointment that a text names; nothing where it names none."""
    return _kind(_WORD.findall(lower))


def latest_named(text: str) -> str:
    """The last appointment or possession that a text names, as "it" in the next turn calls it: "my dentist appointment"; else nothing."""
    found = list(_NAMED.finditer(text))
    if not found:
        return ""
    last = found[-1]
    if last["thing"]:
        return f"my {last['thing']}"
    own = last["own"].lower() in {"my", "our"}
    return f"{'my' if own else 'The'} {last['what']}"


def corrects(text: str, start: int, end: int) -> bool:
    """Whether a statement at these offsets of a turn takes back something said before."""
    return bool(_CORRECTING.search(text[max(0, start - _AROUND) : end + _AROUND].lower()))


def is_cancelled(lower: str) -> bool:
    """Whether a clause says that something will not be, or not when it was to be."""
    return bool(_CANCELLED.search(lower))


def called_off(clause: Clause, reading: Reading, when: When | None, said: date, speaker: str) -> Outcome | None:
    """An appointment that is off, whoever took it back: "the wedding has been called off", "they cancelled my flight".

    Args:
        clause: what was said.
        reading: the grammar's reading of it.
        when: its date.
        said: the day it was said.
        speaker: how the one who said it is called.
    """
    off = None if _OFFS.isdisjoint(clause.words) else _CANCELLED.search(clause.lower)
    if off is None or (reading.negated and not re.match(_UNLIKE, off[0])):
        return None
    taken_back = _OBJECT.search(reading.text)
    what = (taken_back["what"] or taken_back["between"]) if taken_back else reading.subject_text
    kind = kind_named(what.lower())
    if not kind or reading.subject is Subject.YOU:
        return None
    value = _moment(when) if when and when.start >= said else ""
    done = f"{possessive(what[:1].upper() + what[1:], speaker)} was {'put off' if re.match(_PUT_OFF, off[0]) else 'cancelled'}"
    return Outcome(
        "called_off",
        MemoryType.TEMPORAL_EVENT if value else MemoryType.EPISODE,
        0.8,
        DATE + kind,
        value,
        polarity=-1,
        statement=done if taken_back and reading.subject is Subject.PRONOUN else "",
    )


def _kind(words: Sequence[str]) -> str:
    """The kind of appointment that words name: "dentist" rather than "appointment", where both are there."""
    kinds = [word for before, word in zip(("", *words), words, strict=False) if word in KINDS and before not in _BEFORE_A_VERB]
    return next((kind for kind in kinds if kind not in _GENERAL), kinds[0] if kinds else "")


def _moment(when: When | None) -> str:
    """A date as the value of an attribute; nothing where the day is not known."""
    if when is None or when.precision not in {Precision.DAY, Precision.MINUTE}:
        return ""
    return when.start.isoformat() + (when.clock.strftime("T%H:%M") if when.clock else "")

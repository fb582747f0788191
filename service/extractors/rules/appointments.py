"""Appointments as slots: "the interview is on Tuesday, not Monday" gives the interview another date, and cancelling ends it.

A second appointment of the same kind is no correction; what tells them apart is that people say when they correct themselves.
"""

from __future__ import annotations

import re

from service.domain.kinds import Precision
from service.domain.slots import DATE
from service.extractors.rules.dates import When

_KINDS = frozenset(
    """appointment interview meeting exam test flight party wedding call dentist checkup check-up delivery deadline trip concert rehearsal lesson
    class surgery operation scan viewing inspection visit recital ceremony funeral dinner lunch session demo presentation review launch
    release hearing workshop conference webinar marathon race physio vet haircut handover kickoff standup retro audition graduation screening
    reservation booking pickup collection reunion picnic barbecue gig festival tournament tryout consultation therapy blood-test mri
    ultrasound vaccination training orientation ceremony housewarming quiz seminar lecture retreat""".split()
)
_KIND = "|".join(sorted(_KINDS))
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
_CANCELLED = re.compile(r"\b(?:cancell?ed|called off|(?:not|n't) happening|(?:has|have) been scrapped|fell through)\b")
_AROUND = 60
"""Characters before and behind a statement in which a correction shows."""


def appointment(statement: str, when: When | None) -> tuple[str, str]:
    """The slot of an appointment and its date as the value; two empty strings where a statement gives none."""
    if when is None or when.precision not in {Precision.DAY, Precision.MINUTE}:
        return "", ""
    words = _WORD.findall(statement.lower())
    kind = next(
        (word for word, before in zip(words[1:], words, strict=False) if word in _KINDS and before not in _BEFORE_A_VERB), ""
    )
    moment = when.start.isoformat() + (when.clock.strftime("T%H:%M") if when.clock else "")
    return (DATE + kind, moment) if kind else ("", "")


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
    """Whether a clause says that something will not be."""
    return bool(_CANCELLED.search(lower))

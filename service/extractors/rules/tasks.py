"""Who does what by when: tasks handed out in writing ("Action: Ines to call the printer by Friday") and taken on in talk ("can you ...?" "Yes")."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.extractors.rules.clauses import Clause
from service.extractors.rules.verbs import FORMS, Form

_OWNER = r"@?(?P<owner>[A-Z][\w'-]{1,30}(?: [A-Z][\w'-]{1,30})?)"
_HANDED_OUT = re.compile(
    rf"(?:(?:action(?: items?| points?)?|to-?do|task|next steps?|follow-?up|ai)s?(?: \d{{1,2}})?\s?[:–-]\s*|\[ ?\] ?){_OWNER}"
    r"(?: to|:| -| –| will|,) (?P<what>.{5,200})$",
    re.IGNORECASE,
)
_OWNER_FIRST = re.compile(rf"{_OWNER} to (?P<what>(?P<verb>[a-z]+) .{{3,200}})$")
_CAPITAL = re.compile(r"@?[A-Z]")
_ASKED = re.compile(
    r"(?:^|[.!?;\n] ?|\s)(?:(?P<name>[A-Z][\w'-]{1,30}), )?(?:can|could|would|will) (?:you|u)(?: please| maybe| also)* (?P<what>[^?.!\n]{5,120})\?\s*$",
    re.IGNORECASE,
)
_ACCEPTED = re.compile(
    r"(?:yes|yeah|yep|yup|sure|ok|okay|of course|will do|can do|no problem|happy to|absolutely|fine|alright|on it|sure thing|definitely|gladly)\b"
    r"(?: (?:i can|i will|i'll|will do|can do|sure|thing))*[,.! ]*(?P<when>[^.!?\n]{0,60})",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(r"\b(?:but|not|can't|cannot|unless|if|maybe)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Task:
    """What somebody has to do."""

    owner: str
    what: str

    @property
    def statement(self) -> str:
        """The task as a statement: "Ines will call the printer by Friday"."""
        return f"{self.owner} will {self.what}"


def handed_out(clause: Clause, *, is_minutes: bool) -> Task | None:
    """The task that a clause hands out; "Ines to call the printer" counts in notes and minutes only."""
    match = _HANDED_OUT.match(clause.text)
    if match and _CAPITAL.match(match["owner"]):
        return Task(match["owner"], match["what"])
    match = _OWNER_FIRST.match(clause.text) if is_minutes else None
    if match and Form.BASE in FORMS.get(match["verb"], {}) and match["owner"].lower() not in FORMS:
        return Task(match["owner"], match["what"])
    return None


def taken_on(speaker: str, text: str, request: str) -> Task | None:
    """The task that a turn takes on by agreeing to what somebody else just asked for.

    Args:
        speaker: who agrees.
        text: the turn in which they do.
        request: what the other said just before.
    """
    asked = _ASKED.search(request[-240:])
    agreed = _ACCEPTED.match(text)
    if not asked or not agreed or _TAKEN_BACK.search(text[:80]):
        return None
    if asked["name"] and asked["name"].casefold() not in speaker.casefold():
        return None
    when = agreed["when"].strip()
    is_time = re.match(
        r"(?:by|on|before|until|next|this|tomorrow|today|tonight|monday|tuesday|wednesday|thursday|friday|at|in)\b",
        when,
        re.IGNORECASE,
    )
    return Task(speaker, f"{asked['what'].strip()} {when[0].lower() + when[1:]}" if is_time else asked["what"].strip())

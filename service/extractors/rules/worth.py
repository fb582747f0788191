"""Whether what a table found in a clause is worth an observation: about somebody who can be made out, and no courtesy."""

from __future__ import annotations

import re

from service.domain.kinds import MemoryType
from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import Reading, Subject
from service.extractors.rules.table import Outcome
from service.extractors.rules.talk import About, Talk
from service.extractors.rules.verbs import FORMS, Form

_UNRESOLVED = re.compile(r"(?:he|she|they|he's|she's|they're|they've|let's|it's driving|it drives)\b")
_EVERYBODY = re.compile(r"we(?:'re| are) (?:both|all)\b|we all\b")
_POINTS = re.compile(
    r"(?:please |pls |just |don't |do not |never |always |remember |stop |only )*(?:\w+ )?(?:that|it|this)"
    r"(?: (?:in|on|for|to|at|with|from|into|then|again)\b.*)?$"
)
"""A request about something just named."""
_THERE = re.compile(r"there(?:'s| is| are| was| were)\b(?!.*(?:\d|\bmy\b|\bour\b|\bno \w))")
"""Says that something is there, of nobody and with no figure."""
_COMMONPLACE = re.compile(
    r"\b(?:way (?:to|of)|a (?:big|huge|real|massive) (?:impact|difference)|so (?:rewarding|important|worth\w*|powerful|great)|such (?:an? )?\w+|"
    r"takes? (?:guts|time|courage|work|effort|practice|patience)|pays? off|matters?|the key (?:to|is))\b"
)
"""What is said of everybody and everything: "books have such power", "hard work pays off"."""
_WITH_NOBODY = re.compile(r"(?:at|in|on|through|when|during|by|via|online|last|years|back)\b")
"""Where somebody met, but not whom."""
_BARE = frozenset("it this that them these those one".split())
_LIKING = frozenset("love like hate enjoy prefer adore".split())
_ONESELF = frozenset({"i", "i'm", "i've", "me", "my", "we", "us", "our", "mine"})
_YOURS = frozenset({"your", "yours", "yourself"})
_YOU = _YOURS | {"you", "you're"}
_TOWARDS_ONESELF = frozenset({"me", "us", "my", "our"})


def is_worth_keeping(talk: Talk, clause: Clause, reading: Reading, found: Outcome, about: About) -> bool:
    """Whether an outcome is worth an observation.

    Only a preference stands without knowing of what it speaks, and praise in a sarcastic turn is none.
    """
    is_preference = found.type is MemoryType.PREFERENCE
    if talk.is_sarcastic and is_preference and found.polarity > 0:
        return False
    if not found.reword and _has_no_object(reading, is_preference=is_preference):
        return False
    if found.reword == "asks" and _is_no_lasting_request(talk, clause):
        return False
    if not talk.is_impersonal and _is_of_nobody(clause, reading, found):
        return False
    return bool(about.label) or (is_preference and not _UNRESOLVED.match(clause.lower))


def _has_no_object(reading: Reading, *, is_preference: bool) -> bool:
    """Whether only the talk around a clause tells what is liked or owned: "he hates it", "she has one"."""
    rest = reading.rest.lower()
    if is_preference or reading.verb in _LIKING:
        return rest in _BARE or (rest in {"him", "her"} and reading.subject is not Subject.SELF)
    return rest in {"one", "some"}


def _is_no_lasting_request(talk: Talk, clause: Clause) -> bool:
    """Whether a request is about the plan at hand ("don't use that here"), or advice to a friend ("don't lose heart")."""
    return bool(_POINTS.match(clause.lower)) or (bool(talk.turn.speaker) and not _YOURS.isdisjoint(clause.words))


def _is_of_nobody(clause: Clause, reading: Reading, found: Outcome) -> bool:
    """Whether a clause speaks of its listener ("I'm always there for you"), of "us all", or of what only the talk around it tells."""
    if "each other" in clause.lower or "eachother" in clause.words or _EVERYBODY.match(clause.lower):
        return True
    if (
        reading.subject in {Subject.NOUN, Subject.NONE}
        and _COMMONPLACE.search(clause.lower)
        and _ONESELF.isdisjoint(clause.words)
    ):
        return True
    if found.reword:
        return False
    if reading.verb == "meet" and _WITH_NOBODY.match(reading.rest.lower()):
        return True
    return _has_lost_its_subject(clause, reading) or not _YOU.isdisjoint(clause.words) or bool(_THERE.match(clause.lower))


def _has_lost_its_subject(clause: Clause, reading: Reading) -> bool:
    """Whether a clause begins with its verb: "gives me an overview" - what does?"""
    is_bare = reading.subject is Subject.NONE and Form.THIRD in FORMS.get(clause.words[0], {})
    return is_bare and not _TOWARDS_ONESELF.isdisjoint(clause.words[1:2])

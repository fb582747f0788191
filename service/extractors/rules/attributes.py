"""Single-valued attributes told by a possession: "my phone is a Pixel", "rent is 1,100", "my favourite writer is ..."."""

from __future__ import annotations

import re

from service.domain.slots import DOSE, FAVOURITE
from service.extractors.rules.reading import Reading, Subject, Tense

_WORDS = {
    "mobile": "phone", "phone": "phone", "number": "phone number", "phone number": "phone number", "mobile number": "phone number", "email": "email",
    "e-mail": "email", "email address": "email", "car": "car", "laptop": "laptop", "computer": "computer", "bike": "bike", "rent": "rent",
    "salary": "salary", "budget": "budget", "deadline": "deadline", "weight": "weight", "height": "height", "address": "address", "birthday": "birthday",
    "gym": "gym", "gp": "doctor", "doctor": "doctor", "school": "school", "plan": "plan", "job": "job", "job title": "job", "employer": "employer",
    "name": "name", "shoe size": "shoe size", "time zone": "time zone", "timezone": "time zone", "age": "age", "native language": "native language",
    "mother tongue": "native language", "diet": "diet",
}  # fmt: skip
_ARTICLE = re.compile(r"^(?:a|an|the|now|in|on)\s+", re.IGNORECASE)
_FAVOURITE = re.compile(r"\bfavou?rite ([a-z]+(?: [a-z]+)?)$")
_FAVOURITE_AFTER = re.compile(r"^(?:my|our) (?:absolute |all-time )?favou?rite ([a-z]+)")
_DOSE = re.compile(
    r"\b(?P<drug>(?!the |is |take |takes |taking |about |just |only |now |with |and |at |of |to |on )[a-z]{5,20}) (?:is |at |now |to |of |from )*"
    r"(?P<dose>\d[\d.,]* ?(?:mg|mcg|µg|iu|units))\b"
)
_MEASURED = frozenset({"rent", "salary", "budget", "weight", "height", "age"})
"""Attributes whose value is an amount."""
_KEPT = re.compile(r"^(?:the |my |our )?(?:new |current |main |own )*")
_END = re.compile(r"(?<!\d),|,(?!\d)|[;(]| (?:and|but|so|because|now)\b")
_AMOUNT = re.compile(r"^(?!due\b|paid\b|on\b).*\d")
_LONGEST = 80


def attribute_of(reading: Reading, label: str, lower: str, speaker: str) -> tuple[str, str]:
    """The attribute that a clause fills and its value; two empty strings where it fills none.

    Args:
        reading: the grammar's reading of the clause.
        label: how its subject is called, which for "it" is what it means.
        lower: the clause in lower case.
        speaker: how the speaker is called, whose possessions fill attributes.
    """
    if reading.negated or reading.is_past:
        return "", ""
    dose = _DOSE.search(lower)
    if dose:
        return DOSE + dose["drug"], dose["dose"]
    if reading.verb != "be" or reading.tense is not Tense.PRESENT or not reading.rest:
        return "", ""
    if reading.subject is Subject.NOUN:
        favourite = _FAVOURITE_AFTER.match(reading.rest.lower())
        if favourite:
            return FAVOURITE + favourite[1], reading.subject_text
    owned = label.lower().removeprefix(speaker.lower() + "'s ")
    return _possession(reading, _KEPT.sub("", owned)) if "'s " not in owned else ("", "")


def _possession(reading: Reading, subject: str) -> tuple[str, str]:
    named = _FAVOURITE.search(subject)
    attribute = FAVOURITE + named[1] if named else _WORDS.get(subject, "")
    value = _ARTICLE.sub("", _END.split(reading.rest, maxsplit=1)[0].strip())
    if attribute in _MEASURED and not _AMOUNT.search(value):
        return "", ""
    return (attribute, value) if attribute and value and len(value) <= _LONGEST else ("", "")

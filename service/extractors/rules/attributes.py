"""Single-valued attributes told by a possession: "my phone is a Pixel", "rent is 1,100", "my favourite writer is ..."."""

from __future__ import annotations

import re

from service.domain.slots import ATTRIBUTES, FAVOURITE
from service.extractors.rules.grammar import Reading, Subject, Tense

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
_END = re.compile(r"[,;(]| (?:and|but|so|because|now)\b")
_LONGEST = 80


def attribute_of(reading: Reading) -> tuple[str, str]:
    """The attribute that a "my ... is ..." clause fills and its value; two empty strings where it fills none."""
    if reading.verb != "be" or reading.tense is not Tense.PRESENT or reading.negated or not reading.rest:
        return "", ""
    subject = reading.subject_text.lower()
    if reading.subject is Subject.NOUN:
        favourite = _FAVOURITE_AFTER.match(reading.rest.lower())
        return (FAVOURITE + favourite[1], reading.subject_text) if favourite else ("", "")
    if reading.subject is not Subject.MINE:
        return "", ""
    named = _FAVOURITE.search(subject)
    noun = subject.split(" ", 1)[1] if " " in subject else ""
    attribute = FAVOURITE + named[1] if named else _WORDS.get(noun.removeprefix("new ").removeprefix("current "), "")
    if not attribute or not (named or attribute in ATTRIBUTES):
        return "", ""
    value = _ARTICLE.sub("", _END.split(reading.rest, maxsplit=1)[0].strip())
    return (attribute, value) if value and len(value) <= _LONGEST else ("", "")

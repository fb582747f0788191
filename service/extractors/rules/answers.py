"""Short answers: what they mean stands in the question before ("your policy number?" "BW 44 71"), and a yes takes an appointment."""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.extractors.rules.verbs import FORMS

_DETAILS = (
    r"(?:full |first |last |sur)?name|(?:policy|order|account|member(?:ship)?|customer|reference|booking|phone|mobile|contact|invoice|ticket|passport|"
    r"registration|serial|case|tracking) number|booking reference|(?:e-?mail|home|billing|delivery|shipping|postal)(?: address)?|address|date of birth|"
    r"postcode|post code|zip code|number plate|(?:exact |product |device |phone |car )?model"
)
_ASKS_FOR = re.compile(
    rf"(?:what(?:'s| is| was)|(?:can|could|may) i (?:please )?(?:take|have|get)|(?:give|tell|send) me|i(?:'ll)? need|confirm|let me (?:take|"
    rf"have)|^(?:and|and also|also|now)|[.!?] (?:and|and also)) "
    rf"(?:please )?(?:your|the) (?P<what>{_DETAILS})\b",
    re.IGNORECASE,
)
_ASKS_WHO = re.compile(
    r"\bwho (?:am i|do i have the pleasure of) (?:speaking|talking)\b|\bwho(?:'s| is) (?:calling|speaking)\b", re.IGNORECASE
)
_OPENING = re.compile(
    r"(?:(?:hi|hello|hey|yes|yeah|yep|sure|ok|okay|of course|um+|uh+|er+|erm|well|so|right|the|my|name|number|address|email|policy|order|account|"
    r"is|it's|it|its|this|"
    r"that's|i'm|here|speaking)\b[,.:!]*\s*)+",
    re.IGNORECASE,
)
_DIGITS = {
    "zero": "0", "oh": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
}  # fmt: skip
_END = 200
"""Characters at the end of a turn in which it asks."""
_MOST_WORDS = 10
_LONGEST = 60
_FEWEST_SPELLED = 4
_SHORTEST_NAME = 3
_PROPOSES = re.compile(
    r"\b(?:appointment|inspection|viewing|slot|visit|call|meeting|session|table|delivery|collection|engineer|technician|courier|booked?|schedule[d]?|"
    r"reserve[d]?|interview|consultation|lesson|class|check-?up|demo)\b",
    re.IGNORECASE,
)
_TAKES = re.compile(
    r"(?:yes|yeah|yep|yup|perfect|great|fine|sure|ok|okay|lovely|brilliant|sounds good|that works|works for me|that's (?:fine|great|perfect|good)|"
    r"[\w']+(?:'s| is) (?:fine|good|perfect|great|ok))\b(?! but| if| unless| when)",
    re.IGNORECASE,
)
_TAKEN_BACK = re.compile(r"\b(?:no|not|can't|cannot|actually|instead|rather)\b|\?", re.IGNORECASE)
_MAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,60}(?:\.[\w-]{1,60}){1,4}")
_SENTENCE = re.compile(r"[^.!?\n]+")


@dataclass(frozen=True, slots=True)
class Answer:
    """What a question asked for, and the answer."""

    what: str
    value: str


def answered(text: str, question: str) -> Answer | None:
    """The detail that a short turn gives when the turn before asked for it.

    Args:
        text: the turn.
        question: what the other side said just before.
    """
    end = question[-_END:]
    asked = None if _ASKS_WHO.search(end) else _ASKS_FOR.search(end)
    if asked is None and not _ASKS_WHO.search(end):
        return None
    what = asked["what"].lower() if asked else "name"
    mail = _MAIL.search(text) if "mail" in what else None
    if mail:
        return Answer(what, mail[0])
    value = re.split(r"[.!?\n]| and (?:i|my|the)\b", _unopened(text.strip()), maxsplit=1)[0].strip(" ,.")
    if what.endswith("name"):
        value = _person(value)
    elif what.endswith("model"):
        value = value if re.search(r"[A-Z\d]", value) else ""
    elif "address" not in what and "mail" not in what:
        value = _spelled(value)
    is_short = 0 < len(value.split()) <= _MOST_WORDS and len(value) <= _LONGEST
    return Answer(what, value) if is_short and "?" not in text else None


def asks_for_detail(question: str) -> bool:
    """Whether a turn asks for what a short answer gives."""
    return bool(_ASKS_FOR.search(question[-_END:]))


def _unopened(text: str) -> str:
    opening = _OPENING.match(text)
    return text[opening.end() :] if opening else text


def agreed(text: str, proposal: str) -> str:
    """The appointment that a turn takes by saying yes, as the other side proposed it; nothing where there is none."""
    if not _TAKES.match(text) or _TAKEN_BACK.search(text[:60]):
        return ""
    last = [sentence.strip() for sentence in _SENTENCE.findall(proposal[-400:]) if _PROPOSES.search(sentence)]
    return last[-1] if last else ""


def _person(text: str) -> str:
    """A name without what was stammered or spelled."""
    words = [word for word in text.split() if len(word) >= _SHORTEST_NAME and word.isalpha() and word.lower() not in FORMS]
    return " ".join(dict.fromkeys(word.capitalize() if word.islower() else word for word in words[:3]))


def _spelled(text: str) -> str:
    """What was spelled in one piece: "b w four four" is "BW44"; anything else stays."""
    words = [_DIGITS.get(word, word) for word in text.lower().split()]
    if len(words) >= _FEWEST_SPELLED and all(len(word) == 1 for word in words):
        return "".join(words).upper()
    return text if re.search(r"\d", text) else ""

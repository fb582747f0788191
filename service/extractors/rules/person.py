"""First person into third: "I'm leaving my job" said by Ana becomes "Ana is leaving their job"."""

from __future__ import annotations

import re

from service.extractors.rules.reading import ADVERBS, Reading, Subject, Tense
from service.extractors.rules.verbs import FORMS, Form, third_person

_CARRIED = {"'m": "is", "m": "is", "'re": "is", "'ve": "has", "ve": "has", "'ll": "will", "'d": "would", "'s": "is"}
_CONTRACTION = re.compile(r"(?i)^(?:i|we|she|he|they|it|that|there|you)('(?:m|re|ve|ll|d|s))|^i(m|ve)\b")
_FINITE = {
    "am": "is", "are": "is", "were": "was", "have": "has", "do": "does", "don't": "doesn't", "dont": "doesn't", "aren't": "isn't",
    "weren't": "wasn't", "haven't": "hasn't", "ain't": "isn't", "'m": "is",
}  # fmt: skip
_PLURAL = re.compile(r"[^s']s$| and [\w' ]+$")
"""A subject of several."""
_NO_LONGER = frozenset({"no", "longer"})
"""Words before a verb that leave its form alone, as adverbs do."""
_OF_MANY = {"is": "are", "has": "have"}
_WERE = re.compile(r"(?:\w+ )?(?:were|weren't)\b", re.IGNORECASE)
_FIRST_PERSON = re.compile(
    r"\b(?:[Ii](?:'(?:m|ve|ll|d)| am| have| was)?|[Ww]e(?:'(?:re|ve|ll)| are| have| were)?|[Mm](?:yself|y|ine|e)|[Oo]ur(?:selves|s)?|[Uu]s)"
    r"\b(?!')"
)
_I_DO = re.compile(rf"(?<!did )(?<!do )(?<!can )\bI(?P<adverbs>(?: (?:{'|'.join(sorted(ADVERBS))}))*) (?P<verb>[a-z]+)\b(?!')")
_SAME_IN_PAST = frozenset({"be", "quit", "hit", "split", "put", "read", "cut", "set", "let"})
_ABOUT_SELF = {
    "i'm": "they are", "i am": "they are", "i've": "they have", "i have": "they have", "i was": "they were", "i'll": "they will", "i'd": "they would",
    "i": "they", "we're": "they are", "we are": "they are", "we've": "they have", "we have": "they have", "we'll": "they will", "we were": "they were",
    "we": "they", "my": "their", "mine": "theirs", "myself": "themselves", "me": "them", "our": "their", "ours": "theirs", "us": "them",
    "ourselves": "themselves",
}  # fmt: skip
_ABOUT_OTHERS = {
    "i'm": "{0} is", "i am": "{0} is", "i've": "{0} has", "i have": "{0} has", "i was": "{0} was", "i'll": "{0} will", "i'd": "{0} would", "i": "{0}",
    "we're": "they are", "we are": "they are", "we've": "they have", "we have": "they have", "we'll": "they will", "we were": "they were", "we": "they",
    "my": "{0}'s", "mine": "{0}'s", "myself": "themselves", "me": "{0}", "our": "{0}'s", "ours": "{0}'s", "us": "{0}", "ourselves": "themselves",
}  # fmt: skip


def possessive(text: str, speaker: str) -> str:
    """First-person words of a text about something else: "my guide dog" said by Ana is "Ana's guide dog"."""
    text = _I_DO.sub(lambda match: f"{speaker}{match['adverbs']} {_for_others(match['verb'])}", text)
    return _FIRST_PERSON.sub(lambda match: _ABOUT_OTHERS[match[0].lower()].format(speaker), text)


def _for_others(verb: str) -> str:
    """A verb behind "I" as it stands behind a name."""
    if verb in _FINITE:
        return _FINITE[verb]
    return third_person(verb) if Form.BASE in FORMS.get(verb, {}) and verb not in _SAME_IN_PAST else verb


def about_self(text: str) -> str:
    """First-person words of a text whose subject is the speaker: "my" becomes "their"."""
    return _FIRST_PERSON.sub(lambda match: _ABOUT_SELF[match[0].lower()], text)


def statement(reading: Reading, subject: str, speaker: str) -> str:
    """A clause in the third person.

    Args:
        reading: what the grammar made of it.
        subject: how its subject is called: "User", "User's sister Ana".
        speaker: how the one who says it is called.
    """
    about_speaker = reading.subject in {Subject.SELF, Subject.NONE}
    predicate = about_self(reading.predicate) if about_speaker else possessive(reading.predicate, speaker)
    predicate = predicate.removeprefix("both ").removeprefix("all ")
    if reading.subject is Subject.NONE:
        return _without_subject(reading, predicate, subject)
    carried = _CONTRACTION.match(reading.text)
    auxiliary = _CARRIED[(carried[1] or carried[2]).lower()] if carried else ""
    if auxiliary == "is" and reading.tense is Tense.PERFECT:
        auxiliary = "has"
    if not auxiliary and reading.text[len(reading.subject_text) :].startswith("'s"):
        predicate = predicate.removeprefix("'s").strip()
        auxiliary = "has" if reading.tense is Tense.PERFECT else "is"
    plural = reading.subject_text.lower() == "they" and _PLURAL.search(subject) is not None
    if auxiliary:
        return f"{subject} {_OF_MANY.get(auxiliary, auxiliary) if plural else auxiliary} {predicate}".strip()
    is_plain = (
        plural or reading.subject in {Subject.NOUN, Subject.MINE} or (reading.tense is Tense.PAST and not _WERE.match(predicate))
    )
    return f"{subject} {predicate if is_plain else conjugated(predicate)}".strip()


def conjugated(predicate: str) -> str:
    """A predicate for he, she or it: "really like tea" becomes "really likes tea"."""
    words = predicate.split(" ")
    for place, word in enumerate(words):
        lower = word.lower()
        if lower in ADVERBS or lower in _NO_LONGER:
            continue
        if lower in _FINITE:
            words[place] = _FINITE[lower]
        elif Form.BASE in FORMS.get(lower, {}) and lower not in _SAME_IN_PAST - {"read", "cut", "set", "let"}:
            words[place] = third_person(lower)
        break
    return " ".join(words)


def _without_subject(reading: Reading, predicate: str, subject: str) -> str:
    if not reading.verb or reading.tense is Tense.IMPERATIVE:
        return f"{subject}: {predicate}"
    if predicate[:1].isupper() and predicate[1:2].islower():
        predicate = predicate[0].lower() + predicate[1:]
    if reading.tense is Tense.PROGRESSIVE:
        return f"{subject} {'has' if ' been ' in f' {predicate} ' else 'is'} {predicate}"
    return f"{subject} {conjugated(predicate) if reading.tense in {Tense.PRESENT, Tense.PERFECT} else predicate}"

"""A clause as subject, verb and rest: the small grammar on which all tables work.

It knows the order of plain English statements (subject, adverbs, auxiliaries, verb, rest) and nothing about meaning. A clause
it cannot read has no verb; the tables then see it as a fragment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from service.extractors.rules.clauses import Clause
from service.extractors.rules.verbs import FORMS, NOUNS_TOO, Form


class Subject(Enum):
    """Who a clause speaks of, as far as its first words tell."""

    SELF = "I, we"
    MINE = "my ..., our ..."
    PRONOUN = "she, he, they, it"
    YOU = "you"
    NOUN = "anything else before a verb"
    NONE = "no subject"


class Tense(Enum):
    """When, as the verb tells."""

    PRESENT = "present"
    PAST = "past"
    PERFECT = "perfect"
    PROGRESSIVE = "progressive"
    FUTURE = "future"
    MODAL = "modal"
    IMPERATIVE = "imperative"


@dataclass(frozen=True, slots=True)
class Reading:
    """What the grammar makes of a clause."""

    text: str
    """The clause in the order it was read: a time or place before the subject stands at the end."""
    subject: Subject
    subject_text: str
    """As written: "my guide dog", "she"; empty without a subject."""
    adverbs: tuple[str, ...]
    """Between subject and verb: always, never, really."""
    modal: str
    """can, would, must, have to; empty for none."""
    negated: bool
    verb: str
    """Base form of the main verb; empty for a fragment."""
    tense: Tense
    rest: str
    """Everything behind the main verb, as written."""
    predicate: str
    """Everything behind the subject, as written."""

    @property
    def is_past(self) -> bool:
        """Whether the clause tells what was."""
        return self.tense in {Tense.PAST, Tense.PERFECT}


ADVERBS = frozenset(
    """always never usually often sometimes rarely seldom really just also still only already actually currently now mostly mainly normally generally
    recently finally definitely absolutely totally literally honestly probably basically kinda sorta simply truly fully deeply secretly even ever
    occasionally regularly typically officially temporarily previously originally initially apparently obviously certainly both all quite rather
    so very too pretty fairly super extremely bit slightly particularly especially desperately strongly much proudly happily luckily sadly
    accidentally suddenly quickly slowly eventually first then soon long hardly barely nearly almost first half partly gladly personally
    """.split()
)
_FIRST = {
    "i": "", "i'm": "am", "im": "am", "i've": "have", "ive": "have", "i'll": "will", "i'd": "would",
    "we": "", "we're": "are", "we've": "have", "we'll": "will", "we'd": "would",
}  # fmt: skip
_PRONOUNS = {
    "she": "", "she's": "'s", "shes": "'s", "she'll": "will", "she'd": "would", "he": "", "he's": "'s", "hes": "'s", "he'll": "will", "he'd": "would",
    "they": "", "they're": "are", "theyre": "are", "they've": "have", "they'll": "will", "they'd": "would", "it": "", "it's": "'s", "its": "'s",
    "it'll": "will", "that's": "'s", "thats": "'s", "this": "", "that": "", "there": "", "there's": "'s", "theres": "'s", "these": "", "those": "",
}  # fmt: skip
_YOU = {"you": "", "you're": "are", "you've": "have", "you'll": "will", "you'd": "would", "u": ""}
_BE = {"am", "is", "are", "was", "were", "'m", "'re", "isn't", "aren't", "wasn't", "weren't", "ain't"}
_MODALS = {
    "can": "can", "can't": "can", "cant": "can", "cannot": "can", "could": "could", "couldn't": "could", "would": "would", "wouldn't": "would",
    "should": "should", "shouldn't": "should", "must": "must", "mustn't": "must", "might": "might", "may": "may", "will": "will", "won't": "will",
    "wont": "will", "shall": "will", "'ll": "will", "'d": "would",
}  # fmt: skip
_DO = {"do", "does", "did", "don't", "dont", "doesn't", "doesnt", "didn't", "didnt"}
_HAVE = {"have", "has", "had", "haven't", "hasn't", "hadn't", "'ve"}
_NEGATIONS = frozenset({"not", "never", "no"})
_MARKS = ",.!?:;()\"'"
_INVARIANT = frozenset({"quit", "put", "hit", "cut", "split"})
"""Verbs that are taken for past where nothing shows the tense."""
_LEADING = frozenset(
    "in on at since last next this every for after before during until by right with from over around back most some".split()
)
_SPOKEN_OF = frozenset({*_FIRST, "she", "he", "they", "she's", "he's", "they're", "my", "our"})
_COPULA_FOLLOWERS = frozenset(
    """a an the not now on in at from only just always never still also so too very really been going called named broken fine closed open full free
    good great bad sick ill dead gone here there back off out away ready single married pregnant allergic ex about around my our his her their""".split()
)
_NO_SUBJECT = frozenset(
    "this that these those here look glad happy sorry life let's lets what who which how why when where".split()
)
"""Words that open a clause about nothing that a memory could be of."""
_WITHIN_NO_SUBJECT = frozenset("that which who if because when you i we it your".split())
"""Words that no subject of a statement contains."""
_LONGEST_SUBJECT = 9
"""Words before the verb of a statement about something; longer subjects are rarely read right."""


def read(clause: Clause) -> Reading:
    """The grammar's reading of a clause."""
    text = _rotated(clause.text)
    tokens = _tokens(text)
    lower = [word if word.isalpha() else word.strip(_MARKS) for word in text.lower().split(" ")]
    kind, size, carried = _subject(lower)
    if kind is Subject.NONE and size < 0:
        return _fragment(text)
    return _verb_phrase(text, tokens, lower, kind, size, carried)


def _tokens(text: str) -> list[tuple[str, int, int]]:
    place = 0
    tokens = []
    for word in text.split(" "):
        tokens.append((word, place, place + len(word)))
        place += len(word) + 1
    return tokens


def _rotated(text: str) -> str:
    """The subject first: "In August we waited" becomes "we waited In August"."""
    words = text.split(" ", 8)
    first = words[0].lower()
    if first not in _LEADING and not first.endswith("-wise"):
        return text
    for place, word in enumerate(words[1:7], start=1):
        if word.lower() in _SPOKEN_OF and place >= (1 if first.endswith("-wise") else 2):
            lead = " ".join(words[:place]).strip(",")
            return " ".join(words[place:]) + " " + lead
    return text


def _subject(lower: list[str]) -> tuple[Subject, int, str]:
    """Kind of subject, how many tokens it has, and the auxiliary it carries ("I'm": am); -1 tokens where there is no verb."""
    first = lower[0] if lower else ""
    for kind, table in ((Subject.SELF, _FIRST), (Subject.PRONOUN, _PRONOUNS), (Subject.YOU, _YOU)):
        if first in table:
            if (
                kind is Subject.PRONOUN
                and first in {"this", "that", "these", "those"}
                and len(lower) > 1
                and not _is_finite(lower[1])
            ):
                break
            return kind, 1, table[first]
    if first in {"me", "us"} and lower[1:2] == ["and"]:
        return _noun_subject(lower, Subject.MINE)
    if _starts_predicate(lower):
        return Subject.NONE, 0, ""
    return _noun_subject(lower, Subject.MINE if first in {"my", "our", "mine"} else Subject.NOUN)


def _starts_predicate(lower: list[str]) -> bool:
    """Whether a clause begins with its verb: "finished it last night", "can't stop", "really love it", "don't call me"."""
    place = 0
    while place < len(lower) and (lower[place] in ADVERBS or lower[place] in {"please", "pls", "not"}):
        place += 1
    if place >= len(lower):
        return False
    word = lower[place]
    if word in _MODALS or word in _DO or word in {"am", "was", "been"}:
        return True
    forms = FORMS.get(word)
    if not forms:
        return False
    if word in _INVARIANT:
        return len(lower) > place + 1
    if Form.PAST in forms and Form.BASE not in forms:
        return len(lower) > place + 1 or place > 0
    return (word not in NOUNS_TOO and (Form.BASE in forms or Form.PROGRESSIVE in forms)) or (place > 0 and Form.BASE in forms)


def _noun_subject(lower: list[str], kind: Subject) -> tuple[Subject, int, str]:
    if not _NO_SUBJECT.isdisjoint(lower[:1]):
        return Subject.NONE, -1, ""
    for place in range(1 if kind is Subject.NOUN else 2, min(len(lower), _LONGEST_SUBJECT)):
        word = lower[place]
        if word in _WITHIN_NO_SUBJECT:
            break
        if word in _BE or word in _MODALS or word in _DO or word in _HAVE:
            return kind, place, ""
        if _is_finite(word) and word not in NOUNS_TOO and not _is_reduced(lower, place):
            return kind, place, ""
        if word in NOUNS_TOO and _agrees(lower, place):
            return kind, place, ""
    for place in range(min(len(lower) - 1, _LONGEST_SUBJECT)):
        if lower[place].endswith("'s") and len(lower[place]) > 2 and _is_copula(lower[place + 1]):
            return kind, -(place + 2), "'s"
    return Subject.NONE, -1, ""


def _is_copula(following: str) -> bool:
    """Whether "'s" before this word is "is" rather than a possessive."""
    forms = FORMS.get(following, {})
    return following in _COPULA_FOLLOWERS or following[:1].isdigit() or Form.PROGRESSIVE in forms or Form.PARTICIPLE in forms


def _is_finite(word: str) -> bool:
    forms = FORMS.get(word)
    return forms is not None and (Form.THIRD in forms or Form.PAST in forms)


def _is_reduced(lower: list[str], place: int) -> bool:
    """A participle behind a noun ("a dog called Juno") is no verb of the clause when a finite verb follows."""
    forms = FORMS[lower[place]]
    if Form.PARTICIPLE not in forms:
        return False
    rest = lower[place + 1 : place + 7]
    return any(word in _BE or word in _HAVE or Form.THIRD in FORMS.get(word, {}) for word in rest)


def _agrees(lower: list[str], place: int) -> bool:
    """A noun-like form is the verb when it stands behind a singular subject with -s, or a plural one without."""
    forms = FORMS.get(lower[place], {})
    before = lower[place - 1]
    plural = before.endswith("s") and not before.endswith(("ss", "'s"))
    return (Form.THIRD in forms and not plural and before not in {"the", "my", "our", "a", "two"}) or (
        Form.BASE in forms and plural
    )


def _fragment(text: str) -> Reading:
    return Reading(text, Subject.NONE, "", (), "", False, "", Tense.PRESENT, text, text)


@dataclass(slots=True)
class _Chain:
    """What was seen between subject and main verb."""

    adverbs: list[str]
    modal: str = ""
    negated: bool = False
    be: bool = False
    have: bool = False
    did: bool = False
    past_aux: bool = False
    going: bool = False


def _verb_phrase(
    text: str, tokens: list[tuple[str, int, int]], lower: list[str], kind: Subject, size: int, carried: str
) -> Reading:
    size = -size - 1 if size < 0 else size
    subject_end = tokens[size - 1][2] if size else 0
    subject_text = text[:subject_end]
    if carried:
        subject_text = re.sub(r"(?i)(?:'(?:m|ve|ll|d|s|re)|(?<=\bi)(?:m|ve))$", "", subject_text)
    predicate = text[subject_end:].strip()
    chain = _Chain([])
    if carried:
        _see_auxiliary(chain, carried, lower[size] if size < len(lower) else "")
    place = size
    while place < len(lower):
        word = lower[place]
        if word in ADVERBS or word in {"please", "pls"}:
            chain.adverbs.append(word)
        elif word in _NEGATIONS and (word != "no" or lower[place + 1 : place + 2] == ["longer"]):
            chain.negated = True
            chain.adverbs.append(word)
        elif word == "longer" and chain.adverbs[-1:] == ["no"]:
            chain.adverbs[-1] = "no longer"
        elif not _is_auxiliary_here(chain, lower, place):
            break
        else:
            _see_auxiliary(chain, word, lower[place + 1] if place + 1 < len(lower) else "")
        place += 1
    return _conclude(text, tokens, lower, kind, subject_text, predicate, chain, place)


def _is_auxiliary_here(chain: _Chain, lower: list[str], place: int) -> bool:
    word = lower[place]
    if word in _BE or word in _MODALS or word == "been":
        return True
    following = lower[place + 1] if place + 1 < len(lower) else ""
    if word in _DO:
        return (
            (following in FORMS and Form.BASE in FORMS[following])
            or following in _NEGATIONS
            or following in ADVERBS
            or "n" in word[-3:]
        )
    if word in _HAVE:
        ahead = (
            following
            if following not in ADVERBS and following not in _NEGATIONS
            else (lower[place + 2] if place + 2 < len(lower) else "")
        )
        return not chain.have and (Form.PARTICIPLE in FORMS.get(ahead, {}) or ahead in {"been", "to"} or word.endswith("n't"))
    if word in {"going", "gonna"}:
        ahead = lower[place + 2] if place + 2 < len(lower) else ""
        return chain.be and (word == "gonna" or (following == "to" and Form.BASE in FORMS.get(ahead, {})))
    return word == "to" and (chain.going or chain.have) and Form.BASE in FORMS.get(following, {})


def _see_auxiliary(chain: _Chain, word: str, following: str) -> None:
    if word.endswith("n't") or word in {"cant", "wont", "dont", "doesnt", "didnt", "cannot"}:
        chain.negated = True
    if word == "'s":
        perfect = following == "been" or (
            Form.PARTICIPLE in FORMS.get(following, {}) and following in {"got", "had", "become", "gone", "just"}
        )
        chain.have, chain.be = perfect, not perfect
    elif word in _BE:
        chain.be = True
        chain.past_aux = word in {"was", "were", "wasn't", "weren't"}
    elif word == "been":
        chain.be = True
    elif word in _MODALS:
        chain.modal = _MODALS[word]
    elif word in _HAVE:
        chain.have = True
        chain.past_aux = word in {"had", "hadn't"}
    elif word in _DO:
        chain.did = word in {"did", "didn't", "didnt"}
    elif word in {"going", "gonna"}:
        chain.going = True
    elif word == "to" and not chain.going:
        chain.modal = "have to"


def _conclude(
    text: str,
    tokens: list[tuple[str, int, int]],
    lower: list[str],
    kind: Subject,
    subject_text: str,
    predicate: str,
    chain: _Chain,
    place: int,
) -> Reading:
    word = lower[place] if place < len(lower) else ""
    forms = FORMS.get(word, {})
    verb, tense = _main_verb(chain, kind, forms)
    following = tokens[place + 1][0] if place + 1 < len(tokens) else ""
    if verb == "read" and tense is Tense.PRESENT and (following[:1].isupper() or following in {"that", "this", "about"}):
        tense = Tense.PAST
    if verb == "be" and word != "be":
        rest_start = tokens[place][1] if place < len(tokens) else len(text)
    else:
        rest_start = tokens[place][2] if place < len(tokens) else len(text)
    rest = text[rest_start:].strip(" ,")
    if not verb:
        return Reading(
            text, kind, subject_text, tuple(chain.adverbs), chain.modal, chain.negated, "", tense, predicate, predicate
        )
    return Reading(text, kind, subject_text, tuple(chain.adverbs), chain.modal, chain.negated, verb, tense, rest, predicate)


def _main_verb(chain: _Chain, kind: Subject, forms: dict[Form, str]) -> tuple[str, Tense]:
    if chain.going:
        return forms.get(Form.BASE, "be" if chain.be else ""), Tense.FUTURE
    if chain.modal:
        tense = Tense.FUTURE if chain.modal == "will" else Tense.MODAL
        return forms.get(Form.BASE, "be" if chain.be else ""), tense
    if chain.be:
        return _after_be(chain, forms)
    if chain.have:
        return forms.get(Form.PARTICIPLE) or forms.get(Form.PAST) or "", Tense.PERFECT
    if chain.did:
        return forms.get(Form.BASE, ""), Tense.PAST
    return _plain_verb(kind, forms)


def _after_be(chain: _Chain, forms: dict[Form, str]) -> tuple[str, Tense]:
    past = Tense.PAST if chain.past_aux else (Tense.PERFECT if chain.have else Tense.PRESENT)
    if Form.PROGRESSIVE in forms:
        return forms[Form.PROGRESSIVE], past if past is not Tense.PRESENT else Tense.PROGRESSIVE
    return "be", past


def _plain_verb(kind: Subject, forms: dict[Form, str]) -> tuple[str, Tense]:
    if kind is Subject.NONE:
        if Form.PAST in forms and (Form.BASE not in forms or forms[Form.BASE] in _INVARIANT):
            return forms[Form.PAST], Tense.PAST
        if Form.PROGRESSIVE in forms:
            return forms[Form.PROGRESSIVE], Tense.PROGRESSIVE
        return forms.get(Form.BASE, ""), Tense.IMPERATIVE
    if Form.PAST in forms and Form.BASE not in forms and Form.THIRD not in forms:
        return forms[Form.PAST], Tense.PAST
    if Form.PAST in forms and Form.BASE in forms and (kind in {Subject.NOUN, Subject.MINE} or forms[Form.BASE] in _INVARIANT):
        return forms[Form.PAST], Tense.PAST  # "she read it", "I quit"
    base = forms.get(Form.THIRD) or forms.get(Form.BASE) or ""
    return base, Tense.PRESENT

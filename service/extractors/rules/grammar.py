"""A clause as subject, verb and rest: the small grammar on which all tables work.

It knows the order of plain English statements (subject, adverbs, auxiliaries, verb, rest) and nothing about meaning. A clause
it cannot read has no verb; the tables then see it as a fragment.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.extractors.rules.clauses import Clause
from service.extractors.rules.reading import ADVERBS, Reading, Subject, Tense
from service.extractors.rules.subject import BE, DO, HAVE, INVARIANT, MODALS, find_subject, rotated
from service.extractors.rules.verbs import FORMS, Form, guessed_past, guessed_progressive

_NEGATIONS = frozenset({"not", "never", "no"})
_SAME_IN_PAST = frozenset({"read", "put", "cut", "set", "hit", "let", "shut", "hurt", "split", "spread"})
_IS_OVER = re.compile(r"\b(?:yesterday|last (?:night|week|month|year|\w+day)|ago|this morning|earlier)\b")
_OWNED = frozenset("a an the my our some no two three four five six lots loads plenty another".split())
_MARKS = ",.!?:;()\"'"
_CARRIED = re.compile(r"(?:'(?:m|ve|ll|d|s|re)|(?<=\bi)(?:m|ve))$", re.IGNORECASE)


def read(clause: Clause) -> Reading:
    """The grammar's reading of a clause."""
    return read_text(clause.text)


def read_text(text: str) -> Reading:
    """The grammar's reading of a cleaned text."""
    text = rotated(text)
    words = text.split(" ")
    lower = [word if word.isalpha() else word.strip(_MARKS) for word in text.lower().split(" ")]
    kind, size, carried = find_subject(lower)
    if kind is Subject.NONE and size < 0:
        return _fragment(text)
    return _verb_phrase(text, words, lower, kind, size, carried)


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


def _verb_phrase(text: str, words: list[str], lower: list[str], kind: Subject, size: int, carried: str) -> Reading:
    size = -size - 1 if size < 0 else size
    subject_text = " ".join(words[:size])
    if carried:
        subject_text = _CARRIED.sub("", subject_text)
    predicate = " ".join(words[size:])
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
    return _conclude(text, words, lower, kind, subject_text, predicate, chain, place)


def _is_auxiliary_here(chain: _Chain, lower: list[str], place: int) -> bool:
    word = lower[place]
    if word in BE or word in MODALS or word == "been":
        return True
    following = lower[place + 1] if place + 1 < len(lower) else ""
    if word in DO:
        return (
            (following in FORMS and Form.BASE in FORMS[following])
            or following in _NEGATIONS
            or following in ADVERBS
            or "n" in word[-3:]
        )
    if word in HAVE:
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
    elif word in BE:
        chain.be = True
        chain.past_aux = word in {"was", "were", "wasn't", "weren't"}
    elif word == "been":
        chain.be = True
    elif word in MODALS:
        chain.modal = MODALS[word]
    elif word in HAVE:
        chain.have = True
        chain.past_aux = word in {"had", "hadn't"}
    elif word in DO:
        chain.did = word in {"did", "didn't", "didnt"}
    elif word in {"going", "gonna"}:
        chain.going = True
    elif word == "to" and not chain.going:
        chain.modal = "have to"


def _conclude(
    text: str,
    words: list[str],
    lower: list[str],
    kind: Subject,
    subject_text: str,
    predicate: str,
    chain: _Chain,
    place: int,
) -> Reading:
    word = lower[place] if place < len(lower) else ""
    forms = FORMS.get(word, {})
    verb, tense = _main_verb(chain, kind, forms) if forms else _guessed(chain, kind, word)
    following = words[place + 1] if place + 1 < len(words) else ""
    if word == "got" and tense is Tense.PERFECT and following.lower() in _OWNED:
        verb, tense = "have", Tense.PRESENT  # "I've got a dog"
    if verb in _SAME_IN_PAST and tense is Tense.PRESENT and _IS_OVER.search(text.lower()):
        tense = Tense.PAST
    if verb == "read" and tense is Tense.PRESENT and (following[:1].isupper() or following in {"that", "this", "about"}):
        tense = Tense.PAST
    consumed = 0 if verb == "be" and word != "be" else 1
    rest = " ".join(words[place + consumed :]).strip(" ,")
    if not verb:
        return Reading(
            text, kind, subject_text, tuple(chain.adverbs), chain.modal, chain.negated, "", tense, predicate, predicate
        )
    return Reading(text, kind, subject_text, tuple(chain.adverbs), chain.modal, chain.negated, verb, tense, rest, predicate)


def _guessed(chain: _Chain, kind: Subject, word: str) -> tuple[str, Tense]:
    """A verb that the list does not know, where its form and place leave no doubt."""
    progressive = guessed_progressive(word) if chain.be and not (chain.going or chain.modal) else ""
    if progressive:
        return _after_be(chain, {Form.PROGRESSIVE: progressive})
    plain = kind is Subject.SELF and not (chain.be or chain.have or chain.did or chain.going or chain.modal)
    past = guessed_past(word) if plain else ""
    return (past, Tense.PAST) if past else _main_verb(chain, kind, {})


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
        if Form.PAST in forms and (Form.BASE not in forms or forms[Form.BASE] in INVARIANT):
            return forms[Form.PAST], Tense.PAST
        if Form.PROGRESSIVE in forms:
            return forms[Form.PROGRESSIVE], Tense.PROGRESSIVE
        return forms.get(Form.BASE, ""), Tense.IMPERATIVE
    if Form.PAST in forms and Form.BASE not in forms and Form.THIRD not in forms:
        return forms[Form.PAST], Tense.PAST
    if Form.PAST in forms and Form.BASE in forms and (kind in {Subject.NOUN, Subject.MINE} or forms[Form.BASE] in INVARIANT):
        return forms[Form.PAST], Tense.PAST  # "she read it", "I quit"
    base = forms.get(Form.THIRD) or forms.get(Form.BASE) or ""
    return base, Tense.PRESENT

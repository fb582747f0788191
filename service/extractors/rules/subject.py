"""Who a clause speaks of: where its subject ends and what auxiliary it carries.

A clause about nothing that a memory could be of ("that is", "who knows") has no subject and no verb here.
"""

from __future__ import annotations

from itertools import pairwise

from service.extractors.rules.reading import ADVERBS, Subject
from service.extractors.rules.verbs import FORMS, NOUNS_TOO, Form

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
BE = frozenset({"am", "is", "are", "was", "were", "'m", "'re", "isn't", "aren't", "wasn't", "weren't", "ain't"})
MODALS = {
    "can": "can", "can't": "can", "cant": "can", "cannot": "can", "could": "could", "couldn't": "could", "would": "would", "wouldn't": "would",
    "should": "should", "shouldn't": "should", "must": "must", "mustn't": "must", "might": "might", "may": "may", "will": "will", "won't": "will",
    "wont": "will", "shall": "will", "'ll": "will", "'d": "would",
}  # fmt: skip
DO = frozenset({"do", "does", "did", "don't", "dont", "doesn't", "doesnt", "didn't", "didnt"})
HAVE = frozenset({"have", "has", "had", "haven't", "hasn't", "hadn't", "'ve"})
INVARIANT = frozenset({"quit", "put", "hit", "cut", "split"})
"""Verbs that are taken for past where nothing shows the tense."""
_LEADING = frozenset(
    """in on at since last next this every for after before during until by right with from over around back most some yesterday today tonight tomorrow
    two three four five six several few couple earlier later once just""".split()
)
_COUNTING = frozenset("just most some two three four five six several few couple".split())
"""Words that lead to the subject only as a part of a time: "two weeks ago", not "some of my friends"."""
_TIMES = frozenset(
    "day days week weeks month months year years night nights morning mornings weekend weekends evening evenings hours times ago".split()
)
_SPOKEN_OF = frozenset({*_FIRST, "she", "he", "they", "she's", "he's", "they're", "my", "our"})
_STANDS_ALONE = frozenset({"yesterday", "today", "tonight", "tomorrow", "earlier", "later", "once"})
"""Words that open a clause as a time by themselves: "Yesterday we met"."""
_COPULA_FOLLOWERS = frozenset(
    """a an the not now on in at from only just always never still also so too very really been going called named broken fine closed open full free
    good great bad sick ill dead gone here there back off out away ready single married pregnant allergic ex about around my our his her their""".split()
)
_STATES = frozenset("broken fine closed dead gone called named allergic pregnant married ill not off away open".split())
_NO_SUBJECT = frozenset(
    "this that these those here look glad happy sorry life let's lets what who which how why when where".split()
)
"""Words that open a clause about nothing that a memory could be of."""
_OBJECTS = frozenset("me us him her it them my our the a an his their up on off".split())
"""Words behind which "put" and "cut" are verbs: "my doctor put me on ..."."""
_WITHIN_NO_SUBJECT = frozenset("that which who if because when you i we it your".split())
"""Words that no subject of a statement contains."""
_BEFORE_VERBS = (ADVERBS | {"no", "longer", "not"}) - {"half", "bit", "first"}
"""Words between a subject and its verb; some adverbs end subjects too: "my better half"."""
_FINITE = (BE | frozenset(MODALS) | frozenset({"has", "takes", "makes", "gives", "brings", "helps", "feels", "sounds", "seems", "keeps", "gets", "means"})) - {
    "'m", "'re", "'ll", "'d",
}  # fmt: skip
_BEGINS_ANOTHER = frozenset("that which who if because when i we they he she but so".split())
_LONGEST_SUBJECT = 9
"""Words before the verb of a statement about something; longer subjects are rarely read right."""


def rotated(text: str) -> str:
    """The subject first: "In August we waited" becomes "we waited in August"."""
    words = text.split(" ", 8)
    first = words[0].lower().strip(",")
    if first not in _LEADING and not first.endswith("-wise"):
        return text
    shortest = 1 if first in _STANDS_ALONE or first.endswith("-wise") else 2
    for place, word in enumerate(words[1:7], start=1):
        is_object = word.lower() in {"my", "our"} and words[place - 1].endswith("ing")  # "after finishing my book I moved"
        if word.lower() in _SPOKEN_OF and place >= shortest and not is_object:
            lead = " ".join(words[:place]).strip(",")
            if first in _COUNTING and (_TIMES | _STANDS_ALONE).isdisjoint(lead.lower().split()):
                return text
            lead = lead[0].lower() + lead[1:] if words[0][1:].islower() else lead
            return " ".join(words[place:]) + " " + lead
    return text


def find_subject(lower: list[str]) -> tuple[Subject, int, str]:
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
    if word in MODALS or word in DO or word in {"am", "was", "been", "haven't", "hasn't", "hadn't"}:
        return True
    forms = FORMS.get(word)
    if not forms or (Form.PROGRESSIVE in forms and _is_gerund_subject(lower[place + 1 :])):
        return False
    if word in INVARIANT:
        return len(lower) > place + 1
    if Form.PAST in forms and Form.BASE not in forms:
        return len(lower) > place + 1 or place > 0
    return (word not in NOUNS_TOO and (Form.BASE in forms or Form.PROGRESSIVE in forms)) or (place > 0 and Form.BASE in forms)


def _is_gerund_subject(behind: list[str]) -> bool:
    """Whether a finite verb follows a form in -ing, which then only names what is spoken of: "restoring an organ takes patience"."""
    for before, word in pairwise(behind):
        if word in _BEGINS_ANOTHER or before in _BEGINS_ANOTHER:
            return False
        if word in _FINITE:
            return True
    return False


def _noun_subject(lower: list[str], kind: Subject) -> tuple[Subject, int, str]:
    if lower[0].removesuffix("'s") in _NO_SUBJECT:
        return Subject.NONE, -1, ""
    for place in range(1 if kind is Subject.NOUN else 2, min(len(lower), _LONGEST_SUBJECT)):
        word = lower[place]
        before = lower[place - 1]
        if word in _WITHIN_NO_SUBJECT:
            break
        if before.endswith("'s") and len(before) > 2 and _is_state(word):
            return kind, -(place + 1), "'s"
        if word in BE or word in MODALS or word in DO or word in HAVE:
            if word in {"may", "am"} and before[:1].isdigit():
                break
            return kind, _before_adverbs(lower, place), ""
        if _is_finite(word) and word not in NOUNS_TOO and not _is_reduced(lower, place):
            return kind, _before_adverbs(lower, place), ""
        if word in NOUNS_TOO and word != "like" and _agrees(lower, place):
            return kind, _before_adverbs(lower, place), ""
        if word in INVARIANT and lower[place + 1 : place + 2] and lower[place + 1] in _OBJECTS:
            return kind, _before_adverbs(lower, place), ""
    for place in range(min(len(lower) - 1, _LONGEST_SUBJECT)):
        if lower[place].endswith("'s") and len(lower[place]) > 2 and _is_copula(lower[place + 1]):
            return kind, -(place + 2), "'s"
    return Subject.NONE, -1, ""


def _before_adverbs(lower: list[str], verb: int) -> int:
    """Where the subject before a verb ends: "my sister no longer lives" speaks of the sister."""
    end = verb
    while end > 1 and lower[end - 1] in _BEFORE_VERBS:
        end -= 1
    return verb if lower[end - 1] in {"my", "our", "the", "a", "an"} else end


def _is_state(following: str) -> bool:
    """Whether "'s" before this word can only be "is": "the oven's broken"."""
    return following in _STATES


def _is_copula(following: str) -> bool:
    """Whether "'s" before this word is "is" rather than a possessive."""
    forms = FORMS.get(following, {})
    return following in _COPULA_FOLLOWERS or following[:1].isdigit() or Form.PROGRESSIVE in forms or Form.PARTICIPLE in forms


def _is_finite(word: str) -> bool:
    forms = FORMS.get(word)
    return forms is not None and (Form.THIRD in forms or Form.PAST in forms)


def _is_reduced(lower: list[str], place: int) -> bool:
    """A participle behind a noun ("a boat named Alma") is no verb of the clause when a finite verb follows."""
    forms = FORMS[lower[place]]
    if Form.PARTICIPLE not in forms:
        return False
    rest = lower[place + 1 : place + 7]
    return any(word in BE or word in HAVE or Form.THIRD in FORMS.get(word, {}) for word in rest)


def _agrees(lower: list[str], place: int) -> bool:
    """A noun-like form is the verb when it stands behind a singular subject with -s, or a plural one without."""
    forms = FORMS.get(lower[place], {})
    if lower[place - 1] in ADVERBS and place > 1:
        return Form.BASE in forms or Form.THIRD in forms
    before = lower[place - 1]
    plural = before.endswith("s") and not before.endswith(("ss", "'s"))
    return (Form.THIRD in forms and not plural and before not in {"the", "my", "our", "a", "two"}) or (
        Form.BASE in forms and plural
    )

"""What a sentence takes for granted, also where it asks, forbids or greets: "my team in Portland, right?", "don't send it to our Leeds office".

A possession named with its place is there whatever is said of it, unless the sentence tells of its beginning or end. Statements are read elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.domain.sentences import sentence_spans

_SITES = (
    "team office workshop shop store branch warehouse depot flat house apartment place home studio clinic factory plant site showroom "
    "headquarters hq campus lab allotment cabin cottage restaurant café cafe gym practice farm bakery garage"
).split()
_SITE = "|".join(_SITES)
_PLACE = r"[A-Z][\w'’-]+(?: [A-Z][\w'’-]+){0,2}"
_WITH_PLACE = (
    re.compile(rf"\b(?P<owner>[Mm]y|[Oo]ur) (?P<site>(?:[a-z]+ )?(?:{_SITE})) in (?P<place>{_PLACE})"),
    re.compile(rf"\b(?P<owner>[Mm]y|[Oo]ur) (?P<place>{_PLACE}) (?P<site>{_SITE})\b(?!-)"),
)
_COMES_OR_GOES = re.compile(
    r"\b(?:will|would|could|might|if|once|when|open(?:s|ed|ing)?|clos(?:e|ed|es|ing)|s(?:old|ell|elling)|mov(?:e|ed|es|ing)|left|leav(?:e|ing)|had|"
    r"was|were|used to|former(?:ly)?|old|ex|plan(?:s|ned|ning)?"
    r"|want|wish|dream|imagin\w+|looking|no|never|not)\b|'ll\b|n't\b(?! (?:send|ship|deliver|call|use))",
    re.IGNORECASE,
)
"""The sentence tells how it came to be, ended, or is only thought of."""


@dataclass(frozen=True, slots=True)
class Presumed:
    """A possession and where it is."""

    site: str
    place: str
    start: int
    end: int
    """Characters of the turn."""


def presumed(text: str) -> Iterator[Presumed]:
    """What the sentences of a turn take for granted of the places of its speaker's things."""
    if " my " not in (lower := f" {text.lower()}") and " our " not in lower:
        return
    for first, last in sentence_spans(text):
        sentence = text[first:last]
        if _COMES_OR_GOES.search(sentence):
            continue
        for pattern in _WITH_PLACE:
            for match in pattern.finditer(sentence):
                yield Presumed(match["site"], match["place"].removesuffix("'s"), first + match.start(), first + match.end())

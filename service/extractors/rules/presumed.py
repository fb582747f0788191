"""What a sentence takes for granted, also where it asks, forbids or greets: "my team in Oslo, right?", "don't send it to our Ghent office".

A possession named with its place, or a job with its employer, is there whatever is said of it, unless the sentence tells of its beginning or
end. Statements are read elsewhere.
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
_EMPLOYED = (re.compile(rf"\bmy (?P<site>job|position|role|post) (?:at|with) (?P<place>{_PLACE})"),)
_TAKEN_OR_LEFT = re.compile(
    r"\b(?:quit\w*|lost|los(?:e|ing)|left|leav(?:e|ing)|start(?:s|ed|ing)?|resign\w*|got|offer\w*|appl\w+|interview\w*|used to|was|were|had|if|"
    r"former(?:ly)?|old|last|first|want|wish|hop(?:e|ing)|no|never|not)\b|n't\b",
    re.IGNORECASE,
)
_COMES_OR_GOES = re.compile(
    r"\b(?:will|(?:would|could)(?! you)|might|if|once|when|open(?:s|ed|ing)?|clos(?:e|ed|es|ing)|s(?:old|ell|elling)|mov(?:e|ed|es|ing)|left|leav(?:e|ing)|had|"
    r"was|were|quit|quitting|lost|los(?:e|ing)|start(?:s|ed|ing)?|resign\w*|used to|former(?:ly)?|old|ex|plan(?:s|ned|ning)?|want|wish|"
    r"dream|imagin\w+|looking|no|never|not)\b|'ll\b|n't\b(?! (?:send|ship|deliver|call|use))",
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
    is_job: bool = False
    """Whether the place is an employer."""


def presumed(text: str) -> Iterator[Presumed]:
    """What the sentences of a turn take for granted of the places of its speaker's things."""
    if " my " not in (lower := f" {text.lower()}") and " our " not in lower:
        return
    for first, last in sentence_spans(text):
        sentence = text[first:last]
        for patterns, unless in ((_WITH_PLACE, _COMES_OR_GOES), (_EMPLOYED, _TAKEN_OR_LEFT)):
            if not unless.search(sentence):
                for match in (match for pattern in patterns for match in pattern.finditer(sentence)):
                    span = first + match.start(), first + match.end()
                    yield Presumed(match["site"], match["place"].removesuffix("'s"), *span, is_job=patterns is _EMPLOYED)

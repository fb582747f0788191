"""The key of a statement: equal for the same thing said twice, different as soon as a word of substance differs."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[^\W_]+(?:[.:,/'-][^\W_]+)*")
_DROPPED = frozenset(
    "a an the is are am was were be been has have had s their his her user now currently also really just still actually definitely".split()
)
_LONGEST = 300


def key_of(statement: str) -> str:
    """Folded words of a statement, without articles, forms of to be and to have, and words that only stress."""
    folded = unicodedata.normalize("NFKC", statement).casefold().replace("\u2019", "'").replace("'s ", " ")
    words = _WORD.findall(folded)
    return " ".join([word for word in words if word not in _DROPPED] or words)[:_LONGEST]

"""The same thing said in almost the same words is one memory: a near-double takes the key of what was said before.

Numbers, dates, names, polarity and subject must be equal, and the words nearly so; everything else stays two memories.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from rapidfuzz import fuzz

from service.domain.refining import KnownStatement
from service.domain.source import Observation

_NEARLY = 93.0
"""Similarity of the words, in any order, out of 100."""
_TELLING = re.compile(r"\d+|\b[A-Z][\w'-]+")
_NEGATION = re.compile(r"\b(?:not|never|no|n't|without)\b|n't\b")


class Statements:
    """What was said so far."""

    def __init__(self, known: Iterable[KnownStatement]) -> None:
        """Take what the scope knows."""
        self._by_kind: dict[tuple[str, str], list[KnownStatement]] = {}
        for statement in known:
            self._by_kind.setdefault((statement.type, statement.subject), []).append(statement)

    def consolidated(self, observation: Observation) -> Observation:
        """The observation, with the key of its double where there is one."""
        same_kind = self._by_kind.setdefault((observation.type.value, observation.subject), [])
        double = next((one for one in same_kind if _is_double(one, observation)), None)
        key = double.key if double else observation.key
        same_kind.append(
            KnownStatement(observation.type.value, observation.subject, key, observation.statement, observation.polarity)
        )
        return replace(observation, key=key)


def _is_double(known: KnownStatement, said: Observation) -> bool:
    if known.key == said.key:
        return True
    if known.polarity != said.polarity or _telling(known.statement) != _telling(said.statement):
        return False
    if bool(_NEGATION.search(known.statement)) != bool(_NEGATION.search(said.statement)):
        return False
    return fuzz.token_sort_ratio(known.key, said.key) >= _NEARLY


def _telling(statement: str) -> set[str]:
    """Numbers and names, which no paraphrase may change."""
    return {word.removesuffix("'s") for word in _TELLING.findall(statement)}

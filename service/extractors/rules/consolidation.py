"""The same thing said in almost the same words is one memory: a near-double takes the key of the first that said it.

Numbers, dates, names, polarity and subject must be equal, and the words nearly so; everything else stays two memories. Statements are
compared as they were first written, never by a key they took from another: what is found does not depend on who got a second look before.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from rapidfuzz import fuzz

from service.domain.refining import KnownStatement
from service.domain.source import Observation
from service.extractors.rules.keys import key_of

_NEARLY = 93.0
"""Similarity of the words out of 100."""
_LISTING = frozenset({"and", "or"})
_DIRECTED = frozenset("to from than over before after into by of for with instead rather as".split())
"""Words around which order tells: who prefers tea to coffee does not prefer coffee to tea."""
_TELLING = re.compile(r"\d+|\b[A-Z][\w'-]+")
_NEGATION = re.compile(r"\b(?:not|never|no|n't|without)\b|n't\b")


class Statements:
    """What was said so far."""

    def __init__(self, known: Iterable[KnownStatement]) -> None:
        """Take what the scope knows, the first said first."""
        self._by_kind: dict[tuple[str, str], list[_Said]] = {}
        for one in known:
            said = _Said(key_of(one.statement), one.statement, one.polarity)
            self._by_kind.setdefault((one.type, one.subject), []).append(said)

    def consolidated(self, observation: Observation) -> Observation:
        """The observation, with the key of its double where there is one."""
        same_kind = self._by_kind.setdefault((observation.type.value, observation.subject), [])
        said = _Said(observation.key, observation.statement, observation.polarity)
        double = next((one for one in same_kind if _is_double(one, said)), None)
        same_kind.append(said)
        return replace(observation, key=double.key) if double else observation


@dataclass(frozen=True, slots=True)
class _Said:
    key: str
    statement: str
    polarity: int


def _is_double(known: _Said, said: _Said) -> bool:
    if known.key == said.key:
        return True
    if known.polarity != said.polarity or _telling(known.statement) != _telling(said.statement):
        return False
    if bool(_NEGATION.search(known.statement)) != bool(_NEGATION.search(said.statement)):
        return False
    return _likeness(known.key, said.key) >= _NEARLY


def _likeness(one: str, other: str) -> float:
    """Similarity of two keys; only what merely lists things may list them in any order."""
    words = {*one.split(), *other.split()}
    is_list = words & _LISTING and not words & _DIRECTED
    return fuzz.token_sort_ratio(one, other) if is_list else fuzz.ratio(one, other)


def _telling(statement: str) -> list[str]:
    """Numbers and names in order, which no paraphrase may change."""
    return [word.removesuffix("'s") for word in _TELLING.findall(statement)]

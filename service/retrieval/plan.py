"""What a question asks for: its terms, the text to embed, who and when it speaks of.

What lives here: the plan of one question. What does not: embedding and scoring.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.retrieval.dates import Period, periods_in
from service.retrieval.kin import related_terms
from service.retrieval.language import is_english
from service.retrieval.names import find_names
from service.retrieval.terms import analyse
from service.retrieval.times import asks_for_past, when_question

_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|myself|i['\u2019](?:m|ve|d|ll))\b", re.IGNORECASE)
_FIRST_PERSON_ELSEWHERE = re.compile(
    r"\b(?:yo|mis?|je|mon|ma|mes|moi|ich|mich|mir|meine?[nrms]?|eu|meus?|minhas?|io|mi[ao]|miei|mie|ik|mijn"
    r"|\u044f|\u043c\u0435\u043d\u044f|\u043c\u043e[\u0439\u044f\u0435\u0438]|\u092e\u0948\u0902|\u092e\u0947\u0930[\u093e\u0940\u0947])\b"
    r"|\u6211|\u79c1|\u50d5|\u4ffa|\ub098|\ub0b4|\uc81c|\u0e09\u0e31\u0e19|\u0e1c\u0e21|\u0623\u0646\u0627",
    re.IGNORECASE,
)
"""Of Spanish, French, German, Portuguese, Italian, Dutch, Russian, Hindi; Chinese, Japanese, Korean, Thai, Arabic."""
_ASSISTANT_SAID = re.compile(
    r"\b(?:did|had) you\b|\byou(?:['\u2019]ve| have| had)? (?:said|told|suggested|recommended|mentioned|advised|gave|given|listed|proposed"
    r"|explained|provided|described|outlined|wrote|written|answered)\b"
    r"|\byour (?:\w+ )?(?:advice|suggestion|recommendation|proposal|answer|reply|explanation)s?\b",
    re.IGNORECASE,
)
"""What the assistant said, in the past: "would you suggest" asks for something new, and what the user said is what matters there."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One question, taken apart."""

    terms: tuple[str, ...]
    """Analysed terms of the whole question, names included, each once."""
    related: tuple[str, ...]
    """Terms that those bring along: names of the people whose roles it names, and the other way round."""
    embed_text: str
    """What is embedded: the question without the participants' names."""
    speaker: str
    """The only participant named, case-folded; empty where none or several are named."""
    is_about_asker: bool
    """Whether it speaks in the first person and names no participant: the user's own turns are meant."""
    periods: tuple[Period, ...]
    asks_when: bool
    is_about_assistant: bool = False
    """Whether it asks, not between people, for what the assistant said: its turns are meant, and not the user's alone."""
    asks_past: bool = False
    """Whether it asks for what was and perhaps is no more."""
    is_english: bool = True
    """Whether it is in the language of the embedding model."""


def plan_question(
    question: str,
    names: Sequence[Mapping[str, frozenset[str]]],
    query_time: int,
    first_time: int,
    last_time: int,
    kin: Sequence[Mapping[str, frozenset[str]]] = (),
    time_zone: str = "",
) -> Plan:
    """Take a question apart.

    Args:
        question: as asked.
        names: words of participants' names of each scope, as `index_names` gives them.
        query_time: when it is asked, microseconds since 1970.
        first_time: the earliest time said in the scopes read, microseconds since 1970.
        last_time: the latest.
        kin: who is whom in each scope, as `kin.index_kin` gives it.
        time_zone: whose days "yesterday" and the like mean; empty: UTC.
    """
    naming = find_names(question, names)
    is_about_assistant = not naming.speakers and _ASSISTANT_SAID.search(question) is not None
    terms = tuple(dict.fromkeys(analyse(question)))
    reads_english = is_english(question)
    first_person = _FIRST_PERSON if reads_english else _FIRST_PERSON_ELSEWHERE
    return Plan(
        terms=terms,
        related=related_terms(terms, kin),
        embed_text=naming.text,
        speaker=next(iter(naming.speakers)) if len(naming.speakers) == 1 else "",
        is_about_asker=not naming.speakers and not is_about_assistant and first_person.search(question) is not None,
        is_about_assistant=is_about_assistant,
        periods=periods_in(question, query_time, first_time, last_time, time_zone),
        asks_when=when_question(question),
        asks_past=asks_for_past(question),
        is_english=reads_english,
    )

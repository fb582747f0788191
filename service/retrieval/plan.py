"""What a question asks for: its terms, the text to embed, who and when it speaks of.

What lives here: the plan of one question. What does not: embedding and scoring.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.retrieval.dates import Period, periods_in
from service.retrieval.names import find_names
from service.retrieval.terms import analyse, when_question

_FIRST_PERSON = re.compile(r"\b(?:i|me|my|mine|myself|i['\u2019](?:m|ve|d|ll))\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Plan:
    """One question, taken apart."""

    terms: tuple[str, ...]
    """Analysed terms of the whole question, names included, each once."""
    embed_text: str
    """What is embedded: the question without the participants' names."""
    speaker: str
    """The only participant named, case-folded; empty where none or several are named."""
    is_about_asker: bool
    """Whether it speaks in the first person and names no participant: the user's own turns are meant."""
    periods: tuple[Period, ...]
    asks_when: bool


def plan_question(
    question: str,
    names: Sequence[Mapping[str, frozenset[str]]],
    query_time: int,
    first_time: int,
    last_time: int,
    time_zone: str = "",
) -> Plan:
    """Take a question apart.

    Args:
        question: as asked.
        names: words of participants' names of each scope, as `index_names` gives them.
        query_time: when it is asked, microseconds since 1970.
        first_time: the earliest time said in the scopes read, microseconds since 1970.
        last_time: the latest.
        time_zone: whose days "yesterday" and the like mean; empty: UTC.
    """
    naming = find_names(question, names)
    return Plan(
        terms=tuple(dict.fromkeys(analyse(question))),
        embed_text=naming.text,
        speaker=next(iter(naming.speakers)) if len(naming.speakers) == 1 else "",
        is_about_asker=not naming.speakers and _FIRST_PERSON.search(question) is not None,
        periods=periods_in(question, query_time, first_time, last_time, time_zone),
        asks_when=when_question(question),
    )

"""The second look at a session: every turn is read again knowing all others, and its names and statements are matched with what is known.

A first look sees two turns before a message; this one sees who "she" is when her name came ten turns earlier, or comes later. What several
turns tell of one event becomes an episode.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from service.domain.refining import Known, Refined
from service.domain.source import Observation, PreviousTurn, Segmented
from service.extractors.rules.around import GAP
from service.extractors.rules.consolidation import Statements
from service.extractors.rules.entities import Names, resolved
from service.extractors.rules.stories import with_stories

MOST_TURNS = 60
"""Turns around a message that can say who somebody is."""


def refine(talk: Sequence[Segmented], known: Known, read: Callable[[Segmented], tuple[Observation, ...]]) -> tuple[Refined, ...]:
    """The observations of each source of a session.

    Args:
        talk: the session's sources in order.
        known: what the scope knows.
        read: the first look at a source.
    """
    said = [PreviousTurn(*_spoken(one)) for one in talk]
    found = [read(_widened(one, said, number)) for number, one in enumerate(talk)]
    names = Names(list(known.entities))
    names.learn(observation for observations in found for observation in observations)
    statements = Statements(known.statements)
    whole = with_stories(talk, [resolved(observations, names) for observations in found])
    return tuple(
        Refined(one.source.source_id, tuple(statements.consolidated(observation) for observation in observations))
        for one, observations in zip(talk, whole, strict=True)
    )


def _spoken(segmented: Segmented) -> tuple[str, str]:
    if not segmented.turns:
        return "", ""
    turn = segmented.turns[0]
    return turn.speaker or (turn.role.value.capitalize() if turn.role else ""), turn.text


def _widened(segmented: Segmented, said: Sequence[PreviousTurn], number: int) -> Segmented:
    """A message with the whole session around it: what comes later first, so that what came just before stays the nearest."""
    if segmented.source.document_type is not None:
        return segmented
    later = said[number + 1 : number + 1 + MOST_TURNS]
    earlier = said[max(0, number - MOST_TURNS) : number]
    return replace(segmented, source=replace(segmented.source, previous=(*later, *GAP, *earlier)))

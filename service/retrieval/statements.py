"""A statement in the place of the excerpt that it was made of, where it says what is asked.

"User works at Studio Almada" says more to whoever reads the answer than "Work, mostly. I'm an architect at Studio Almada, we do schools".
What lives here: which memory stands for an excerpt that won a place. What does not: who wins places (`pack`).

A place is won by whatever finds it best, and that is mostly the excerpt: it has its neighbours, its speaker and every word that was said. So
ranking is left as it is; the memory inherits the place with its score. Where its own words are less like the question than the
excerpt's, the excerpt says something about it that the statement does not, and stays.
"""

from __future__ import annotations

from collections.abc import Sequence

from service.domain.kinds import PASSAGE
from service.retrieval.eligible import Mask
from service.retrieval.fuse import Reading
from service.retrieval.pack import Hit


def stated(readings: Sequence[Reading], eligible: Sequence[Mask], hits: Sequence[Hit]) -> list[Hit]:
    """The same places, some of them held by a memory instead of its excerpt; no memory holds two."""
    shown = {hit.item.item_id for hit in hits}
    return [_stated(readings[hit.reading], eligible[hit.reading], hit, shown) for hit in hits]


def _stated(reading: Reading, eligible: Mask, hit: Hit, shown: set[str]) -> Hit:
    if hit.item.kind != PASSAGE:
        return hit
    sources, items = reading.population.sources, reading.scope.items
    wanted = _similarity(reading, hit.row)
    told = [
        (-similarity, items[row].item_id, row)
        for row in sources.first[sources.second == hit.row].tolist()
        if eligible[row] and items[row].item_id not in shown and (similarity := _similarity(reading, row)) >= wanted
    ]
    if wanted <= 0 or not told:
        return hit
    _, item_id, row = min(told)
    shown.add(item_id)
    return Hit(hit.score, items[row], hit.reading, row)


def _similarity(reading: Reading, row: int) -> float:
    return float(reading.contributions["meaning"][row] + reading.contributions["words"][row])

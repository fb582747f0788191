"""What stands in a place: a memory together with the excerpt it was made of, or the excerpt alone.

What lives here: which memory holds the place that its excerpt won, and which excerpt a memory shows beside itself.
What does not: who wins places (`pack`).

A place is won by whatever finds it best, and that is mostly the excerpt: it has its neighbours, its speaker and every word that was said. So
ranking is left as it is, and a memory that is about as much like the question inherits the place with its score: "User works at
Studio Almada" says more to whoever reads the answer than "Work, mostly. I'm an architect there, we do schools". Nothing is lost by
that, for the words that were said go with it. A memory
of which another excerpt has a place as well stays out: the two excerpts say it already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.retrieval.eligible import Mask
from service.retrieval.fuse import Reading
from service.retrieval.pack import Hit

_ABOUT = 0.8
"""Share of an excerpt's similarity to the question that a memory must reach to be about what was asked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A memory and its excerpt, in the one place that they have."""

    memory: Item
    excerpt: Item


def stated(readings: Sequence[Reading], eligible: Sequence[Mask], places: Sequence[Hit]) -> dict[str, Shown]:
    """Id of the item that won a place → what is shown in it, where that is more than the item. Nothing is shown twice."""
    taken = {place.item.item_id for place in places}
    shown: dict[str, Shown] = {}
    for place in places:
        beside = _beside(readings[place.reading], eligible[place.reading], place, taken)
        if beside is not None:
            taken.add(beside.item_id)
            shown[place.item.item_id] = Shown(beside, place.item) if place.item.kind == PASSAGE else Shown(place.item, beside)
    return shown


def _beside(reading: Reading, eligible: Mask, place: Hit, taken: set[str]) -> Item | None:
    """The memory of an excerpt that is about what was asked, or the excerpt of a memory that is most like it."""
    sources, items = reading.population.sources, reading.scope.items
    is_excerpt = place.item.kind == PASSAGE
    mine, others = (sources.second, sources.first) if is_excerpt else (sources.first, sources.second)
    rows = [row for row in others[mine == place.row].tolist() if eligible[row] and items[row].item_id not in taken]
    if is_excerpt:
        wanted = _similarity(reading, place.row)
        rows = [row for row in rows if wanted > 0 and _similarity(reading, row) >= _ABOUT * wanted]
        elsewhere = taken - {place.item.item_id}
        rows = [row for row in rows if elsewhere.isdisjoint(items[each].item_id for each in mine[others == row].tolist())]
    best = min(rows, key=lambda row: (-_similarity(reading, row), items[row].item_id), default=None)
    return None if best is None else items[best]


def _similarity(reading: Reading, row: int) -> float:
    return float(reading.contributions["meaning"][row] + reading.contributions["words"][row])

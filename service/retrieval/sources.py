"""Where a memory came from and what took its place, read out of its details without parsing all of them.

What lives here: ids of excerpts, of the memory that superseded another, and the places an item takes in an answer.
What does not: the details' other contents (the answer's matter), rows (`links`).
"""

from __future__ import annotations

import re

from service.domain.item import Item
from service.domain.kinds import PASSAGE

_EXCERPT = re.compile(r'"passage":"([^"\\]+)"')
_SUCCESSOR = re.compile(r'"superseded_by":"([^"\\]+)"')
"""Within a JSON string a quotation mark has a backslash before it, so neither can be found in what a caller wrote."""


def excerpts_of(item: Item) -> tuple[str, ...]:
    """Ids of the excerpts that a memory came from, each once; none for an excerpt."""
    return () if item.kind == PASSAGE else excerpts_in(item.details)


def excerpts_in(details: str) -> tuple[str, ...]:
    """The same, of a memory's details."""
    return tuple(dict.fromkeys(_EXCERPT.findall(details)))


def successor_in(details: str) -> tuple[str, ...]:
    """The id of the memory that superseded one with these details, if any."""
    return tuple(_SUCCESSOR.findall(details)[:1])


def place_of(item_id: str, parent: str) -> str:
    """What an item takes one place with: a further chunk of a long turn with the turn, everything else by itself."""
    return parent or item_id


class Places:
    """The places that an answer has given away: a turn and its chunks have one, and so have an excerpt and the memories made of it."""

    def __init__(self) -> None:
        """Give none away."""
        self._taken: set[str] = set()
        self._told: set[str] = set()

    def take(self, item: Item) -> bool:
        """Give an item its place, unless what it would show is shown already. Two memories of one excerpt are two things."""
        place, excerpts = place_of(item.item_id, item.parent), excerpts_of(item)
        if place in self._taken or place in self._told or not self._taken.isdisjoint(excerpts):
            return False
        self._taken.add(place)
        self._told.update(excerpts)
        return True

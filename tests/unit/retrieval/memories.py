"""Memories with provenance for the tests of ranking."""

from __future__ import annotations

import json
from collections.abc import Sequence

from service.domain.item import Item
from service.domain.kinds import MemoryType
from tests.unit.retrieval.rows import item


def memory(name: str, text: str, sources: Sequence[str], *, superseded_by: str = "", **changes: object) -> Item:
    """A fact made of the excerpts of these names."""
    details: dict[str, object] = {"sources": [{"passage": f"psg_{source}"} for source in sources]}
    if superseded_by:
        details["superseded_by"] = f"mem_{superseded_by}"
    return item(
        name,
        text,
        item_id=f"mem_{name}",
        kind=str(MemoryType.FACT),
        number=0,
        role="",
        details=json.dumps(details, separators=(",", ":")),
        **changes,
    )

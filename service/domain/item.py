"""What can be served: a passage or a memory, with everything that ranking and answering need.

The same row stands in SQL (the truth), in LanceDB (a rebuildable index) and in the scope cache of a process.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Item:
    """One row that can be found. Times are microseconds since 1970 UTC; None where unknown or unbounded."""

    item_id: str
    """Memories: `mem_<32 hex>`. Passages: `psg_<32 hex>`."""
    scope: int
    """The scope's number in the catalog."""
    kind: str
    """`kinds.PASSAGE` or a `MemoryType` value."""
    version: int
    """Grows with every change of this item."""
    text: str
    terms: str
    """Analysed terms separated by single spaces."""
    vector: bytes
    """384 little-endian float16: 768 bytes."""
    speaker: str
    """The speaker's name of a passage, or "User" / "Assistant"; the subject of a memory."""
    role: str
    """A `Role` value, or empty."""
    conversation: str
    """The caller's conversation id, empty for documents."""
    session: str
    """What counts as one sitting: a session of a conversation, or a document."""
    number: int
    """The message's number in its conversation, or the passage's ordinal in its document."""
    parent: str
    """For a further chunk of a long turn: the item id of the turn's head. Else empty."""
    words: int
    has_time_word: bool
    said_time: int
    confidence: float
    event_time: int | None
    valid_from: int | None
    valid_until: int | None
    details: str
    """JSON object: provenance, entities, typed details; what the answer shows and ranking does not read."""
    metadata: str
    """JSON object of the source's or memory's metadata, or empty."""

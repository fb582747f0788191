"""A turn that is recorded and also stands in a document is one excerpt with two sources, in whatever order they arrived.

Among passages of one scope with equal text, those of recorded messages are served; a document's passage is hidden behind the
first of them (by number), which names both as sources. When the message goes, the document's passage is shown again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from service.catalog import items, memories, passages
from service.catalog.resolution import ScopeChange, finish_changes
from service.domain.kinds import SourceKind
from service.domain.resolution import compact_json


def text_hash(text: str) -> int:
    """63 bits over a text without regard to case and white space."""
    folded = " ".join(text.casefold().split())
    return int.from_bytes(hashlib.blake2b(folded.encode(), digest_size=8).digest(), "big") >> 1


def settle_repeats(
    connection: Connection, changes: Sequence[ScopeChange], texts: Iterable[tuple[int, int]], *, after_deletion: bool = False
) -> None:
    """Decide anew which passages are served for these texts. Items put in these changes must be finished before.

    Without a copy among them there is nothing to decide, unless the last one was just deleted and is still named as a source.

    Args:
        connection: in the transaction of the changes.
        changes: of the scopes; each goes on under its number.
        texts: scope and hash of each.
        after_deletion: whether passages with these texts were just deleted.
    """
    following = {change.scope: change.following() for change in changes}
    alike: dict[tuple[int, int], list[Mapping[str, Any]]] = {}
    for row in passages.passages_by_text(connection, sorted(set(texts))):
        alike.setdefault((row["scope"], row["text_hash"]), []).append(row)
    for (scope, _), rows in alike.items():
        recorded = [row for row in rows if row["source_kind"] == SourceKind.MESSAGE.value]
        copies = [row for row in rows if row["source_kind"] == SourceKind.DOCUMENT.value]
        if copies or after_deletion:
            _settle(connection, following[scope], recorded, copies)
    finish_changes(connection, [*following.values()])


def _settle(
    connection: Connection,
    change: ScopeChange,
    recorded: Sequence[Mapping[str, Any]],
    copies: Sequence[Mapping[str, Any]],
) -> None:
    leader = min(recorded, key=_said_order) if recorded else None
    for copy in copies:
        served_by = leader["passage_id"] if leader else copy["passage_id"]
        if copy["served_by"] != served_by:
            passages.serve_by(connection, copy["passage_id"], served_by)
        is_live = leader is None
        if items.show_item(connection, copy["passage_id"], change.change_number, is_live=is_live):
            change.growth += 1 if is_live else -1
    for row in recorded:
        others = sorted(copies, key=_said_order) if leader is not None and row is leader else []
        _name_sources(connection, change, row, [json.loads(other["origin"]) for other in others])


def _said_order(row: Mapping[str, Any]) -> tuple[int, str, int, str]:
    origin = json.loads(row["origin"])
    return (origin["said_time"], origin.get("conversation_id", ""), origin.get("number", 0), row["passage_id"])


def _name_sources(
    connection: Connection, change: ScopeChange, row: Mapping[str, Any], others: Sequence[Mapping[str, Any]]
) -> None:
    current = memories.live_items(connection, [row["passage_id"]]).get(row["passage_id"])
    if current is None:
        return
    details = json.loads(current.details)
    sources = [json.loads(row["origin"]), *others]
    if details["sources"] == sources:
        return
    change.put(replace(current, version=current.version + 1, details=compact_json(details | {"sources": sources})), is_new=False)

"""Embedding what a shard holds with the next model, in a child of its own, while the model in use goes on answering.

The catalog keeps what is done (`service.catalog.vectors`), so a kill costs the few texts that were in the child. Rows that change meanwhile
wait again. When nothing waits any more the deployment can switch, which is `index`'s.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

from service.catalog import items, passages, vectors
from service.catalog.engine import Catalog
from service.catalog.ownership import fence
from service.domain.item import Item
from service.ops.logging import get_logger
from service.pipeline.child import SLICE_TEXTS, Done, EmbedSlice
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildDiedError, ChildWorker

PAGE_ROWS = 16 * SLICE_TEXTS

PAUSE_SECONDS = 5.0
"""After the child died, or could not embed something, until it is tried again."""

logger = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Slice:
    """Texts of items (with the versions they are of) or of observations (without)."""

    ids: tuple[str, ...]
    versions: tuple[int, ...]
    texts: tuple[str, ...]


class Reembedding:
    """One shard's; the first shard's embeds all observations, which belong to no shard."""

    def __init__(
        self,
        catalog: Catalog,
        ownership: Ownership,
        put: Callable[[Sequence[Item]], None],
        start_child: Callable[[Path], ChildWorker],
        model_dir: str,
    ) -> None:
        """Start the child.

        Args:
            catalog: the truth.
            ownership: of the shard.
            put: takes live items with vectors of the next model, for its index.
            start_child: makes the child of a model's files.
            model_dir: the next model's files.
        """
        self._catalog = catalog
        self._ownership = ownership
        self._put = put
        self._generation = ownership.generation + 1
        self._keys = count(1)
        self._waiting: deque[_Slice] = deque()
        self._sent: dict[int, _Slice] = {}
        self._not_before = 0.0
        self._child = start_child(Path(model_dir))
        self._child.start()

    def stop(self) -> None:
        """End the child."""
        self._child.stop()

    def step(self) -> bool:
        """Keep what the child has finished and give it more. Returns whether nothing waits any more.

        Raises:
            IndexUnavailable: the index takes nothing; what the child had made is made again.
            FencedError: another process owns the shard.
        """
        if time.monotonic() < self._not_before:
            return False
        try:
            for done in self._child.receive():
                if isinstance(done, Done):  # it is asked for nothing else
                    self._take(done)
            return self._feed()
        except ChildDiedError:
            logger.warning("reembedding_child_died")
            self._begin_again()
            self._child.start()
            return False

    def _feed(self) -> bool:
        """Returns whether there is nothing to feed."""
        if not self._waiting and not self._sent:
            self._waiting.extend(self._find())
        while self._waiting and self._child.wants_work:
            key, piece = next(self._keys), self._waiting.popleft()
            self._sent[key] = piece
            self._child.send(EmbedSlice(key, piece.texts))
        return not self._sent

    def _find(self) -> list[_Slice]:
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            rows = vectors.items_to_embed(connection, shard, self._generation, PAGE_ROWS)
            texts = passages.embed_texts(connection, [item_id for item_id, _, _ in rows])
            said = [] if rows or shard else vectors.observations_to_embed(connection, self._generation, PAGE_ROWS)
        found = [(item_id, version, texts.get(item_id, text)) for item_id, version, text in rows]
        return _slices(found) + _slices([(name, 0, statement) for name, statement in said])

    def _take(self, done: Done) -> None:
        piece = self._sent.pop(done.key, None)
        if piece is None:
            return
        if done.failure is not None:
            logger.warning("reembedding_failed", error=done.failure.message)
            self._begin_again()
            return
        try:
            self._keep(piece, done.vectors)
        except Exception:
            self._begin_again()
            raise

    def _keep(self, piece: _Slice, made: Sequence[bytes]) -> None:
        """First the index, then the catalog: what is not in the catalog is made again, what is not in the index would be missed."""
        of_id = dict(zip(piece.ids, made, strict=True))
        is_items = any(piece.versions)
        if is_items:
            versions = dict(zip(piece.ids, piece.versions, strict=True))
            with self._catalog.read() as connection:
                live = items.items_by_ids(connection, piece.ids)
            self._put([replace(item, vector=of_id[item.item_id]) for item in live if item.version == versions[item.item_id]])
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            if is_items:
                rows = list(zip(piece.ids, piece.versions, made, strict=True))
                vectors.put_next_item_vectors(connection, rows, self._generation)
            else:
                vectors.put_next_observation_vectors(connection, list(of_id.items()), self._generation)

    def _begin_again(self) -> None:
        """Forget what is under way: the catalog knows that it waits."""
        self._waiting.clear()
        self._sent.clear()
        self._not_before = time.monotonic() + PAUSE_SECONDS


def _slices(rows: Sequence[tuple[str, int, str]]) -> list[_Slice]:
    cut = [rows[start : start + SLICE_TEXTS] for start in range(0, len(rows), SLICE_TEXTS)]
    return [
        _Slice(tuple(name for name, _, _ in some), tuple(version for _, version, _ in some), tuple(text for _, _, text in some))
        for some in cut
    ]

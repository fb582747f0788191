"""Embedding what a shard holds with the next model, in a child of its own, while the model in use goes on answering.

The catalog keeps what is done (`service.catalog.vectors`), so a kill costs one page at most. Rows that change meanwhile
wait again. When nothing waits any more the deployment can switch, which is `next_index`'s.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import NamedTuple

from service.catalog import items, passages, vectors
from service.catalog.engine import Catalog
from service.catalog.ownership import fence
from service.domain.item import Item
from service.ops.logging import get_logger
from service.pipeline.child import SLICE_TEXTS, Done, EmbedSlice
from service.pipeline.store import Ownership
from service.pipeline.worker import ChildDiedError, ChildWorker

PAGE_ROWS = 16 * SLICE_TEXTS
"""Kept in one go: a write to the index costs the same for 16 items and for 256."""

PAUSE_SECONDS = 5.0
"""After the child died, or could not embed something, until it is tried again."""

logger = get_logger(__name__)


class _Row(NamedTuple):
    """An item, with the version that the text is of, or an observation, which has none."""

    name: str
    version: int | None
    text: str


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
        self._waiting: deque[list[_Row]] = deque()
        self._sent: dict[int, list[_Row]] = {}
        self._made: list[tuple[_Row, bytes]] = []
        self._not_before = 0.0
        self.is_nearly_done = False
        """Whether less than a page waited at the last look. While there are writes something always does."""
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
            self._keep()
            self._waiting.extend(self._find())
        while self._waiting and self._child.wants_work:
            key, piece = next(self._keys), self._waiting.popleft()
            self._sent[key] = piece
            self._child.send(EmbedSlice(key, tuple(row.text for row in piece)))
        return not self._sent

    def _find(self) -> list[list[_Row]]:
        """The next page, in slices: items, and observations if there is room."""
        shard = self._ownership.shard
        with self._catalog.read() as connection:
            found = vectors.items_to_embed(connection, shard, self._generation, PAGE_ROWS)
            texts = passages.embed_texts(connection, [item_id for item_id, _, _ in found])
            room = 0 if shard else PAGE_ROWS - len(found)
            said = vectors.observations_to_embed(connection, self._generation, room) if room else []
        rows = [_Row(item_id, version, texts.get(item_id, text)) for item_id, version, text in found]
        rows += [_Row(name, None, statement) for name, statement in said]
        self.is_nearly_done = len(rows) < PAGE_ROWS
        return [rows[start : start + SLICE_TEXTS] for start in range(0, len(rows), SLICE_TEXTS)]

    def _take(self, done: Done) -> None:
        piece = self._sent.pop(done.key, None)
        if piece is None:
            return
        if done.failure is not None:
            logger.warning("reembedding_failed", error=done.failure.message)
            self._begin_again()
            return
        self._made += zip(piece, done.vectors, strict=True)

    def _keep(self) -> None:
        """First the index, then the catalog: what is not in the catalog is made again, what is not in the index would be missed."""
        made, self._made = self._made, []
        if not made:
            return
        of_items = [(row.name, row.version, vector) for row, vector in made if row.version is not None]
        self._put_live({name: (version, vector) for name, version, vector in of_items})
        with self._catalog.write() as connection:
            fence(connection, self._ownership.shard, self._ownership.epoch)
            vectors.put_next_item_vectors(connection, of_items, self._generation)
            of_observations = [(row.name, vector) for row, vector in made if row.version is None]
            vectors.put_next_observation_vectors(connection, of_observations, self._generation)

    def _put_live(self, made: dict[str, tuple[int, bytes]]) -> None:
        """What is not live, or has another version by now, does not belong into the index."""
        with self._catalog.read() as connection:
            live = items.items_by_ids(connection, made)
        self._put([replace(item, vector=made[item.item_id][1]) for item in live if item.version == made[item.item_id][0]])

    def _begin_again(self) -> None:
        """Forget what is under way: the catalog knows that it waits."""
        self._waiting.clear()
        self._sent.clear()
        self._made.clear()
        self._not_before = time.monotonic() + PAUSE_SECONDS

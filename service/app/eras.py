"""Eras: the times between two changes of the embedding model.

A question must be embedded by the model whose vectors it is compared with. So what embeds and what is held in memory belong together, in an
era; a fetch takes one and uses nothing of another. Whoever reads a vector from the catalog finds out in the same transaction when the era
is over (`EraOver`), and what was begun is done again in the next one. A fetch that reads none, because all of it is in memory, is right
as it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from service.app.model import Model
from service.app.reads import Reads
from service.catalog import deployment as deployments
from service.catalog.deployment import Deployment
from service.catalog.engine import Connection
from service.domain.errors import Aborted, EunoeError
from service.ops.logging import get_logger
from service.retrieval.scopes import Scopes
from service.retrieval.tokens import TokenCache

if TYPE_CHECKING:
    from service.embedders.base import Embedder

LOOK_SECONDS = 1.0
"""How often it is looked whether a change of the model has begun: its model is loaded long before it is needed."""

_TOKEN_BYTES = 64 * 2**20
"""For the word pieces of accurate fetches: those of some 5,000 short turns."""

logger = get_logger(__name__)


class EraOver(Aborted):
    """The deployment uses vectors of another generation by now; what was begun has to be done again."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("the embedding model was changed meanwhile; try again")


def check_era(connection: Connection, generation: int) -> None:
    """Raise `EraOver` unless the vectors read or written here are of this generation."""
    if deployments.generation(connection) != generation:
        raise EraOver


@dataclass(frozen=True, slots=True)
class Era:
    """One generation of the model."""

    generation: int
    scopes: Scopes
    """What is held in memory; its vectors are all of this generation."""
    model: Model = field(default_factory=Model)
    """Embeds questions, and what callers write themselves."""
    tokens: TokenCache = field(default_factory=lambda: TokenCache(_TOKEN_BYTES))
    """Of accurate fetches, made by the same model."""
    over: asyncio.Event = field(default_factory=asyncio.Event)


class Eras:
    """The present one, and how the next one begins. Used on the event loop."""

    def __init__(self, reads: Reads, make: Callable[[int], Scopes], generation: int) -> None:
        """Begin; whoever has it loads the first model.

        Args:
            reads: of the catalog.
            make: makes the cache of scopes of a generation.
            generation: the deployment's.
        """
        self._reads = reads
        self._make = make
        self._next: Era | None = None
        self._nudged = asyncio.Event()
        self.present = Era(generation, make(generation))

    async def after(self, era: Era) -> Era:
        """The era after one that is over."""
        self._nudged.set()
        await era.over.wait()
        return self.present

    async def run(self, open_model: Callable[[Path], Embedder]) -> None:
        """Follow the deployment until cancelled: load its next model as soon as it is named, and begin the next era when it does."""
        while True:
            self._nudged.clear()
            try:
                await self._look(await self._reads.run(deployments.load_deployment), open_model)
            except EunoeError as error:
                logger.warning("era_not_followed", error=error.message)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._nudged.wait()
            except TimeoutError:
                continue

    def statistics(self) -> dict[str, int]:
        """Of the scopes that are held."""
        return self.present.scopes.statistics()

    async def _look(self, found: Deployment | None, open_model: Callable[[Path], Embedder]) -> None:
        if found is None:
            return
        if found.generation != self.present.generation and found.model_dir is not None:
            former, self.present = self.present, await self._prepared(found.generation, Path(found.model_dir), open_model)
            self._next = None
            former.over.set()
            logger.info("era_began", generation=found.generation, model=found.model_id)
        elif found.next_model_dir is not None:
            self._next = await self._prepared(found.generation + 1, Path(found.next_model_dir), open_model)

    async def _prepared(self, generation: int, model_dir: Path, open_model: Callable[[Path], Embedder]) -> Era:
        if self._next is not None and self._next.generation == generation:
            return self._next
        era = Era(generation, self._make(generation))
        era.model.loaded(await asyncio.to_thread(open_model, model_dir))
        return era

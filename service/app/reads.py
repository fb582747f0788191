"""Reading the catalog from the event loop: one read transaction on a bounded number of threads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from service.app.workers import Workers
from service.catalog.engine import Catalog, Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Reads:
    """Runs reads."""

    catalog: Catalog
    workers: Workers

    async def run(self, work: Callable[[Connection], T]) -> T:
        """Read what is of one moment.

        Raises:
            ResourceExhausted: too many reads wait already.
            Unavailable: the catalog cannot be read now.
        """

        def read() -> T:
            with self.catalog.read() as connection:
                return work(connection)

        return await self.workers.run(read)

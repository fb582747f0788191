"""Threads for what blocks: reads of the catalog, and fetches. A bound on who waits, so that overload is said and not queued."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from service.domain.errors import ResourceExhausted

T = TypeVar("T")

RETRY_SECONDS = 0.1
"""What a refused caller is told to wait: some tens of reads."""


@dataclass(frozen=True, slots=True)
class WorkersStatistics:
    """How busy the threads are."""

    admitted: int
    bound: int


class Workers:
    """A few named threads, and at most `bound` callers that use or await them."""

    def __init__(self, name: str, *, threads: int, bound: int) -> None:
        """Start no thread yet.

        Args:
            name: of the threads.
            threads: how many run at the same time; more than the cores only contend for the interpreter.
            bound: callers running and waiting together; others are refused.
        """
        self._executor = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._bound = bound
        self._admitted = 0

    async def run(self, work: Callable[[], T]) -> T:
        """Run something that blocks.

        Raises:
            ResourceExhausted: too many callers wait already.
        """
        if self._admitted >= self._bound:
            raise ResourceExhausted("too many reads are waiting; slow down", retry_after=RETRY_SECONDS)
        self._admitted += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._executor, work)
        finally:
            self._admitted -= 1

    def begin(self, work: Callable[[], T]) -> Future[T]:
        """Run something beside the caller, who is one of those that `run` admits elsewhere, so that no more can wait."""
        return self._executor.submit(work)

    def statistics(self) -> WorkersStatistics:
        """How busy the threads are now."""
        return WorkersStatistics(self._admitted, self._bound)

    def close(self) -> None:
        """Finish what runs and drop what waits. Blocks."""
        self._executor.shutdown(wait=True, cancel_futures=True)

"""Updates and deletes: each runs once in a transaction of its own, and repeats of its request get the first answer for a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from service.app.positions import Positions
from service.app.principal import Principal
from service.catalog.commit import CommitQueue
from service.catalog.engine import Connection
from service.catalog.ids import now_us
from service.catalog.requests import answer_of, once


@dataclass(frozen=True, slots=True)
class Changed:
    """A change that is durable. The time is microseconds since 1970 UTC."""

    time: int
    position: str


@dataclass(frozen=True, slots=True)
class Changes:
    """Runs changes."""

    queue: CommitQueue
    positions: Positions
    generation: Callable[[], int]
    """The current generation of the model, which is written beside what changes."""

    def answered(
        self, connection: Connection, principal: Principal, method: str, request_id: str, asked: bytes
    ) -> Changed | None:
        """The answer that a change got before, for those that have to prepare it; None where it was not made yet."""
        answer = answer_of(connection, principal.instance_id, request_id, method, asked)
        return None if answer is None else Changed(answer["time"], self.positions.now(principal))

    async def run(
        self,
        principal: Principal,
        method: str,
        request_id: str,
        asked: bytes,
        change: Callable[[Connection], object],
        expires: float | None,
    ) -> Changed:
        """Run a change, or give the answer it got before.

        Args:
            principal: whose change it is.
            method: the call's name.
            request_id: the caller's key, or empty.
            asked: hash over everything that is asked.
            change: has the effects, inside the write transaction.
            expires: `time.monotonic` of the caller's deadline.
        """
        position = self.positions.now(principal)

        def run(connection: Connection) -> Changed:
            def effects() -> dict[str, int]:
                change(connection)
                return {"time": now_us()}

            answer = once(connection, principal.instance_id, request_id, method, asked, effects)
            return Changed(answer["time"], position)

        return await self.queue.call(run, expires)

"""Steady load through the SDK, as a user's processes make it: turns one by one and in streams, and fetches; each counted and timed.

What lives here: the load, and reading back what it left. What does not: faults, and what must hold under them.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from eunoe_client import Eunoe, EunoeError
from tests.support.talk import Utterance, utterances

TALKERS = 4
STREAMERS = 2
PAUSE = 1.0
"""Seconds between two calls of one talker: a machine of two cores has to follow."""
BLOCK = 3
"""Turns of a stream between two acknowledgements that are waited for."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call as its caller saw it."""

    kind: str
    began: float
    seconds: float
    error: str
    """Empty, or how it failed."""


@dataclass(frozen=True, slots=True)
class Count:
    """What the load left."""

    acknowledged: int
    present: int
    doubled: int
    failed: int
    longest: float
    """Seconds of the longest call."""

    def __str__(self) -> str:
        """For a person."""
        return (
            f"acknowledged {self.acknowledged}, present {self.present}, doubled {self.doubled}, "
            f"failed calls {self.failed}, longest call {self.longest:.2f} s"
        )


@dataclass
class Load:
    """Clients at work until told to stop. Each talk has its own customer, so that they spread over the shards."""

    address: str
    api_key: str
    name: str
    """Begins the names of its talks, so that several loads can follow one another."""
    calls: list[Call] = field(default_factory=list)
    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """Ids of turns in order, by conversation."""
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load for the length of a block; what was begun is finished."""
        async with asyncio.TaskGroup() as tasks:
            for place in range(TALKERS):
                tasks.create_task(self._talk(f"{self.name} talk {place}"))
            for place in range(STREAMERS):
                tasks.create_task(self._stream(f"{self.name} stream {place}"))
            tasks.create_task(self._ask())
            try:
                yield
            finally:
                self._stop.set()

    async def count(self) -> Count:
        """Compare what was acknowledged with what is there."""
        present = doubled = 0
        async with self._client() as sdk:
            for conversation, ids in self.acknowledged.items():
                there = Counter([turn.message_id async for turn in sdk.conversation.messages(conversation, page_size=500)])
                present += sum(identity in there for identity in ids)
                doubled += sum(times - 1 for times in there.values())
        failed = sum(bool(call.error) for call in self.calls)
        longest = max((call.seconds for call in self.calls), default=0.0)
        return Count(sum(map(len, self.acknowledged.values())), present, doubled, failed, longest)

    def errors(self) -> Counter[str]:
        """How calls failed."""
        return Counter(call.error for call in self.calls if call.error)

    def slowest(self) -> dict[str, float]:
        """The longest call of each kind, in seconds."""
        found: dict[str, float] = {}
        for call in self.calls:
            found[call.kind] = max(found.get(call.kind, 0.0), round(call.seconds, 2))
        return found

    def seconds(self, kind: str, begin: float, end: float) -> list[float]:
        """How long calls of a kind took that began in between (of `time.monotonic`)."""
        return sorted(call.seconds for call in self.calls if call.kind == kind and begin <= call.began < end)

    async def repeat(self) -> Load:
        """Record everything that was acknowledged once more, under other names. Returns the load that it is."""
        again = Load(self.address, self.api_key, f"{self.name} again")
        async with self._client() as sdk, asyncio.TaskGroup() as tasks:
            for former, ids in self.acknowledged.items():
                tasks.create_task(again._write_again(sdk, former, len(ids)))
        return again

    async def memories(self) -> Counter[tuple[str, str]]:
        """(type, text) of everything that is remembered of the talkers, but for what names the talks."""
        async with self._client() as sdk:
            users = [f"user of {name}" for name in self.acknowledged]
            return Counter(
                [
                    (memory.memory_type, memory.content)
                    for user in users
                    async for memory in sdk.memories.list(user_id=user, page_size=500)
                ]
            )

    async def _write_again(self, sdk: Eunoe, former: str, most: int) -> None:
        name = f"{former} again"
        self.acknowledged[name] = [f"{name} {said.number}" for said in itertools.islice(utterances(former), most)]
        async with sdk.conversation.stream(name, f"user of {name}", f"customer of {name}") as stream:
            for said in itertools.islice(utterances(former), most):
                await stream.send("user", said.content, message_id=f"{name} {said.number}", said_at=said.said)

    def _client(self) -> Eunoe:
        return Eunoe(self.api_key, self.address)

    async def _talk(self, name: str) -> None:
        """One turn after the other, each again under its id until it is acknowledged."""
        known = self.acknowledged.setdefault(name, [])
        async with self._client() as sdk:
            for said in utterances(name):
                while not await self._time("record", self._record(sdk, name, said)):
                    await self._is_over()
                known.append(f"{name} {said.number}")
                if await self._is_over():
                    return

    async def _record(self, sdk: Eunoe, name: str, said: Utterance) -> None:
        await sdk.conversation.record_message(
            name,
            "user",
            said.content,
            f"user of {name}",
            f"customer of {name}",
            message_id=f"{name} {said.number}",
            said_at=said.said,
        )

    async def _stream(self, name: str) -> None:
        """Blocks of turns; a stream that fails is opened anew, and sends again what was not acknowledged."""
        blocks = self._blocks(name)
        known = self.acknowledged.setdefault(name, [])
        left: list[Utterance] = []
        async with self._client() as sdk:
            while left or not self._stop.is_set():
                began = time.monotonic()
                try:
                    async with sdk.conversation.stream(name, f"user of {name}", f"customer of {name}") as stream:
                        while left or not self._stop.is_set():
                            left, began = left or next(blocks), time.monotonic()
                            for said in left:
                                await stream.send("user", said.content, message_id=f"{name} {said.number}", said_at=said.said)
                            await stream.flush()
                            self._note("stream", began)
                            known += [f"{name} {said.number}" for said in left]
                            left = []
                            await self._is_over()
                except EunoeError as error:
                    self._note("stream", began, error)

    def _blocks(self, name: str) -> Iterator[list[Utterance]]:
        """Turns without an end."""
        said = utterances(name)
        while True:
            yield [*itertools.islice(said, BLOCK)]

    async def _ask(self) -> None:
        async with self._client() as sdk:
            for place in itertools.count():
                name = f"{self.name} talk {place % TALKERS}"
                await self._time("fetch", sdk.user.context.fetch(f"user of {name}", f"customer of {name}", "Where do I live?"))
                if await self._is_over():
                    return

    async def _time(self, kind: str, call: Awaitable[object]) -> bool:
        """Await a call and note it. Whether it was answered."""
        began = time.monotonic()
        try:
            await call
        except EunoeError as error:
            self._note(kind, began, error)
            return False
        self._note(kind, began)
        return True

    def _note(self, kind: str, began: float, error: EunoeError | None = None) -> None:
        words = "" if error is None else f"{kind} {error.code or type(error).__name__}"
        self.calls.append(Call(kind, began, time.monotonic() - began, words))

    async def _is_over(self) -> bool:
        """Pause for a moment. Whether the load is to end."""
        try:
            async with asyncio.timeout(PAUSE):
                await self._stop.wait()
        except TimeoutError:
            return False
        return True

"""Fetching context: whose memory, how fresh, ranked, with the last turns of a conversation.

A fetch costs one hop to a thread: the one statement of a warm fetch, embedding, ranking and packing all run there.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from service.app.eras import Era, EraOver, Eras
from service.app.positions import Positions
from service.app.principal import Principal, guard_of
from service.app.reads import Reads
from service.app.workers import Workers
from service.catalog import conversations, items
from service.catalog.edits import Guard
from service.catalog.engine import Connection
from service.catalog.ids import now_us
from service.catalog.items import ConversationState, RecentMessage, ScopeState
from service.domain.errors import DeadlineExceeded, EunoeError, FailedPrecondition
from service.domain.scope import ScopeRef, chain_of, read_chain, shard_of
from service.log.base import Log, Progress
from service.log.board import has_reached
from service.ops.metrics import ApiMetrics
from service.retrieval import scopes as retrieval
from service.retrieval.rank import rank
from service.retrieval.request import EVERYTHING, RankedItem, RankRequest
from service.retrieval.second import SecondPass

if TYPE_CHECKING:
    from service.embedders.base import Embedder

T = TypeVar("T")

ANSWER_EARLY_SECONDS = 0.05
"""How long before the caller's deadline a fetch gives up waiting for a position, so that the answer still arrives."""
LONGEST_WAIT_SECONDS = 10.0
"""How long it waits where the caller gave no deadline."""


@dataclass(frozen=True, slots=True)
class ContextQuery:
    """What is wanted. Times are microseconds since 1970 UTC."""

    questions: tuple[str, ...] = ()
    kinds: frozenset[str] = EVERYTHING
    max_results: int = 10
    token_budget: int | None = None
    is_accurate: bool = False
    as_of: int | None = None
    query_time: int | None = None
    """None: now."""
    time_zone: str = ""
    """Of the asker; empty: UTC."""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    min_position: str = ""
    explain: bool = False

    @property
    def asked(self) -> tuple[str, ...]:
        """The questions that are not blank."""
        return tuple(question for question in self.questions if question.strip())


@dataclass(frozen=True, slots=True)
class Context:
    """What is remembered."""

    items: Sequence[RankedItem] = ()
    scopes: Mapping[int, ScopeRef] = field(default_factory=dict)
    """Scope number → scope, for the items."""
    conversation_id: str = ""
    recent: Sequence[RecentMessage] = ()
    is_approximate: bool = False
    reasons: Sequence[str] = ()
    """What could not be done."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one fetch reads."""

    chain: Sequence[ScopeState]
    conversation_id: str = ""
    recent: Sequence[RecentMessage] = ()
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Contexts:
    """Fetches context."""

    reads: Reads
    workers: Workers
    """Threads of fetches."""
    ahead: Workers
    """Threads that embed a question while its scope is read for the first time."""
    eras: Eras
    log: Log
    positions: Positions
    metrics: ApiMetrics

    async def of_ids(
        self, principal: Principal, user_id: str, customer_id: str, query: ContextQuery, expires: float | None
    ) -> Context:
        """What is remembered of a user, a customer or the whole instance, and of the wider ones.

        Raises:
            InvalidArgument: a combination that the isolation forbids, or a position of somebody else.
            DeadlineExceeded: the position was not reached in time.
        """
        chain = read_chain(principal.isolation, user_id, customer_id)
        shards = {shard_of(principal.instance_id, ref, self.positions.shards) for ref in chain}
        entries = self._entries(principal, query, shards)

        def read(connection: Connection) -> _Reading:
            return _Reading(items.chain_by_ids(connection, principal.instance_id, chain))

        return await self._run_after(entries, query, read, expires)

    async def of_conversation(
        self,
        principal: Principal,
        conversation_id: str,
        user_id: str,
        customer_id: str,
        recent_limit: int,
        query: ContextQuery,
        expires: float | None,
    ) -> Context:
        """What is remembered for a conversation, with its last turns; nothing where it is not registered.

        Raises:
            FailedPrecondition: the conversation belongs to somebody else than the guards say.
            InvalidArgument: a position of somebody else.
            DeadlineExceeded: the position was not reached in time.
        """
        guard = guard_of(principal, user_id, customer_id)
        shards = await self._shards_of(principal, conversation_id) if query.min_position else set()
        entries = self._entries(principal, query, shards)

        def read(connection: Connection) -> _Reading:
            state = items.chain_by_conversation(connection, principal.instance_id, conversation_id, recent_limit)
            if state is None:
                return _Reading(())
            _check_guard(state, guard, conversation_id)
            return _Reading(state.chain, conversation_id, state.recent, _lag(state, recent_limit))

        return await self._run_after(entries, query, read, expires)

    async def _shards_of(self, principal: Principal, conversation_id: str) -> set[int]:
        row = await self.reads.run(
            lambda connection: conversations.get_conversation(connection, principal.instance_id, conversation_id)
        )
        if row is None:
            return set()
        chain = chain_of(principal.isolation, row.scope)
        return {shard_of(principal.instance_id, ref, self.positions.shards) for ref in chain}

    def _entries(self, principal: Principal, query: ContextQuery, shards: set[int]) -> Progress:
        """How far the shards that are read must have come."""
        if not query.min_position:
            return {}
        position = self.positions.read(principal, query.min_position)
        return {key: seq for key, seq in position.entries.items() if key[0] in shards}

    async def _run_after(
        self, entries: Progress, query: ContextQuery, read: Callable[[Connection], _Reading], expires: float | None
    ) -> Context:
        """Answer with these writes applied: all that is shown comes from the catalog, and the index only proposes rows of large scopes to a question."""
        await self._wait(self.log.wait_applied, entries, expires)
        is_indexed = has_reached(self.log.indexed(), entries)
        found = await self._run(query, read, expires)
        if is_indexed or not found.is_approximate or not query.asked:
            return found
        await self._wait(self.log.wait_indexed, entries, expires)
        return await self._run(query, read, expires)

    async def _wait(self, until: Callable[[Progress, float], Awaitable[bool]], entries: Progress, expires: float | None) -> None:
        if not entries:
            return
        started = time.monotonic()
        limit = LONGEST_WAIT_SECONDS if expires is None else _time_left(expires)
        is_reached = await until(entries, limit)
        self.metrics.fetch_stage("wait").observe(time.monotonic() - started)
        if not is_reached:
            raise DeadlineExceeded(
                f"the position was not reached within {max(limit, 0):.2f} s; try again, or read without it",
                reason="POSITION_NOT_REACHED",
                values={"waited_seconds": f"{max(limit, 0):.2f}"},
            )

    async def _run(self, query: ContextQuery, read: Callable[[Connection], _Reading], expires: float | None) -> Context:
        era = self.eras.present
        while True:
            try:
                return await self._run_in(era, query, read, expires)
            except EraOver:
                era = await _in_time(self.eras.after(era), expires)

    async def _run_in(
        self, era: Era, query: ContextQuery, read: Callable[[Connection], _Reading], expires: float | None
    ) -> Context:
        embedder = await _in_time(era.model.ready(), expires) if query.asked else None
        return await self.workers.run(lambda: self._fetch(era, query, read, embedder))

    def _fetch(self, era: Era, query: ContextQuery, read: Callable[[Connection], _Reading], embedder: Embedder | None) -> Context:
        started = time.perf_counter()
        with self.reads.catalog.read() as connection:
            reading = read(connection)
        catalog_done = time.perf_counter()
        chain = [retrieval.ScopeState(s.scope, s.change_number, s.live_items) for s in reading.chain]
        embed = _Embedding(embedder)
        if query.asked and not era.scopes.has_loaded(chain):
            embed.begin(self.ahead, query.asked)
        opened = era.scopes.open(chain)
        load_done = time.perf_counter()
        second = SecondPass(era.tokens, embedder.embed_tokens) if query.is_accurate and embedder else None
        ranked = rank(query.questions, opened.held, embed, _rank_request(query, reading), opened.large, second=second)
        rank_done = time.perf_counter()
        stage = self.metrics.fetch_stage
        stage("catalog").observe(catalog_done - started)
        stage("load").observe(load_done - catalog_done)
        stage("embed").observe(embed.seconds)
        stage("rank").observe(rank_done - load_done - embed.seconds)
        reasons = list(reading.reasons)
        if any(scope.is_index_down for scope in opened.large):
            reasons.append("INDEX_UNAVAILABLE")
        return Context(
            ranked,
            {state.scope: state.ref for state in reading.chain},
            reading.conversation_id,
            reading.recent,
            bool(opened.large),
            reasons,
        )


async def _in_time(coming: Awaitable[T], expires: float | None) -> T:
    """Wait for a model, for as long as the caller waits."""
    try:
        async with asyncio.timeout(None if expires is None else max(_time_left(expires), 0)):
            return await coming
    except TimeoutError:
        raise DeadlineExceeded("the embedding model is still being loaded", reason="DEADLINE_PASSED") from None


def _time_left(expires: float) -> float:
    """Seconds until an answer must leave to arrive in time."""
    return expires - time.monotonic() - ANSWER_EARLY_SECONDS


class _Embedding:
    """Embeds questions, and knows how long that was waited for."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder
        self._begun: tuple[str, ...] = ()
        self._ahead: Future[NDArray[np.float32]] = Future()
        self.seconds = 0.0

    def begin(self, workers: Workers, texts: tuple[str, ...]) -> None:
        """Embed beside what else the fetch has to do first. In vain where ranking asks for other texts: it leaves out the names of who speaks."""
        if self._embedder is not None:
            self._begun, self._ahead = texts, workers.begin(partial(self._embedder.embed, texts))

    def __call__(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if self._embedder is None:
            raise EunoeError("a question without a model")
        started = time.perf_counter()
        vectors = self._ahead.result() if tuple(texts) == self._begun else self._embedder.embed(texts)
        self.seconds += time.perf_counter() - started
        return vectors


def _rank_request(query: ContextQuery, reading: _Reading) -> RankRequest:
    return RankRequest(
        query_time=now_us() if query.query_time is None else query.query_time,
        time_zone=query.time_zone,
        kinds=query.kinds,
        max_results=query.max_results,
        token_budget=query.token_budget,
        as_of=query.as_of,
        metadata=query.metadata,
        recent_conversation=reading.conversation_id,
        recent_numbers=frozenset(message.number for message in reading.recent),
        explain=query.explain,
    )


def _lag(state: ConversationState, recent_limit: int) -> tuple[str, ...]:
    """INDEX_BEHIND where turns that ranking cannot know are older than those that are shown anyway."""
    shown_anyway = state.message_count - recent_limit
    return ("INDEX_BEHIND",) if any(turn.number <= shown_anyway for turn in state.recent) else ()


def _check_guard(state: ConversationState, guard: Guard, conversation_id: str) -> None:
    if not guard.admits(state.own.ref):
        raise FailedPrecondition(
            f"conversation {conversation_id!r} belongs to another user or customer: its first message fixed them",
            values={"conversation_id": conversation_id},
        )

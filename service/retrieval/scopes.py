"""The scopes that a process keeps in memory: loading, refreshing, forgetting.

What lives here: which scopes are held, steps 1 to 3 of the fetch path.
What does not: SQL and LanceDB (handed in as protocols; a scope that is held comes from the catalog alone), the rows of a scope (`scope`), ranking (`rank`).

Everything is synchronous and may be called from several threads. A scope has one loader; others wait for it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.retrieval.approximate import SAMPLE_ROWS, Index, Items, Sample, SampledScope, sample_ids, take_sample
from service.retrieval.scope import Scope

_SAMPLE_DRIFT = 0.1
"""A sample is taken again when its scope has grown, shrunk or changed by more than this share of its rows."""


@dataclass(frozen=True, slots=True)
class ScopeState:
    """What the catalog says of a scope, in the one statement of a fetch."""

    scope: int
    change_number: int
    live_rows: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What happened in a scope after some change number."""

    change_number: int
    """Up to which this is complete."""
    changed: Sequence[Item]
    """Live items with a higher change number."""
    deleted: Sequence[str]
    """Ids of items that ceased to live."""
    is_complete: bool
    """False where tombstones of that time were already purged: the scope has to be loaded again."""


class ItemSource(Items, Protocol):
    """What the catalog tells about a scope; it is the truth."""

    def load(self, scope: int) -> tuple[int, ItemColumns]:
        """The change number and all live items of a scope, each once, in any order, of one moment."""
        ...

    def live_ids(self, scope: int) -> tuple[int, Collection[str]]:
        """The change number and the ids of all live items, of one moment."""
        ...

    def changes_since(self, scope: int, change_number: int) -> Changes:
        """What changed after a change number."""
        ...


@dataclass(frozen=True, slots=True)
class Opened:
    """The scopes of one fetch, ready to be ranked."""

    held: list[Scope]
    large: list[SampledScope]
    """Not empty: the answer is approximate."""


@dataclass(slots=True)
class Counters:
    """What happened since start."""

    hits: int = 0
    """Scopes used as they were."""
    deltas: int = 0
    """Scopes brought up to date from the catalog."""
    loads: int = 0
    """Scopes read whole."""
    reloads: int = 0
    """Loads of scopes that were held, but for longer than tombstones are kept."""
    evictions: int = 0
    samples: int = 0
    """Samples taken of scopes too large to be held."""


class _Entry:
    """One scope of the cache; `lock` makes its loader the only one."""

    __slots__ = ("held", "lock", "sample", "size")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.held: Scope | None = None
        self.sample: Sample | None = None
        self.size = 0


class Scopes:
    """A cache of scopes, bounded in bytes; the one unused longest goes first."""

    def __init__(self, catalog: ItemSource, index: Index, most_bytes: int, hold_limit: int) -> None:
        """Start empty.

        Args:
            catalog: the truth.
            index: what proposes rows of scopes that are too large to be held.
            most_bytes: memory for all scopes together; the scope used last stays, whatever its size.
            hold_limit: rows of a scope above which it is not held.
        """
        self._catalog = catalog
        self._index = index
        self._most_bytes = most_bytes
        self._hold_limit = hold_limit
        self._entries: OrderedDict[int, _Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._bytes = 0
        self._counters = Counters()

    def open(self, chain: Sequence[ScopeState]) -> Opened:
        """The scopes of a fetch, each at least as fresh as the catalog said.

        Args:
            chain: their states; a scope without rows is left out.
        """
        opened = Opened([], [])
        for state in chain:
            if state.live_rows > self._hold_limit:
                opened.large.append(self._sampled(state))
            elif state.live_rows > 0:
                opened.held.append(self._held(state))
        return opened

    def has_loaded(self, chain: Sequence[ScopeState]) -> bool:
        """Whether all of these have been read before and are still there, so that little of them has to be read now, as a rule."""
        with self._lock:
            entries = [self._entries.get(state.scope) for state in chain if state.live_rows > 0]
        return all(entry is not None and (entry.held is not None or entry.sample is not None) for entry in entries)

    def forget(self, scope: int) -> None:
        """Drop a scope; the next fetch loads it anew."""
        with self._lock:
            entry = self._entries.pop(scope, None)
            self._bytes -= entry.size if entry else 0

    def statistics(self) -> dict[str, int]:
        """Counters since start, and the scopes and bytes held now."""
        with self._lock:
            return asdict(self._counters) | {"scopes": len(self._entries), "bytes": self._bytes}

    def _held(self, state: ScopeState) -> Scope:
        entry = self._entry(state.scope)
        held = entry.held
        if held is not None and held.change_number >= state.change_number:
            self._count(hits=1)
            return held
        with entry.lock:
            held = entry.held
            if held is None:
                held = self._load(state.scope)
            elif held.change_number < state.change_number:
                held = self._refresh(held)
            else:
                self._count(hits=1)
            entry.held, entry.sample = held, None
        self._account(state.scope, entry, held.size_bytes)
        return held

    def _refresh(self, held: Scope) -> Scope:
        changes = self._catalog.changes_since(held.number, held.change_number)
        if not changes.is_complete:
            self._count(reloads=1)
            return self._load(held.number)
        held.apply(changes.changed, changes.deleted, changes.change_number)
        self._count(deltas=1)
        return held

    def _load(self, number: int) -> Scope:
        change_number, columns = self._catalog.load(number)
        self._count(loads=1)
        return Scope.of_columns(number, change_number, columns)

    def _sampled(self, state: ScopeState) -> SampledScope:
        entry = self._entry(state.scope)
        with entry.lock:
            sample = entry.sample
            if sample is None or _has_drifted(sample, state):
                sample = self._sample(state.scope)
            entry.held, entry.sample = None, sample
        self._account(state.scope, entry, sample.scope.size_bytes)
        return SampledScope(state.scope, state.live_rows, sample, self._catalog, self._index)

    def _sample(self, number: int) -> Sample:
        change_number, ids = self._catalog.live_ids(number)
        rows = self._catalog.items(number, sample_ids(ids, SAMPLE_ROWS))
        self._count(samples=1)
        return take_sample(number, change_number, len(ids), rows)

    def _entry(self, scope: int) -> _Entry:
        with self._lock:
            entry = self._entries.setdefault(scope, _Entry())
            self._entries.move_to_end(scope)
            return entry

    def _account(self, scope: int, entry: _Entry, size: int) -> None:
        with self._lock:
            if self._entries.get(scope) is not entry:
                return  # forgotten meanwhile
            self._bytes += size - entry.size
            entry.size = size
            while self._bytes > self._most_bytes and len(self._entries) > 1:
                _, evicted = self._entries.popitem(last=False)
                self._bytes -= evicted.size
                self._counters.evictions += 1

    def _count(self, **events: int) -> None:
        with self._lock:
            for name, number in events.items():
                setattr(self._counters, name, getattr(self._counters, name) + number)


def _has_drifted(sample: Sample, state: ScopeState) -> bool:
    allowed = _SAMPLE_DRIFT * sample.rows
    return abs(state.live_rows - sample.rows) > allowed or state.change_number - sample.change_number > allowed

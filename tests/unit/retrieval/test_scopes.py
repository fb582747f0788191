"""What the cache of scopes promises, against a catalog in a dictionary and an index that may lag or fail."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from service.domain.columns import ItemColumns
from service.domain.item import Item
from service.domain.kinds import PASSAGE
from service.retrieval.rank import rank
from service.retrieval.request import RankRequest
from service.retrieval.scope import Scope
from service.retrieval.scopes import Changes, Scopes, ScopeState
from service.vectors.errors import IndexUnavailable
from tests.unit.retrieval.rows import DAY, NOW, embed, item


@dataclass
class Catalog:
    """The truth of one scope, in memory."""

    rows: dict[str, Item] = field(default_factory=dict)
    changes: list[tuple[int, str]] = field(default_factory=list)
    purged: int = 0
    loads: int = 0

    @property
    def state(self) -> ScopeState:
        """What the one statement of a fetch says."""
        return ScopeState(1, len(self.changes), len(self.rows))

    def put(self, *rows: Item) -> None:
        """Write rows, each with the next change number."""
        for row in rows:
            self.rows[row.item_id] = row
            self.changes.append((len(self.changes) + 1, row.item_id))

    def delete(self, item_id: str) -> None:
        """Delete a row and leave a tombstone."""
        del self.rows[item_id]
        self.changes.append((len(self.changes) + 1, item_id))

    def load(self, scope: int) -> tuple[int, ItemColumns]:
        """Every live row."""
        assert scope > 0
        self.loads += 1
        return len(self.changes), ItemColumns.of_items(self.rows.values())

    def live_ids(self, scope: int) -> tuple[int, list[str]]:
        """Every live row's id."""
        assert scope > 0
        return len(self.changes), list(self.rows)

    def items(self, scope: int, ids: Sequence[str]) -> list[Item]:
        """Live rows by id."""
        assert scope > 0
        return [self.rows[item_id] for item_id in ids if item_id in self.rows]

    def turns(self, scope: int, wanted: Iterable[tuple[str, int]]) -> list[Item]:
        """Live passages by session and number."""
        assert scope > 0
        asked = set(wanted)
        return [row for row in self.rows.values() if row.kind == PASSAGE and (row.session, row.number) in asked]

    def latest(self, scope: int, most: int) -> list[Item]:
        """Live rows said last."""
        assert scope > 0
        return sorted(self.rows.values(), key=lambda row: (-row.said_time, row.item_id))[:most]

    def changes_since(self, scope: int, change_number: int) -> Changes:
        """Rows and tombstones after a change number."""
        assert scope > 0
        touched = {item_id for number, item_id in self.changes if number > change_number}
        return Changes(
            len(self.changes),
            [self.rows[item_id] for item_id in touched if item_id in self.rows],
            [item_id for item_id in touched if item_id not in self.rows],
            change_number >= self.purged,
        )


@dataclass
class Index:
    """A search index that holds what it was given, whether it is still true or not."""

    rows: list[Item] = field(default_factory=list)
    is_down: bool = False

    def search(self, scope: int, vector: NDArray[np.float32], terms: str, limit_vector: int, limit_text: int) -> list[str]:
        """The nearest rows, and those that share the most terms."""
        assert scope > 0
        if self.is_down:
            raise IndexUnavailable("down")
        wanted = set(terms.split())
        near = sorted(self.rows, key=lambda row: -float(np.frombuffer(row.vector, "<f2").astype("f4") @ vector))[:limit_vector]
        matching = sorted(self.rows, key=lambda row: -len(wanted & set(row.terms.split())))[:limit_text]
        return [row.item_id for row in (*near, *matching)]


def _cache(catalog: Catalog, index: Index, most_bytes: int = 1 << 30, hold_limit: int = 1000) -> Scopes:
    return Scopes(catalog, index, most_bytes, hold_limit)


def _found(scopes: Scopes, catalog: Catalog, question: str = "green tea", most: int = 50) -> list[str]:
    opened = scopes.open([catalog.state])
    found = rank([question], opened.held, embed, RankRequest(query_time=NOW, max_results=most), opened.large)
    return [one.item.item_id for one in found]


def _rows(count: int) -> list[Item]:
    return [item(f"{number:03}", f"tea w{number % 7} w{number % 11}", said_time=NOW - number * DAY) for number in range(count)]


def test_a_scope_is_loaded_once_and_then_kept_current_by_deltas() -> None:
    """The second fetch reads nothing; a new turn costs its delta alone. The index is asked for nothing."""
    catalog, index = Catalog(), Index(is_down=True)
    catalog.put(*_rows(20))
    scopes = _cache(catalog, index)
    _found(scopes, catalog)
    _found(scopes, catalog)
    catalog.put(item("new", "green tea at last"))
    catalog.delete("psg_003")
    found = _found(scopes, catalog)
    assert found[0] == "psg_new"
    assert "psg_003" not in found
    assert catalog.loads == 1
    assert {name: scopes.statistics()[name] for name in ("hits", "loads", "deltas")} == {"hits": 1, "loads": 1, "deltas": 1}


def test_a_scope_older_than_the_tombstones_is_loaded_again() -> None:
    """A deletion that can no longer be told as a delta is seen all the same."""
    catalog, index = Catalog(), Index()
    catalog.put(*_rows(10))
    scopes = _cache(catalog, index)
    _found(scopes, catalog)
    catalog.delete("psg_004")
    catalog.purged = len(catalog.changes)
    catalog.changes[-1] = (len(catalog.changes), "psg_purged")
    assert "psg_004" not in _found(scopes, catalog)
    assert scopes.statistics()["reloads"] == 1


def test_a_fetch_behind_the_cache_uses_what_is_there() -> None:
    """A state read before another thread's refresh asks for nothing."""
    catalog, index = Catalog(), Index()
    catalog.put(*_rows(10))
    old = catalog.state
    catalog.put(item("new", "green tea"))
    scopes = _cache(catalog, index)
    scopes.open([catalog.state])
    assert len(scopes.open([old]).held[0]) == 11
    assert scopes.statistics()["loads"] == 1


def test_one_thread_loads_and_the_others_wait() -> None:
    """Sixteen fetches of a cold scope read it once."""
    catalog, index = Catalog(), Index()
    catalog.put(*_rows(200))
    scopes = _cache(catalog, index)
    answers: list[list[str]] = []
    threads = [threading.Thread(target=lambda: answers.append(_found(scopes, catalog))) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(answers) == 16
    assert all(answer == answers[0] for answer in answers)
    assert catalog.loads == 1


def test_a_load_that_fails_leaves_the_next_one_free() -> None:
    """The error reaches its caller and the scope loads when the catalog is back."""

    class Broken(Catalog):
        def load(self, scope: int) -> tuple[int, ItemColumns]:
            if self.purged:
                raise RuntimeError("locked")
            return super().load(scope)

    catalog = Broken(purged=1)
    catalog.put(*_rows(3))
    scopes = _cache(catalog, Index())
    with pytest.raises(RuntimeError, match="locked"):
        scopes.open([catalog.state])
    catalog.purged = 0
    assert len(scopes.open([catalog.state]).held[0]) == 3


def test_memory_is_bounded_and_the_scope_unused_longest_goes_first() -> None:
    """Scopes beyond the limit are forgotten in order of use."""
    catalog, index = Catalog(), Index()
    catalog.put(*_rows(50))
    size = Scope(1, 1, list(catalog.rows.values())).size_bytes
    scopes = _cache(catalog, index, most_bytes=3 * size)
    for number in (1, 2, 3, 1, 4):
        scopes.open([replace(catalog.state, scope=number)])
    assert scopes.statistics()["evictions"] == 1
    assert scopes.statistics()["bytes"] <= 3 * size
    before = scopes.statistics()["loads"]
    scopes.open([replace(catalog.state, scope=1)])
    assert scopes.statistics()["loads"] == before
    scopes.open([replace(catalog.state, scope=2)])
    assert scopes.statistics()["loads"] == before + 1


def test_a_forgotten_scope_is_loaded_anew() -> None:
    """Forgetting drops the scope and its bytes."""
    catalog, index = Catalog(), Index()
    catalog.put(*_rows(5))
    scopes = _cache(catalog, index)
    scopes.open([catalog.state])
    scopes.forget(1)
    assert scopes.statistics()["bytes"] == 0
    scopes.open([catalog.state])
    assert catalog.loads == 2


def test_it_says_what_has_to_be_loaded_first() -> None:
    """Before the first fetch and after being forgotten a scope has to be read whole; a change in between is no reason, nor is an empty scope."""
    catalog = Catalog()
    scopes = _cache(catalog, Index())
    assert scopes.has_loaded([catalog.state])
    catalog.put(item("a", "tea"))
    assert not scopes.has_loaded([catalog.state])
    scopes.open([catalog.state])
    catalog.put(item("b", "cake"))
    assert scopes.has_loaded([catalog.state])
    scopes.forget(1)
    assert not scopes.has_loaded([catalog.state])


def test_a_scope_without_rows_is_not_read() -> None:
    """Nothing is asked of anybody for a scope that holds nothing."""
    catalog, index = Catalog(), Index()
    opened = _cache(catalog, index).open([catalog.state])
    assert (opened.held, opened.large, catalog.loads) == ([], [], 0)


def test_a_large_scope_answers_nearly_as_if_it_were_held() -> None:
    """Candidates and a sample give the first ten of the exact ranking, and never what was deleted."""
    catalog, index = Catalog(), Index()
    draw = np.random.default_rng(1)
    words = np.array([f"word{number}" for number in range(400)])
    weights = 1 / np.arange(1, 401)
    catalog.put(
        *(
            item(
                f"{number:04}",
                " ".join(draw.choice(words, 8, p=weights / weights.sum())),
                session=f"s{number // 20}",
                said_time=NOW - number * DAY // 20,
                vector=_mixed(draw, number),
            )
            for number in range(2400)
        )
    )
    index.rows = list(catalog.rows.values())
    for number in range(0, 2400, 90):
        catalog.delete(f"psg_{number:04}")
    exact, sampled = _cache(catalog, index, hold_limit=10_000), _cache(catalog, index, hold_limit=1000)
    assert sampled.open([catalog.state]).large
    common = 0
    questions = [" ".join(draw.choice(words, 4)) for _ in range(12)]
    for question in questions:
        close = _found(sampled, catalog, question, 10)
        assert set(close) <= set(catalog.rows)
        common += len(set(close) & set(_found(exact, catalog, question, 10)))
    assert common >= 9 * len(questions)


def test_a_large_scope_without_its_index_serves_what_it_can() -> None:
    """The latest items and the sample are ranked, and the fetch knows that the index was away."""
    catalog, index = Catalog(), Index(is_down=True)
    catalog.put(*_rows(300), item("tea", "green tea"))
    scopes = _cache(catalog, index, hold_limit=100)
    opened = scopes.open([catalog.state])
    found = rank(["green tea"], opened.held, embed, RankRequest(query_time=NOW), opened.large)
    assert found[0].item.item_id == "psg_tea"
    assert opened.large[0].is_index_down


def test_a_large_scope_without_a_question_gives_the_latest() -> None:
    """Without a question the most recent items come from the catalog alone."""
    catalog, index = Catalog(), Index(is_down=True)
    catalog.put(*_rows(300))
    opened = _cache(catalog, index, hold_limit=100).open([catalog.state])
    found = rank([], opened.held, embed, RankRequest(query_time=NOW, max_results=3), opened.large)
    assert [one.item.item_id for one in found] == ["psg_000", "psg_001", "psg_002"]


def _mixed(draw: np.random.Generator, number: int) -> bytes:
    topic = np.random.default_rng(number % 40).standard_normal(384)
    mixed = topic + draw.standard_normal(384)
    return bytes((mixed / np.linalg.norm(mixed)).astype("<f2").tobytes())

"""Reading: scopes, searches, what others wrote."""

from __future__ import annotations

import threading
from datetime import timedelta

import numpy as np
import pytest

from service.vectors.results import Candidate
from service.vectors.writer import IndexWriter
from tests.integration.vectors.conftest import TABLE
from tests.support.stored import as_stored, stored
from tests.unit.vectors.samples import item, items, vector, wide


def _ids(found: list[Candidate]) -> set[str]:
    return {candidate.item_id for candidate in found}


def test_others_writes_are_seen(index: IndexWriter, other: IndexWriter) -> None:
    """A reader sees at once what another process writes and deletes, and writes on top of it."""
    index.upsert(TABLE, items(range(5)))
    assert stored(other.uri, TABLE, 1) == as_stored(items(range(5)))
    other.upsert(TABLE, items(range(3, 8)))
    other.delete(TABLE, [item(0).item_id])
    assert stored(index.uri, TABLE, 1) == as_stored(items(range(1, 8)))
    assert index.state(TABLE) == other.state(TABLE)


def test_scopes_are_apart(index: IndexWriter) -> None:
    """A scope holds its own items, before and after upkeep; an unknown one is empty."""
    for scope in range(1, 4):
        index.upsert(TABLE, items(range(10 * scope, 10 * scope + 10), scope=scope))
    for _ in range(3):
        for scope in range(1, 4):
            assert stored(index.uri, TABLE, scope) == as_stored(items(range(10 * scope, 10 * scope + 10), scope=scope))
        assert stored(index.uri, TABLE, 9) == as_stored([])
        index.optimize(TABLE, keep=timedelta(milliseconds=1))


@pytest.mark.parametrize("optimized", [False, True])
def test_search_respects_scopes(index: IndexWriter, *, optimized: bool) -> None:
    """Neither query leaves the scopes asked for, however much better another scope's rows are."""
    index.upsert(TABLE, items(range(30), scope=1) + items(range(100, 130), scope=2) + items(range(200, 230), scope=3))
    if optimized:
        index.optimize(TABLE, keep=timedelta(milliseconds=1))
    asked = wide(item(5).vector)
    found = index.search(TABLE, [2, 3], vector=asked, terms="shared word5", limit_vector=100, limit_text=100)
    assert _ids(found) == {one.item_id for one in items(range(100, 130)) + items(range(200, 230))}
    assert index.search(TABLE, [4], vector=asked, terms="shared") == []


def test_nearest_are_exact(index: IndexWriter) -> None:
    """The vector query returns the true nearest rows with their cosine distances, for a question of any length."""
    index.upsert(TABLE, items(range(300)))
    asked = wide(vector(1234))
    stored = np.stack([wide(item(number).vector) for number in range(300)])
    distances = 1 - stored @ asked / (np.linalg.norm(stored, axis=1) * np.linalg.norm(asked))
    found = {one.item_id: one.distance for one in index.search(TABLE, [1], vector=asked * 3, limit_vector=10)}
    nearest = np.argsort(distances)[:10]
    assert found == {item(place).item_id: pytest.approx(distances[place], abs=1e-3) for place in nearest.tolist()}


@pytest.mark.parametrize("optimized", [False, True])
def test_terms_match_whole(index: IndexWriter, *, optimized: bool) -> None:
    """Terms are matched as they were stored: no stemming, folding, stop words, case or length limit of the index's own."""
    stored = ["the who", "running", "Run", "café", "don't", "x" * 60, "gpt-4o", "東京 タワー"]
    index.upsert(TABLE, [item(number, terms=terms) for number, terms in enumerate(stored)])
    if optimized:
        index.optimize(TABLE, keep=timedelta(milliseconds=1))
    for number, terms in enumerate(stored):
        for term in terms.split():
            assert _ids(index.search(TABLE, [1], terms=term)) == {item(number).item_id}, term
    for absent in ("run", "cafe", "don", "gpt", "4o", "x" * 40, "東"):
        assert index.search(TABLE, [1], terms=absent) == []


def test_candidates_join_both_queries(index: IndexWriter) -> None:
    """A row that both queries find comes once with both values; without a question there is none."""
    index.upsert(TABLE, items(range(5)))
    (found,) = index.search(TABLE, [1], vector=wide(item(3).vector), terms="word3", limit_vector=1)
    assert (found.item_id, found.version) == (item(3).item_id, 1)
    assert found.distance == pytest.approx(0, abs=1e-3) and found.score is not None and found.score > 0
    (by_terms,) = index.search(TABLE, [1], terms="word4")
    assert by_terms.distance is None
    assert index.search(TABLE, [1]) == []


@pytest.mark.parametrize("terms", ["' OR '1'='1", '"', "shared AND word1", "*", "shar*", "(", "word1^9", "\0", "x" * 100_000])
def test_hostile_terms_are_text(index: IndexWriter, terms: str) -> None:
    """Terms have no syntax."""
    index.upsert(TABLE, items(range(3)))
    held = {one.item_id for one in items(range(3))}
    expected = {one.item_id for one in items(range(3)) if set(one.terms.split()) & set(terms.split())}
    assert _ids(index.search(TABLE, [1], terms=terms)) == expected <= held


def test_sweep(index: IndexWriter, other: IndexWriter) -> None:
    """A sweep tells every id and version of one moment, whatever is written meanwhile."""
    index.upsert(TABLE, items(range(500)) + items(range(500, 600), version=4))
    slices = index.sweep(TABLE)
    rows = list(next(slices))
    other.delete(TABLE, [one.item_id for one in items(range(600))])
    rows += [row for some in slices for row in some]
    assert sorted(rows) == [(item(number).item_id, 1 if number < 500 else 4) for number in range(600)]
    assert list(index.sweep(TABLE)) == []


def test_readers_outlive_upkeep(index: IndexWriter, other: IndexWriter) -> None:
    """While the owner writes, optimises and removes old versions at once, readers see whole scopes and no error."""
    index.upsert(TABLE, items(range(50)))
    seen: list[int] = []
    failed: list[Exception] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            try:
                seen.append(len(other.search(TABLE, [1], vector=wide(vector(0)), limit_vector=1000)))
            except Exception as error:  # noqa: BLE001 - the test asserts on it
                failed.append(error)

    readers = [threading.Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    try:
        for round_ in range(8):
            for number in range(5):
                index.append(TABLE, [item(50 + 5 * round_ + number)])
            index.optimize(TABLE, keep=timedelta(milliseconds=1))
    finally:
        done.set()
        for reader in readers:
            reader.join()
    assert failed == []
    assert set(seen) <= set(range(50, 91)) and len(stored(index.uri, TABLE, 1)) == 90

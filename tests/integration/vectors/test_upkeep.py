"""Upkeep comes when it is worth its while, and makes tables small."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from service.vectors.upkeep import BUSY_COMMITS, ERASE_PASSES, IDLE_COMMITS, IDLE_SECONDS, KEEP, MOST_COMMITS, Upkeep
from service.vectors.writer import IndexWriter
from tests.integration.vectors.conftest import TABLE
from tests.support.shelf import Shelf
from tests.support.stored import as_stored, stored
from tests.unit.vectors.samples import item, items


class Clock:
    """Stands still until told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        """The time."""
        return self.now


def _settled(index: IndexWriter, clock: Clock) -> Upkeep:
    upkeep = Upkeep(index, TABLE, clock=clock)
    upkeep.run()
    clock.now += 1000
    return upkeep


def test_waits_for_enough_commits(index: IndexWriter) -> None:
    """Under load a pass waits for many small files, at rest for a few."""
    clock = Clock()
    upkeep = _settled(index, clock)
    assert not upkeep.due()
    upkeep.committed(IDLE_COMMITS)
    assert not upkeep.due()
    clock.now += IDLE_SECONDS
    assert upkeep.due()
    upkeep.committed()
    assert not upkeep.due()
    upkeep.committed(BUSY_COMMITS - IDLE_COMMITS)
    assert upkeep.due()


def test_rests_after_a_pass(index: IndexWriter) -> None:
    """Passes take a small share of the time, unless very many files are waiting."""
    clock = Clock()
    upkeep = _settled(index, clock)
    index.append(TABLE, [item(1)])
    upkeep.committed(BUSY_COMMITS)
    assert upkeep.due()
    upkeep.run()
    upkeep.committed(BUSY_COMMITS)
    assert not upkeep.due()
    upkeep.committed(MOST_COMMITS - BUSY_COMMITS)
    assert upkeep.due()


def test_old_versions_go_once(index: IndexWriter) -> None:
    """What a pass leaves behind goes with a later one even when nobody writes, and then upkeep is quiet."""
    clock = Clock()
    upkeep = _settled(index, clock)
    upkeep.committed(BUSY_COMMITS)
    upkeep.run()
    clock.now += KEEP.total_seconds() - 1
    assert not upkeep.due()
    clock.now += 1
    assert upkeep.due()
    upkeep.run()
    clock.now += 10 * KEEP.total_seconds()
    assert not upkeep.due()


def test_deleted_words_leave_the_files(index: IndexWriter, shelf: Shelf) -> None:
    """When nobody writes any more, passes rewrite what holds deleted rows, though they be few; then upkeep is quiet."""
    index.append(TABLE, [*items(range(50)), replace(item(99), text="xylophone")])
    clock = Clock()
    upkeep = _settled(index, clock)
    index.delete(TABLE, [item(99).item_id])
    upkeep.committed()
    upkeep.deleted()
    assert not upkeep.due()

    for pause in (IDLE_SECONDS, *[KEEP.total_seconds()] * (ERASE_PASSES - 1)):
        clock.now += pause
        assert upkeep.due()
        if upkeep.begins_erasure:
            index.touch(TABLE)
        upkeep.run()
    assert index.fragments(TABLE) == 1
    index.optimize(TABLE, keep=timedelta(milliseconds=1))  # the last pass once more: `KEEP` has not passed for LanceDB's clock

    assert not any(b"xylophone" in file.read_bytes() for file in shelf.path.rglob("*") if file.is_file())
    assert stored(index.uri, TABLE, 1) == as_stored(items(range(50)))
    clock.now += 10 * KEEP.total_seconds()
    assert not upkeep.due()


def test_files_left_by_an_earlier_owner_count(index: IndexWriter) -> None:
    """An owner that starts on a table of many small files soon merges them."""
    for number in range(IDLE_COMMITS):
        index.append(TABLE, [item(number)])
    clock = Clock()
    upkeep = Upkeep(index, TABLE, clock=clock)
    clock.now += IDLE_SECONDS
    assert upkeep.due()
    upkeep.run()
    assert index.fragments(TABLE) == 1


def test_pass_makes_the_table_small(index: IndexWriter, shelf: Shelf) -> None:
    """After passes a table has few files and little on disk, and holds the same rows and names."""
    for number in range(40):
        index.upsert(TABLE, [item(number)])
    index.delete(TABLE, [item(number).item_id for number in range(20)])
    before = sum(1 for file in shelf.path.rglob("*") if file.is_file())
    for _ in range(3):
        index.optimize(TABLE, keep=timedelta(milliseconds=1))
    assert index.fragments(TABLE) == 1
    assert sum(1 for file in shelf.path.rglob("*") if file.is_file()) < before / 3
    assert stored(index.uri, TABLE, 1) == as_stored(items(range(20, 40)))
    state = index.state(TABLE)
    assert state is not None and (state.log_epoch, state.generation) == (7, 1)
    index.upsert(TABLE, items(range(30, 45)))
    assert stored(index.uri, TABLE, 1) == as_stored(items(range(20, 45)))

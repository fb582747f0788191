"""One owner with several shards: it takes and hands back what its intake says, and losing one disturbs no other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from service.catalog.engine import Catalog
from service.catalog.ownership import FencedError, take_ownership
from service.domain.item import Item
from service.domain.kinds import Lane, ScopeKind
from service.domain.scope import ScopeRef
from service.log.base import Record
from service.log.outbox import read_outbox
from service.vectors.errors import IndexUnavailable
from service.vectors.writer import IndexWriter
from tests.support.catalogs import message, new_catalog, record, rows, scalar
from tests.support.owners import OwnerThread
from tests.support.stages import statements

SHARDS = 4


class Assigned:
    """An intake whose shards a test changes; a shard that was lost is not assigned any longer."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self.assigned: frozenset[int] = frozenset()
        self.lost: list[int] = []

    def shards(self) -> frozenset[int]:
        """See `Intake.shards`."""
        return self.assigned

    def read(self, shard: int, lane: Lane, after: int, most: int) -> Sequence[Record]:
        """See `Intake.read`."""
        return read_outbox(self._catalog, shard, lane, after, most)

    def applied(self, shard: int, lane: Lane, seq: int) -> None:
        """See `Intake.applied`."""

    def fenced(self, error: FencedError) -> None:
        """See `Intake.fenced`."""
        self.lost.append(error.shard)
        self.assigned -= {error.shard}


class AwayWriter(IndexWriter):
    """A writer for which the tables of one shard are away."""

    away: int | None = 1

    def create(self, name: str, *, log_epoch: int, generation: int) -> int:
        """See `IndexWriter.create`."""
        self._check(name)
        return super().create(name, log_epoch=log_epoch, generation=generation)

    def upsert(self, name: str, items: Iterable[Item]) -> int | None:
        """See `IndexWriter.upsert`."""
        self._check(name)
        return super().upsert(name, items)

    def _check(self, name: str) -> None:
        if name.startswith(f"shard{self.away}_"):
            raise IndexUnavailable("its volume is away")


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A deployment of four shards."""
    opened = new_catalog(tmp_path, shards=SHARDS)
    yield opened
    opened.close()


def write(catalog: Catalog, name: str) -> None:
    """Turns of many customers, so that every shard gets some."""
    record(
        catalog,
        *(
            message(f"likes {name} {place}", conversation=f"{name} {place}", scope=ScopeRef(ScopeKind.USER, f"c{place}", "u"))
            for place in range(24)
        ),
    )


def behind(catalog: Catalog) -> set[int]:
    """Shards with records that cannot be searched yet."""
    lagging = "SELECT h.shard FROM log_heads h JOIN log_indexed i ON h.shard = i.shard AND h.lane = i.lane WHERE h.seq > i.seq"
    return {int(shard) for (shard,) in rows(catalog, lagging)}


def test_it_takes_and_hands_back_what_it_is_told(catalog: Catalog, tmp_path: Path) -> None:
    """Only what is assigned is worked; what is handed back is held no longer, and goes on where it was when it comes again."""
    intake = Assigned(catalog)
    write(catalog, "tea")
    assert behind(catalog) == set(range(SHARDS))
    with OwnerThread(catalog, str(tmp_path / "index"), intake=intake) as owner:
        intake.assigned = frozenset({0, 2})
        owner.wait(lambda: behind(catalog) == {1, 3})
        intake.assigned = frozenset({1, 2})
        owner.wait(lambda: behind(catalog) == {3})
        write(catalog, "rain")
        owner.wait(lambda: behind(catalog) == {0, 3})
        assert owner.owner.owned == 2
        intake.assigned = frozenset()
        owner.wait(lambda: owner.owner.owned == 0 and scalar(catalog, "SELECT count(*) FROM log_held") == 0)
        intake.assigned = frozenset(range(SHARDS))
        owner.wait(lambda: not behind(catalog))

    assert len(statements(catalog)) == 48 and scalar(catalog, "SELECT count(*) FROM log_attempts") == 0
    assert rows(catalog, "SELECT shard, owner_epoch FROM shard_owner ORDER BY shard") == [(0, 2), (1, 2), (2, 2), (3, 1)]


def test_a_lost_shard_disturbs_no_other(catalog: Catalog, tmp_path: Path) -> None:
    """Fenced in one shard, with work of it in the child, it commits nothing there and finishes the others."""
    intake = Assigned(catalog)
    intake.assigned = frozenset(range(SHARDS))
    with OwnerThread(catalog, str(tmp_path / "index"), intake=intake) as owner:
        owner.wait(lambda: owner.owner.owned == SHARDS)
        with owner.paused():
            write(catalog, "tea")
            owner.wait(lambda: scalar(catalog, "SELECT count(*) FROM log_held") == SHARDS)
            with catalog.write() as connection:
                take_ownership(connection, 1, "another")
        owner.wait(lambda: behind(catalog) == {1})

        assert (intake.lost, owner.owner.owned) == ([1], SHARDS - 1)
        assert scalar(catalog, "SELECT seq FROM log_applied WHERE shard = 1 AND lane = 0") == 0


def test_an_index_that_is_away_is_one_shards_trouble(catalog: Catalog, tmp_path: Path) -> None:
    """Its shard is taken and its records are stored, the others are indexed too; it follows when it is back."""
    intake = Assigned(catalog)
    intake.assigned = frozenset(range(SHARDS))
    write(catalog, "tea")
    with OwnerThread(catalog, str(tmp_path / "index"), writer=AwayWriter, intake=intake) as owner:
        assert isinstance(owner.writer, AwayWriter)
        owner.wait(lambda: behind(catalog) == {1})
        write(catalog, "rain")
        owner.wait(lambda: len(statements(catalog)) == 48 and behind(catalog) == {1})
        assert owner.owner.owned == SHARDS
        owner.writer.away = None
        owner.wait(lambda: not behind(catalog))

    assert scalar(catalog, "SELECT count(*) FROM log_attempts") == 0

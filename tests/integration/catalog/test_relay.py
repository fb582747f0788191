"""Leases of the relay: one holder at a time by the database's clock, and nothing is said in the name of a lease that has passed on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.catalog import log, relay
from service.catalog.engine import Catalog
from tests.support.catalogs import new_catalog, run_sql

LONG = 3600.0


@pytest.fixture
def catalog(tmp_path: Path) -> Iterator[Catalog]:
    """A fresh deployment of two shards."""
    opened = new_catalog(tmp_path, shards=2)
    yield opened
    opened.close()


def hold(catalog: Catalog, holder: str, seconds: float = LONG) -> dict[int, int]:
    """Renew and take leases."""
    with catalog.write() as connection:
        return relay.hold_leases(connection, holder, seconds)


def advance(catalog: Catalog, epochs: dict[int, int], seq: int) -> int:
    """Say that shard 0 is published up to a number. Returns what the catalog says then."""
    with catalog.write() as connection:
        relay.advance_published(connection, epochs, {(0, 0): seq})
        return log.progress(connection, "log_published")[0, 0]


def test_a_lease_has_one_holder_until_it_ends(catalog: Catalog) -> None:
    """While it lasts nobody else gets it; its holder renews it under the same epoch; afterwards the next one has another."""
    first = hold(catalog, "first")

    assert set(first) == {0, 1}
    assert hold(catalog, "second") == {} and hold(catalog, "first") == first
    run_sql(catalog, "UPDATE relay_leases SET expire_time = expire_time - 7200000000 WHERE shard = 0")
    assert hold(catalog, "second") == {0: first[0] + 1}
    assert hold(catalog, "first") == {1: first[1]}


def test_a_lease_that_is_given_back_is_free_at_once(catalog: Catalog) -> None:
    """A relay that stops in order leaves no gap in time."""
    hold(catalog, "first")
    with catalog.read() as connection:
        assert relay.has_leases(connection, "first") and not relay.has_leases(connection, "second")
    with catalog.write() as connection:
        relay.give_leases_back(connection, "first")
    with catalog.read() as connection:
        assert relay.has_leases(connection, "second")
    assert set(hold(catalog, "second")) == {0, 1}


def test_published_moves_only_forward_and_only_for_the_holder(catalog: Catalog) -> None:
    """A relay that comes late says nothing; nor does one that holds no lease of the shard."""
    first = hold(catalog, "first", seconds=-1)
    assert advance(catalog, first, 5) == 5 and advance(catalog, first, 3) == 5

    second = hold(catalog, "second")

    assert advance(catalog, first, 9) == 5 and advance(catalog, {1: second[1]}, 9) == 5
    assert advance(catalog, second, 7) == 7

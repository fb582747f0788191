"""Keys: what opens an instance, for how long it is believed, and that floods of unknown ones push no good one out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.app.keys import CACHED_SECONDS, CACHED_UNKNOWN, Keys, NewKey, draw_key
from service.app.reads import Reads
from service.app.workers import Workers
from service.catalog import instances
from service.catalog.engine import Catalog
from service.catalog.instances import InstanceRow, KeyRow
from service.domain.errors import Unauthenticated
from service.domain.kinds import Isolation
from tests.support.catalogs import INSTANCE, NOW, new_catalog


class Bench:
    """A catalog with one instance and one key, and a clock."""

    def __init__(self, directory: Path) -> None:
        self.catalog: Catalog = new_catalog(directory)
        self.workers = Workers("read", threads=1, bound=8)
        self.now = 0.0
        self.keys = Keys(Reads(self.catalog, self.workers), lambda: self.now)
        self.key: NewKey = draw_key()
        with self.catalog.write() as connection:
            instances.insert_instance(connection, InstanceRow(INSTANCE, "mine", Isolation.STRICT, NOW))
            row = KeyRow(self.key.key_id, INSTANCE, self.key.secret_hash, "", NOW, None)
            instances.insert_key(connection, row)

    def revoke(self) -> None:
        """Revoke the key."""
        with self.catalog.write() as connection:
            instances.revoke_key(connection, self.key.key_id, NOW)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """One instance, one key."""
    found = Bench(tmp_path)
    yield found
    found.workers.close()
    found.catalog.close()


async def test_a_key_opens_its_instance(bench: Bench) -> None:
    """The principal is bound to the key's instance."""
    principal = await bench.keys.authenticate(bench.key.secret)

    assert (principal.instance_id, principal.name, principal.isolation) == (INSTANCE, "mine", Isolation.STRICT)


async def test_everything_else_gets_one_answer(bench: Bench) -> None:
    """Missing, garbled, unknown and half-right keys cannot be told apart."""
    wrong = bench.key.secret[:-1] + ("0" if bench.key.secret[-1] != "0" else "1")
    told = set()
    for key in ("", "x", wrong, draw_key().secret, bench.key.secret + "0", bench.key.secret.upper(), "é", "eunoe_"):
        with pytest.raises(Unauthenticated) as refused:
            await bench.keys.authenticate(key)
        told.add((refused.value.message, refused.value.reason, repr(refused.value.values)))

    assert len(told) == 1


async def test_a_revoked_key_ends_within_five_seconds(bench: Bench) -> None:
    """A revoked key is believed for at most the time it is remembered."""
    await bench.keys.authenticate(bench.key.secret)
    bench.revoke()
    bench.now += CACHED_SECONDS - 0.1
    await bench.keys.authenticate(bench.key.secret)
    bench.now += 0.2
    with pytest.raises(Unauthenticated):
        await bench.keys.authenticate(bench.key.secret)


async def test_unknown_keys_are_remembered_apart(bench: Bench) -> None:
    """A flood of unknown keys is remembered within bounds and does not push a good key out."""
    await bench.keys.authenticate(bench.key.secret)
    for _ in range(CACHED_UNKNOWN + 5):
        with pytest.raises(Unauthenticated):
            await bench.keys.authenticate(draw_key().secret)
    bench.revoke()  # whoever reads it now finds it revoked

    await bench.keys.authenticate(bench.key.secret)


def test_drawn_keys_differ() -> None:
    """Every key is drawn anew, and its hash is over the whole of it."""
    drawn = {draw_key().secret for _ in range(100)}

    assert len(drawn) == 100
    assert all(secret.startswith("eunoe_") and len(secret.rpartition("_")[2]) == 64 for secret in drawn)

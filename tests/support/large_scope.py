"""A scope of tens of thousands of generated rows, put into the catalog of a stopped service as the owner would have put them.

Every row is a turn of two made-up statements; its vector is the mean of theirs with a little noise, so that a few thousand forward passes
are enough. The rows are noted as pending, so the service indexes them by itself at its next start.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from service.catalog import deployment as deployments
from service.catalog import instances, items, scopes
from service.catalog.engine import Catalog
from service.domain.item import Item
from service.domain.kinds import PASSAGE, ScopeKind
from service.domain.scope import ScopeRef
from service.embedders.local import LocalEmbedder
from service.retrieval.terms import analyse
from service.retrieval.times import has_time_word
from tests.support.model import real_model
from tests.support.talk import BEGIN, STEP, statement

STATEMENTS = 1500
_PAGE = 4000
_BEGIN_US = int(BEGIN.timestamp() * 1_000_000)
_STEP_US = int(STEP.total_seconds() * 1_000_000)


def fill_scope(directory: Path, user_id: str, customer_id: str, rows: int) -> None:
    """Add rows to a user's scope of the first instance; something must have been written to it before."""
    catalog = Catalog(directory / "catalog.db")
    try:
        with catalog.write() as connection:
            instance = instances.find_instance(connection, "default")
            deployment = deployments.load_deployment(connection)
            assert instance is not None
            assert deployment is not None
            ref = ScopeRef(ScopeKind.USER, user_id=user_id, customer_id=customer_id)
            found = scopes.find_scope(connection, instance.instance_id, ref)
            assert found is not None
            change = scopes.draw_change(connection, found[0])
            scopes.grow(connection, {found[0]: rows})
            extra = {"shard": found[1], "change_number": change, "generation": deployment.generation}
            page: list[dict[str, Any]] = []
            for item in _items(found[0], rows):
                page.append({name: getattr(item, name) for name in Item.__dataclass_fields__} | extra)
                if len(page) == _PAGE:
                    items.put_items(connection, page)
                    page = []
            items.put_items(connection, page)
    finally:
        catalog.close()


def bury_unnoticed(directory: Path, item_ids: list[str]) -> None:
    """Delete rows in the catalog of a stopped service so that its index never hears of it."""
    catalog = Catalog(directory / "catalog.db")
    try:
        with catalog.write() as connection:
            (scope,) = {item.scope for item in items.items_by_ids(connection, item_ids)}
            change = scopes.draw_change(connection, scope)
            scopes.grow(connection, {scope: -len(item_ids)})
            assert items.bury_items(connection, item_ids, change) == len(item_ids)
            shard = 0
            pending = items.read_pending(connection, shard, len(item_ids))
            items.clear_pending(connection, [(item_id, version) for item_id, version, _ in pending])
    finally:
        catalog.close()


def _items(scope: int, rows: int) -> Iterator[Item]:
    said = sorted({statement(f"row {number}") for number in range(STATEMENTS)})
    vectors = _embed(said)
    chance, noise = random.Random(0), np.random.default_rng(0)
    for number in range(1, rows + 1):
        first, second = chance.randrange(len(said)), chance.randrange(len(said))
        text = f"{said[first]} {said[second]}"
        vector = vectors[first] + vectors[second] + noise.normal(0, 0.02, vectors.shape[1])
        yield Item(
            item_id=f"psg_{UUID(int=chance.getrandbits(128)).hex}",
            scope=scope,
            kind=PASSAGE,
            version=1,
            text=text,
            terms=" ".join(analyse(text)),
            vector=(vector / np.linalg.norm(vector)).astype("<f2").tobytes(),
            speaker="User",
            role="user",
            conversation="long ago",
            session=f"sitting {number // 20}",
            number=number,
            parent="",
            words=len(text.split()),
            has_time_word=has_time_word(text),
            said_time=_BEGIN_US + number * _STEP_US,
            confidence=1.0,
            event_time=None,
            valid_from=None,
            valid_until=None,
            details="{}",
            metadata="",
        )


def _embed(texts: list[str]) -> NDArray[np.float64]:
    embedder = LocalEmbedder.open(real_model().directory)
    return np.concatenate([embedder.embed(texts[start : start + 16]) for start in range(0, len(texts), 16)]).astype(np.float64)

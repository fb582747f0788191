"""The same sources give the same memories, however batches and processing order fall."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import given, settings
from hypothesis import strategies as st

from service.catalog.engine import Catalog
from service.catalog.recording import Write
from service.domain.kinds import Lane
from tests.support.catalogs import CUSTOMER, MINUTE, NOW, USER, Catalogs, document, message, record
from tests.support.stages import HandOwner, Told, batches, check_books, told_by

LINES = ["likes tea", "likes TEA", "saw the sea", "home Porto", "home Lisbon", "not home Porto", "how are you?"]


@st.composite
def histories(draw: st.DrawFn) -> list[Write]:
    """A few turns of two conversations, and documents that repeat some of them."""
    writes: list[Write] = []
    for number in range(draw(st.integers(2, 7))):
        lines = "\n".join(draw(st.lists(st.sampled_from(LINES), min_size=1, max_size=2)))
        said = NOW + draw(st.integers(-3, 3)) * MINUTE
        lane = draw(st.sampled_from(Lane))
        if draw(st.booleans()):
            talk = draw(st.sampled_from(["one", "two"]))
            writes.append(message(lines, conversation=talk, message_id=f"m{number}", said=said, session="s", lane=lane))
        else:
            scope = draw(st.sampled_from([USER, USER, CUSTOMER]))
            writes.append(document(lines, document_id=f"d{number}", scope=scope, written=said, lane=lane))
    return writes


@contextmanager
def processed(catalogs: Catalogs, writes: list[Write]) -> Iterator[tuple[Catalog, HandOwner]]:
    """A catalog with these sources recorded, not yet applied."""
    with catalogs.fresh() as catalog:
        record(catalog, *writes)
        yield catalog, HandOwner(catalog)


def undisturbed(catalogs: Catalogs, writes: list[Write]) -> list[Told]:
    """What comes out when every record is stored by itself, in order."""
    with processed(catalogs, writes) as (catalog, owner):
        for outcome in [*owner.waiting(Lane.REALTIME), *owner.waiting(Lane.BOOTSTRAP)]:
            owner.store([outcome])
        check_books(catalog)
        return told_by(catalog)


@given(writes=histories(), sizes=st.lists(st.integers(1, 4), max_size=4), data=st.data())
@settings(max_examples=30, deadline=None)
def test_neither_order_nor_batches_matter(catalogs: Catalogs, writes: list[Write], sizes: list[int], data: st.DataObject) -> None:
    """Any order of processing in any batches gives the memories and excerpts of an undisturbed run: text, validity, sources, all."""
    expected = undisturbed(catalogs, writes)

    with processed(catalogs, writes) as (catalog, owner):
        found = [*owner.waiting(Lane.REALTIME), *owner.waiting(Lane.BOOTSTRAP)]
        order = data.draw(st.permutations(range(len(found))))
        for batch in batches([found[at] for at in order], sizes):
            owner.store(batch)
            check_books(catalog)
        assert told_by(catalog) == expected

"""Ids that are computed are the same on every replay, and instants survive both ways."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from service.domain.ids import entity_id, observation_id, passage_id
from service.domain.instants import from_us, to_us
from service.domain.kinds import MemoryType

SOURCE = "0123456789abcdef0123456789abcdef"


def test_ids_never_change() -> None:
    """Computed ids are those of this committed vector: tombstones and what callers kept depend on it."""
    assert passage_id(SOURCE, 0, 0, 12) == "psg_f280286b5a8154a6b8b4420a97938f8a"
    assert observation_id(SOURCE, 0, 12, MemoryType.FACT, "likes tea") == "mem_b319adb0e3c55771abd2ae20e6f1df27"
    assert entity_id(7, "ana") == "ent_ffedd079923859d08462097159610e7c"


def test_every_part_counts() -> None:
    """Two observations differ in id when source, span, type or statement differ."""
    ids = {
        observation_id(source, start, end, kind, key)
        for source in (SOURCE, "f" * 32)
        for start in (0, 1)
        for end in (11, 12)
        for kind in (MemoryType.FACT, MemoryType.PREFERENCE)
        for key in ("likes tea", "likes milk")
    }

    assert len(ids) == 32


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_round_trip(moment: datetime) -> None:
    """A moment is whole microseconds and comes back exactly, also before 1970."""
    assert from_us(to_us(moment)) == moment

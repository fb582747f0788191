"""Identifiers that are computed, so that replaying a source gives the same ones. Drawn ids (UUIDv7) come from the catalog."""

from __future__ import annotations

import uuid

from service.domain.kinds import MemoryType

_PASSAGES = uuid.UUID("5c9d8a0e-4b1d-5a63-9f0e-7b1c3f0f6a11")
_OBSERVATIONS = uuid.UUID("0b0e9d6e-2f64-5a0b-8a3c-54a1c6f7d2b9")
_ENTITIES = uuid.UUID("8e4a2c64-91a7-5f0d-b6f3-2d6a90c1e4d7")


def passage_id(source_id: str, ordinal: int, start: int, end: int) -> str:
    """The id of a passage: UUIDv5 of its source, place and span."""
    return "psg_" + uuid.uuid5(_PASSAGES, f"{source_id}:{ordinal}:{start}:{end}").hex


def observation_id(source_id: str, start: int, end: int, kind: MemoryType, key: str) -> str:
    """The id of an observation, and of the memory it creates: UUIDv5 of source, span, type and normalised statement."""
    return "mem_" + uuid.uuid5(_OBSERVATIONS, f"{source_id}:{start}:{end}:{kind.value}:{key}").hex


def next_memory_id(memory_id: str) -> str:
    """The id of a memory whose own is taken by the tombstone of a former one that said the same."""
    return "mem_" + uuid.uuid5(_OBSERVATIONS, memory_id).hex


def entity_id(scope: int, name_key: str) -> str:
    """The id of an entity: UUIDv5 of its scope and folded name."""
    return "ent_" + uuid.uuid5(_ENTITIES, f"{scope}:{name_key}").hex

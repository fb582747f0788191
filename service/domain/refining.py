"""What long-range extraction knows beyond one source: what a scope has learned so far, and what a second look at a session gives."""

from __future__ import annotations

from dataclasses import dataclass

from service.domain.source import Observation, Source


@dataclass(frozen=True, slots=True)
class KnownEntity:
    """A name of a scope's graph, and what else it goes by."""

    name: str
    kind: str
    aliases: tuple[str, ...] = ()
    """Folded names; a role such as "user's sister" is one too."""


@dataclass(frozen=True, slots=True)
class KnownStatement:
    """A memory of a scope, as far as a new statement can be its double."""

    type: str
    subject: str
    statement: str
    polarity: int


@dataclass(frozen=True, slots=True)
class Known:
    """What a scope knows."""

    entities: tuple[KnownEntity, ...] = ()
    statements: tuple[KnownStatement, ...] = ()
    """The first said first; only what was said before the session begins."""


@dataclass(frozen=True, slots=True)
class Session:
    """The sources of one sitting in order: the messages of a session, or one document."""

    sources: tuple[Source, ...]
    said: tuple[frozenset[str], ...]
    """Per source, the fingerprints of its observations as they are kept: what a second look finds again needs no work."""
    known: Known


@dataclass(frozen=True, slots=True)
class Refined:
    """A source's observations after the second look."""

    source_id: str
    observations: tuple[Observation, ...]


def fingerprint(type_: str, key: str, statement: str, subject: str, names: tuple[str, ...]) -> str:
    """Equal for observations that need no second writing."""
    return "\0".join((type_, key, statement, subject, *sorted(names)))

"""What goes through the stages of the pipeline: one type per amount of progress.

    Source -> Parsed -> Segmented -> Extracted -> Embedded

A stage's signature is its contract; a stage cannot be skipped because the types do not fit. All of them cross a process
boundary, so they hold plain values only. Character spans are half-open offsets into the source's own content.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.domain.kinds import DocumentType, IngestionMode, MemoryType, Precision, Role, SourceKind


@dataclass(frozen=True, slots=True)
class PreviousTurn:
    """A turn said shortly before, in the same session: context for ranking, never a source of observations."""

    speaker: str
    """Display label: the speaker's name, else "User" or "Assistant"."""
    text: str


@dataclass(frozen=True, slots=True)
class Source:
    """One recorded message or one document, as the catalog holds it."""

    source_id: str
    """The server's own id: 32 hexadecimal digits."""
    kind: SourceKind
    content: str
    said_time: datetime
    """When it was said or written, aware, UTC; the record time where the caller did not say."""
    time_zone: str
    """IANA name or ±HH:MM of the speaker's local calendar; empty: UTC."""
    mode: IngestionMode
    document_type: DocumentType | None = None
    """Set for documents."""
    role: Role | None = None
    """Set for messages."""
    speaker: str = ""
    """The speaker's name of a message, where the caller named one."""
    previous: tuple[PreviousTurn, ...] = ()
    """The (at most two) turns before this message in its session, oldest first."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of a source said by one speaker, or one section of a document without speakers."""

    text: str
    start: int
    end: int
    role: Role | None
    speaker: str
    """The speaker's name or label; empty in a document without speakers."""
    said_time: datetime
    heading: str = ""
    """The headings above this stretch, joined with " > "."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A source taken apart into turns."""

    source: Source
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Passage:
    """A verbatim piece of a source that can be found and served."""

    ordinal: int
    """Position among the passages of the source, from 0."""
    start: int
    end: int
    text: str
    role: Role | None
    speaker: str
    said_time: datetime
    context: str
    """What full-text search reads: date, the beginnings of the two turns before, the beginning of this one."""
    embed_text: str
    """What is embedded: "Speaker: text"."""
    is_head: bool
    """False for the further chunks of a long turn, which count less in ranking."""
    turn: int
    """Index of the turn in `Parsed.turns`."""


@dataclass(frozen=True, slots=True)
class Segmented:
    """A source with its passages."""

    source: Source
    turns: tuple[Turn, ...]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Mention:
    """A name in a statement."""

    name: str
    kind: str
    """person, place, organisation, product, work, animal or thing."""
    aliases: tuple[str, ...] = ()
    """Folded: what else it is called, a role such as "user's sister" included."""


@dataclass(frozen=True, slots=True)
class Relation:
    """An edge of the graph, between two names of one statement: (subject) -predicate-> (object)."""

    subject: str
    predicate: str
    object: str


@dataclass(frozen=True, slots=True)
class Observation:
    """One statement extracted from one span of one source by one version of the extractor."""

    type: MemoryType
    statement: str
    """Short, self-contained, third person: "User's sister Ana lives in Porto"."""
    key: str
    """Normalised statement: equal keys of one type in one scope are the same memory."""
    start: int
    end: int
    confidence: float
    """0 to 1."""
    said_time: datetime
    subject: str = "user"
    """Who the statement is about: "user" or a lower-case name."""
    attribute: str = ""
    """The single-valued attribute (home, job, diet, plan, ...) that `value` fills; empty: none. Subject and attribute form a slot."""
    value: str = ""
    corrects: bool = False
    """Whether it takes back what was said before: "actually it's Tuesday"."""
    polarity: int = 1
    """+1, or -1 where the statement is a dislike or an end ("no longer works at ...")."""
    strength: float | None = None
    """Preferences: 0 to 1."""
    emotion: str = ""
    intensity: float | None = None
    """Emotions: 0 to 1."""
    event_start: datetime | None = None
    event_end: datetime | None = None
    precision: Precision | None = None
    """How exactly `event_start` is known."""
    recurrence: str = ""
    """Temporal events: "every Tuesday", empty for once."""
    participants: tuple[str, ...] = ()
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    context: str = ""
    """What full-text search reads for this statement: date, statement and the span it came from."""


@dataclass(frozen=True, slots=True)
class StageError:
    """Something a stage could not do."""

    stage: str
    code: str
    message: str
    is_final: bool = False
    """Whether trying again cannot help: it is the content's own fault."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A source with its passages and observations; `errors` tells what extraction gave up."""

    source: Source
    passages: tuple[Passage, ...]
    observations: tuple[Observation, ...]
    errors: tuple[StageError, ...] = ()


@dataclass(frozen=True, slots=True)
class SearchText:
    """How one passage or observation is found."""

    terms: str
    """Analysed terms of its context, separated by single spaces."""
    vector: bytes
    """384 little-endian float16 of its unit vector: 768 bytes."""
    words: int
    """Length of the text in words."""
    has_time_word: bool
    """Whether the text says when something is."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """A source ready for the store step; the last two tuples run parallel to passages and observations."""

    source_id: str
    passages: tuple[Passage, ...]
    observations: tuple[Observation, ...]
    errors: tuple[StageError, ...]
    passage_search: tuple[SearchText, ...]
    observation_search: tuple[SearchText, ...]

"""The closed lists of the domain: every enumeration a caller or a table can hold."""

from __future__ import annotations

from enum import IntEnum, StrEnum


class Isolation(StrEnum):
    """How an instance separates its users: see `service.domain.scope`."""

    STRICT = "strict"
    EQUALS_CUSTOMER = "equals_customer"


class ScopeKind(StrEnum):
    """Who something belongs to, from narrow to wide."""

    USER = "user"
    CUSTOMER = "customer"
    CLIENT = "client"


class Role(StrEnum):
    """Who speaks in a turn. In talks between people every speaker is a `user` with a name."""

    USER = "user"
    ASSISTANT = "assistant"


class Lane(IntEnum):
    """Priority classes of work; lower runs first."""

    REALTIME = 0
    BOOTSTRAP = 1


class IngestionMode(StrEnum):
    """How much work an ingestion may spend."""

    FAST = "fast"
    LONG_RANGE = "long-range"


class SourceKind(StrEnum):
    """What a record of the log names."""

    MESSAGE = "message"
    DOCUMENT = "document"


class DocumentType(StrEnum):
    """The eleven kinds of document; image and audio carry their description or transcript as text."""

    AI_CHAT_CONVERSATION = "ai-chat-conversation"
    HUMAN_CHAT_CONVERSATION = "human-chat-conversation"
    DOCUMENT = "document"
    EMAIL = "email"
    PDF = "pdf"
    IMAGE = "image"
    AUDIO = "audio"
    MEETING_TRANSCRIPT = "meeting-transcript"
    SUPPORT_TICKET = "support-ticket"
    KNOWLEDGE_ARTICLE = "knowledge-article"
    NOTE = "note"


class MemoryType(StrEnum):
    """The five types of memory."""

    FACT = "fact"
    PREFERENCE = "preference"
    EPISODE = "episode"
    EMOTION = "emotion"
    TEMPORAL_EVENT = "temporal_event"


PASSAGE = "passage"
"""The `kind` of an item that is a verbatim piece of a source; every other item's kind is a `MemoryType`."""


class IngestionStatus(StrEnum):
    """Every ingestion ends in one of the last three."""

    QUEUED = "queued"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL_SUCCESS = "partial_success"
    FAILED = "failed"

    @property
    def is_terminal(self) -> bool:
        """Whether the status can still change."""
        return self in {IngestionStatus.COMPLETED, IngestionStatus.PARTIAL_SUCCESS, IngestionStatus.FAILED}


class Stage(StrEnum):
    """The stages of the pipeline, in order; an ingestion error names one."""

    PARSE = "parse"
    SEGMENT = "segment"
    EXTRACT = "extract"
    EMBED = "embed"
    RESOLVE = "resolve"
    STORE = "store"


class Precision(StrEnum):
    """How exactly a time is known."""

    MINUTE = "minute"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"

"""Which parser reads which document type. A new type is one line here and a module beside it."""

from __future__ import annotations

from collections.abc import Callable

from service.domain.kinds import DocumentType
from service.domain.source import Source, Turn
from service.parsers.email import parse_email
from service.parsers.message import parse_message
from service.parsers.plain import parse_plain
from service.parsers.ticket import parse_ticket
from service.parsers.transcript import parse_any, parse_prose, parse_transcript

PARSERS: dict[DocumentType, Callable[[Source], tuple[Turn, ...]]] = {
    DocumentType.AI_CHAT_CONVERSATION: parse_transcript,
    DocumentType.HUMAN_CHAT_CONVERSATION: parse_transcript,
    DocumentType.MEETING_TRANSCRIPT: parse_transcript,
    DocumentType.SUPPORT_TICKET: parse_ticket,
    DocumentType.AUDIO: parse_any,
    DocumentType.DOCUMENT: parse_prose,
    DocumentType.KNOWLEDGE_ARTICLE: parse_prose,
    DocumentType.NOTE: parse_prose,
    DocumentType.EMAIL: parse_email,
    DocumentType.PDF: parse_prose,
    DocumentType.IMAGE: parse_plain,
}


def parse(source: Source) -> tuple[Turn, ...]:
    """The turns of a source, in order and without overlap; each is an exact slice of `source.content`.

    Cost: linear in the length of the content. Blank content has no turns. A content that is no text yet goes through
    `service.parsers.readable` first.
    """
    if source.document_type is None:
        return parse_message(source)
    return PARSERS[source.document_type](source)

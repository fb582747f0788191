"""What people read of a content: PDF files, encoded mail and HTML become text before a parser looks at them.

Spans then count in that text. A content that is text already stays as it is, character for character.
"""

from __future__ import annotations

from dataclasses import replace

from service.domain.kinds import DocumentType
from service.domain.source import Source
from service.parsers.html import html_text, looks_like_html
from service.parsers.mime import is_mime, mail_text
from service.parsers.pdf import holds_pdf, pdf_text
from service.parsers.unreadable import UnreadableError

_MAY_BE_HTML = frozenset(DocumentType) - {
    DocumentType.AI_CHAT_CONVERSATION,
    DocumentType.HUMAN_CHAT_CONVERSATION,
    DocumentType.AUDIO,
    DocumentType.IMAGE,
}


def readable(source: Source) -> Source:
    """The source with a content that can be read.

    Raises:
        UnreadableError: nothing in it can be.
    """
    kind, content = source.document_type, source.content
    if kind is DocumentType.PDF and holds_pdf(content):
        return replace(source, content=pdf_text(content))
    if kind is DocumentType.EMAIL and is_mime(content):
        return replace(source, content=_not_empty(mail_text(content), "the mail has no text"))
    if kind in _MAY_BE_HTML and looks_like_html(content):
        return replace(source, content=_not_empty(html_text(content), "the page shows no text"))
    return source


def _not_empty(text: str, otherwise: str) -> str:
    if not text.strip():
        raise UnreadableError("NO_TEXT", otherwise)
    return text

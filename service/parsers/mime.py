"""A mail as it travels (RFC 5322, MIME): decoded headers and the body that people read."""

from __future__ import annotations

import email
import re
from email.errors import MessageError
from email.header import decode_header
from email.message import Message

from service.parsers.html import html_text

_IS_MIME = re.compile(r"^(?:Content-Type|Content-Transfer-Encoding|MIME-Version)[ \t]*:", re.IGNORECASE | re.MULTILINE)
_HEADERS_END = re.compile(r"\r?\n[ \t]*\r?\n")
_ENCODED_WORD = re.compile(r"=\?[\w-]{2,40}\?[bqBQ]\?")
_KEPT = ("From", "To", "Cc", "Date", "Subject")
_LONGEST_HEADER = 1000
"""Characters of a header that are decoded: headers are a line or two, and what is longer wants to keep the parser busy."""
_HEADER_LINE = re.compile(rf"^([\w-]{{1,60}}:[^\n]{{{_LONGEST_HEADER}}})[^\n]*$", re.MULTILINE)
_MOST_PARTS = 50


def is_mime(content: str) -> bool:
    """Whether a mail is still encoded, rather than the text that a mail program shows."""
    headers = content[:20_000].lstrip("\ufeff\r\n \t")
    end = _HEADERS_END.search(headers)
    headers = headers[: end.start()] if end else headers
    return bool(_IS_MIME.search(headers) or _ENCODED_WORD.search(headers))


def mail_text(content: str) -> str:
    """The headers that matter and the readable body; what is broken is left out, never an error."""
    bounded = _HEADER_LINE.sub(r"\1", content.lstrip("\ufeff\r\n \t"))
    message = email.message_from_string(bounded)
    lines = [f"{name}: {value}" for name in _KEPT if (value := _header(message, name))]
    return "\n".join(lines) + "\n\n" + _body(message)


def _header(message: Message, name: str) -> str:
    raw = str(message.get(name, ""))[:_LONGEST_HEADER]
    try:
        pieces = decode_header(raw)
    except (ValueError, MessageError):
        return ""
    return " ".join("".join(_decoded(piece, charset or "ascii") for piece, charset in pieces).split())


def _body(message: Message) -> str:
    """The plain text of a message, else its HTML as text; attachments are other documents."""
    parts = [part for _, part in zip(range(_MOST_PARTS), message.walk(), strict=False) if not part.is_multipart()]
    shown = [part for part in parts if part.get_content_disposition() != "attachment"]
    for kind in ("text/plain", "text/html"):
        texts = [_content(part) for part in shown if part.get_content_type() == kind]
        if any(text.strip() for text in texts):
            return "\n\n".join(html_text(text) if kind == "text/html" else text for text in texts)
    return ""


def _content(part: Message) -> str:
    payload = part.get_payload(decode=True)
    return _decoded(payload, part.get_content_charset() or "utf-8") if isinstance(payload, bytes) else ""


def _decoded(piece: bytes | str, charset: str) -> str:
    """Text of bytes; a character set that nobody knows is taken for UTF-8."""
    if isinstance(piece, str):
        return piece
    try:
        return piece.decode(charset, "replace")
    except LookupError:
        return piece.decode("utf-8", "replace")
